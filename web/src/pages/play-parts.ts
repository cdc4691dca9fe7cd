/** The parts of the play page around its terminals: header, side pane, how it ended. */

import { html, nothing, type TemplateResult } from "lit";
import type { Play, Playground, TaskDetails } from "../api/types.ts";
import { keysDialog, told } from "../parts/dialog.ts";
import { divider } from "../parts/divider.ts";
import { shape } from "../parts/marks.ts";
import { machineList, taskList, type Details } from "../parts/progress.ts";
import { closeOnEscape, closeWhenLeft } from "../parts/tab-bar.ts";
import "../parts/ports.ts";
import "../parts/snapshots.ts";
import { set, settings } from "../play/settings.ts";
import { fontSize } from "../play/terminal-themes.ts";
import { lessonOf, lessonProgress } from "../play/lesson.ts";
import { alive, ending, failedTasks, initTasks, lookOf, stateOf, titleOf } from "../play/state.ts";
import { remainingOf } from "../play/ending-soon.ts";
import { goOnWord, whyNotKept } from "../play/moments.ts";
import { left } from "../play/time.ts";
import { playPath, playgroundPath } from "../router.ts";
import { line, prose } from "../text/markdown.ts";

interface HeaderActs {
  /** To the next open task of the lesson. */
  nextTask: () => void;
  stop: () => void;
  fork: () => void;
  /** A fork is being asked for. */
  forking: boolean;
  destroy: () => void;
  /** One more hour. */
  extend: () => void;
  /** To what its tasks ran and printed; null for who must not see that, and while it is off. */
  behind: (() => void) | null;
}

/** Under this, the time left is shown as a warning. */
const SOON_MS = 10 * 60_000;

export function header(play: Play, toldAt: number, acts: HeaderActs): TemplateResult {
  const { look, word } = lookOf(play);
  const state = stateOf(play);
  const remaining = remainingOf(play, toldAt, performance.now());
  return html`<header class="top play-top">
    <a class="brand" href="/">Labyard</a>
    <h1 title=${titleOf(play)}>${titleOf(play)}</h1>
    ${lessonOf(play) === null ? nothing : tasksButton(play, acts.nextTask)}
    <span class="state ${look}" role="status" data-state=${state}>${shape(look)}<span class="word">${word}</span></span>
    ${remaining !== null
      ? html`<button class="left quiet ${remaining < SOON_MS ? "soon" : ""}" title=${TIME_ENDS} aria-label=${`${left(remaining)}. Give it one more hour`} @click=${acts.extend}>${left(remaining)}</button>`
      : nothing}
    ${gone(state) ? nothing : forkButton(play, acts, "wide-only", acts.fork)}
    ${["RUNNING", "STARTING", "FAILED"].includes(state) ? html`<button class="wide-only" title=${STOP_KEEPS} @click=${acts.stop}>Stop</button>` : nothing}
    ${["DESTROYED", "DESTROYING"].includes(state) ? nothing : html`<button class="wide-only" @click=${acts.destroy}>Destroy</button>`}
    ${menu(play, acts)}
  </header>`;
}

/** Its code is loaded when somebody asks for it. */
async function showDiary(play: Play): Promise<void> {
  await import("../parts/diary.ts");
  await told("What happened so far", html`<labyard-diary .play=${play.id}></labyard-diary>`);
}

async function showSettings(): Promise<void> {
  const { showTerminalSettings } = await import("../parts/terminal-settings.ts");
  await showTerminalSettings();
}

function tasksButton(play: Play, next: () => void): TemplateResult | typeof nothing {
  const { done, total, failed } = lessonProgress(play);
  if (total === 0) return nothing;
  const solved = done === total;
  const said = solved ? "All tasks are completed" : "To the next open task";
  return html`<button class="tasks" title=${said} data-solved=${solved} @click=${next}>
    ${solved ? shape("done") : failed ? shape("failed") : nothing}tasks ${done}/${total}
  </button>`;
}

const TIME_ENDS = "When this runs out the play is stopped; it can go on where it was. Press for one more hour";
const STOP_KEEPS = "Keeps everything; you continue exactly here";

const gone = (state: string): boolean => ["DESTROYED", "DESTROYING"].includes(state);

function forkButton(play: Play, acts: HeaderActs, where: string, act: (event: Event) => void): TemplateResult {
  const why = acts.forking ? "The fork is being asked for." : whyNotKept(play);
  return html`<button class=${where} ?disabled=${why !== null} title=${why ?? "A second play, as this one is now; this one goes on"} @click=${act}>
    ${acts.forking ? "Forking…" : "Fork"}
  </button>`;
}

function menu(play: Play, acts: HeaderActs): TemplateResult {
  const state = stateOf(play);
  const chosen = (act: () => void) => (event: Event) => {
    (event.currentTarget as HTMLElement).closest("details")?.removeAttribute("open");
    act();
  };
  const size = (step: number) => (): void => set({ fontSize: fontSize(settings.fontSize + step) });
  return html`<details class="menu" @focusout=${closeWhenLeft} @keydown=${closeOnEscape}>
    <summary class="quiet" aria-label="More">⋯</summary>
    <div class="menu-items end" role="group" aria-label="More">
      ${gone(state) ? nothing : forkButton(play, acts, "phone-only", chosen(acts.fork))}
      ${!gone(state) && whyNotKept(play) ? html`<p class="muted phone-only">${whyNotKept(play)}</p>` : nothing}
      ${["RUNNING", "STARTING", "FAILED"].includes(state) ? html`<button class="phone-only" title=${STOP_KEEPS} @click=${chosen(acts.stop)}>Stop</button>` : nothing}
      ${["DESTROYED", "DESTROYING"].includes(state) ? nothing : html`<button class="phone-only" @click=${chosen(acts.destroy)}>Destroy…</button>`}
      <a href=${playgroundPath(play.playground.name)}>About this playground</a>
      <button @click=${chosen(() => void showDiary(play))}>What happened so far</button>
      ${acts.behind ? html`<button @click=${chosen(acts.behind)}>Tasks and consoles</button>` : nothing}
      <button @click=${chosen(() => void navigator.clipboard?.writeText(play.id))}>Copy the play's id</button>
      <button @click=${chosen(() => void showSettings())}>Terminal settings</button>
      <button @click=${size(1)}>Larger terminal text</button>
      <button @click=${size(-1)}>Smaller terminal text</button>
      <button aria-pressed=${settings.screenReader} @click=${chosen(() => set({ screenReader: !settings.screenReader }))}>
        Terminal for screen readers: ${settings.screenReader ? "on" : "off"}
      </button>
      <button @click=${chosen(() => void keysDialog())}>Keys</button>
    </div>
  </details>`;
}

interface SideActs {
  reboot: (machine: string) => void;
  /** An action answered with the play as it is now. */
  told: (play: Play) => void;
}

export function side(play: Play, about: Playground | null, details: Details, acts: SideActs): TemplateResult {
  const preparation = initTasks(play);
  const others = Object.values(play.tasks ?? {}).filter((task) => !task.init && !task.helper);
  const notes = play.status?.notes ?? [];
  const early = stateOf(play) === "RUNNING" && lessonOf(play) === null; // a lesson says itself what is to be done
  return html`${failure(play, details)} ${early ? purpose(play, about) : nothing}
    ${alive(play) ? html`<h2>Machines</h2>${machineList(play, acts.reboot)}` : nothing}
    ${preparation.length > 0 ? html`<h2>Preparation</h2>${taskList(preparation, details, "Preparation")}` : nothing}
    ${others.length > 0 ? html`<h2>Tasks</h2>${taskList(others, details, "Tasks")}` : nothing}
    ${notes.length > 0 ? html`<h2>Good to know</h2><ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>` : nothing}
    ${gone(stateOf(play)) ? nothing : html`<h2>Snapshots</h2><labyard-snapshots .play=${play} .told=${acts.told}></labyard-snapshots>`}
    ${alive(play) ? html`<h2>Ports</h2><labyard-ports .play=${play}></labyard-ports>` : nothing}
    ${early ? nothing : purpose(play, about)}`;
}

/** What there is to do here: the first thing to read once there is nothing to wait for. */
function purpose(play: Play, about: Playground | null): TemplateResult {
  return html`<h2>About</h2>
    ${play.forkOf ? html`<p>Forked from <a href=${playPath(play.forkOf)}>another play</a>.</p>` : nothing}
    ${about?.description ? html`<p>${line(about.description)}</p>` : nothing}
    ${about?.markdown ? prose(about.markdown) : nothing}
    <p><a href=${playgroundPath(play.playground.name)}>${play.playground.title || play.playground.name}: map, machines, manifest</a></p>`;
}

/** Which task, on which machine, with what it printed: what the author of the playground needs. */
function failure(play: Play, details: Details): TemplateResult | typeof nothing {
  const end = ending(play);
  if (stateOf(play) !== "FAILED" || end === null) return nothing;
  const failed = failedTasks(play);
  return html`<section class="failure-card" aria-label="What failed">
    <h2>${shape("failed")} This play failed</h2>
    <p>${end.sentence}</p>
    ${end.detail && failed.length === 0 ? html`<p class="detail">${end.detail}</p>` : nothing}
    ${failed.map((task) => failedTask(task.name, details.get(task.name)))}
    ${end.code ? html`<p class="muted">Code: <code>${end.code}</code></p>` : nothing}
  </section>`;
}

function failedTask(name: string, task: TaskDetails | undefined): TemplateResult {
  const how = task?.timedOut
    ? `did not end within ${task.timeoutSeconds ?? "its"} seconds`
    : typeof task?.exitCode === "number"
      ? `ended with exit code ${task.exitCode}`
      : "failed";
  const output = [
    ["What it printed", task?.stdout ?? ""],
    ["Its errors", task?.stderr ?? ""],
  ].filter(([, text]) => text);
  return html`<div class="failed-task" data-task=${name}>
    <p><strong>${name}</strong>${task ? html` on <strong>${task.machine}</strong>` : nothing} ${how}.</p>
    ${output.map(([label, text]) => html`<details open><summary>${label}</summary><pre tabindex="0">${text}</pre></details>`)}
    ${task && output.length === 0 ? html`<p class="muted">It printed nothing.</p>` : nothing}
  </div>`;
}

/** Gentle: why, and what can be done next. `afresh`: a new attempt at its lesson. */
export function ended(play: Play, act: (action: string) => void, afresh: () => void): TemplateResult {
  const end = ending(play);
  const state = stateOf(play);
  const { look, word } = lookOf(play);
  return html`<div class="empty ended" role="status">
    <h2>${shape(look)} ${word}</h2>
    <p>${end?.sentence}</p>
    ${end?.detail ? html`<p>${end.detail}</p>` : nothing}
    ${state === "STOPPED" ? html`<p><button class="primary" @click=${() => act("restart")}>${goOnWord(play)}</button></p>` : nothing}
    ${lessonOf(play) !== null && (state === "STOPPED" || state === "DESTROYED")
      ? html`<p><button class=${state === "DESTROYED" ? "primary" : ""} @click=${afresh}>Start afresh</button></p>`
      : state === "DESTROYED"
        ? html`<p><a class="button primary" href=${playgroundPath(play.playground.name)}>Start a fresh one</a></p>`
        : nothing}
    ${state === "STOPPED" || state === "DESTROYED" ? html`<p><a href="/">All playgrounds and your plays</a></p>` : nothing}
  </div>`;
}

const LEAST = 240;
const MOST = 1200;
/** Terminals keep at least the rest of the window. */
const MOST_SHARE = 0.7;

/** The line between the halves, which remembers its place: `which` pane beside the terminals. */
export function halvesDivider(which: "side" | "lesson"): TemplateResult {
  apply();
  return divider({
    label: which === "side" ? "Width of the right half" : "Width of the left half",
    width: () => settings[which],
    least: LEAST,
    most: Math.min(MOST, innerWidth * MOST_SHARE),
    right: which === "side",
    at: (event) => (which === "side" ? innerWidth - event.clientX : event.clientX),
    keep: (width) => {
      set({ [which]: width });
      apply();
    },
  });
}

function apply(): void {
  document.documentElement.style.setProperty("--side", `${settings.side}px`);
  document.documentElement.style.setProperty("--lesson", `${settings.lesson}px`);
}
