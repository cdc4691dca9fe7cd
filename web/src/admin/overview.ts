/** The box at a glance: what needs somebody, what there is, what is taken. */

import { html, nothing, type TemplateResult } from "lit";
import { shape } from "../parts/marks.ts";
import { lookOfState } from "../play/state.ts";
import { adminPath, ADMIN_SECTIONS, type AdminSection } from "../router.ts";
import { percent, share, size } from "./figures.ts";
import { admin, type Box, type Notice } from "./questions.ts";
import { Section } from "./section.ts";

const ORDER = ["RUNNING", "STARTING", "CREATED", "STOPPING", "STOPPED", "FAILED", "DESTROYING"];

export class Overview extends Section<Box> {
  protected override ask(): Promise<Box> {
    return admin.box();
  }

  protected override draw(box: Box): TemplateResult {
    const { capacity, load } = box;
    const used = capacity.disk - capacity.disk_free;
    return html`<section aria-labelledby="attention">
        <h2 id="attention">What needs you</h2>
        ${box.notices.length === 0 ? html`<p class="empty-line">Nothing: no play is stuck, there is room, and the disk is not full.</p>` : html`<ul class="plain notices">${box.notices.map(notice)}</ul>`}
      </section>
      <section aria-labelledby="capacity">
        <h2 id="capacity">What is taken</h2>
        <dl class="gauges">
          ${gauge("Memory promised to plays", capacity.memory_used, capacity.memory, `${size(capacity.memory_used)} of ${size(capacity.memory)}`)}
          ${gauge("Memory they really take", load.memory, capacity.memory, size(load.memory))}
          ${gauge("Processors", load.average, capacity.cpus, `${load.average.toFixed(1)} of ${capacity.cpus} busy, over a minute`)}
          ${gauge("Disk", used, capacity.disk, `${size(capacity.disk_free)} free of ${size(capacity.disk)}`)}
        </dl>
      </section>
      <section aria-labelledby="states">
        <h2 id="states">Plays</h2>
        <ul class="plain counts">
          ${ORDER.filter((state) => box.plays[state]).map((state) => count(state, box.plays[state] ?? 0))}
        </ul>
        ${ORDER.some((state) => box.plays[state]) ? nothing : html`<p class="empty-line">Nobody plays. Plays appear here once somebody starts one.</p>`}
        <dl class="facts-list">
          <div><dt>Machines that run</dt><dd>${load.machines}</dd></div>
          <div><dt>Plays that wait for room</dt><dd>${box.queued}</dd></div>
          <div title="Forked from snapshots and standing still, until a start takes them"><dt>Plays made ahead</dt><dd>${load.waiting}${load.waiting ? ` (${size(load.waitingMemory)})` : ""}</dd></div>
          <div><dt>Open connections</dt><dd>${box.sockets}</dd></div>
          <div><dt>Accelerator</dt><dd>${capacity.accelerator}</dd></div>
          <div><dt>Labyard</dt><dd>${box.version}</dd></div>
        </dl>
      </section>`;
  }
}

function notice(one: Notice): TemplateResult {
  const about = ADMIN_SECTIONS.find((section) => section === one.about);
  const more = about ? html`<a href=${where(one.code, about)}>Show ${about}</a>` : one.about === "status" ? html`<a href="/status">Show what bots found</a>` : nothing;
  return html`<li class=${one.grave ? "grave" : ""} data-code=${one.code}>
    ${shape(one.grave ? "failed" : "idle")}
    <div>
      <p class="strong">${one.text}</p>
      <p class="muted">${coded(one.hint)} ${more} <code>${one.code}</code></p>
    </div>
  </li>`;
}

function where(code: string, about: AdminSection): string {
  return adminPath(about) + (code === "plays-failed" ? "?state=FAILED" : code === "plays-waiting" ? "?state=CREATED" : "");
}

/** Words in backquotes become code. */
function coded(text: string): (string | TemplateResult)[] {
  return text.split("`").map((part, place) => (place % 2 ? html`<code>${part}</code>` : part));
}

function gauge(name: string, part: number, whole: number, said: string): TemplateResult {
  const full = share(part, whole);
  return html`<div>
    <dt>${name}</dt>
    <dd>
      <span class="bar ${full >= 0.9 ? "full" : ""}" role="img" aria-label=${percent(part, whole)}><span style="width: ${Math.round(full * 100)}%"></span></span>
      ${said}
    </dd>
  </div>`;
}

function count(state: string, plays: number): TemplateResult {
  const { look, word } = lookOfState(state);
  return html`<li><a href="${adminPath("plays")}?state=${state}"><span class="state ${look}">${shape(look)}${state === "CREATED" ? "Waiting" : word}</span> <strong>${plays}</strong></a></li>`;
}

customElements.define("labyard-admin-overview", Overview);
