/** My progress: days, what is solved, courses on the way, what was last. */

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { ApiError, api, serverNow } from "../api/client.ts";
import type { Progress } from "../api/types.ts";
import { bar } from "../parts/bar.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { dayWords, weeksOf, type Cell, type Week } from "../play/calendar.ts";
import { ago } from "../play/time.ts";

const BOX = 14;
const HEAD = 18;
const DID = { began: "Begun", solved: "Solved", completed: "Completed" };

export class ProgressPage extends PageElement {
  static override properties = { told: { state: true }, error: { state: true } };
  declare told: Progress | null;
  declare error: ApiError | null;

  constructor() {
    super();
    this.told = null;
    this.error = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.title = "My progress · Labyard";
    void this.#load();
  }

  async #load(): Promise<void> {
    this.error = null;
    try {
      this.told = await api.progress(Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
  }

  /** Where it does not fit, the newest days are what is looked at first. */
  protected override updated(changed: Map<PropertyKey, unknown>): void {
    const box = this.querySelector(".calendar");
    if (changed.has("told") && box) box.scrollLeft = box.scrollWidth;
  }

  protected override render(): TemplateResult {
    if (this.error) return html`<main class="page narrow">${problem(this.error, () => void this.#load())}</main>`;
    if (this.told === null) return html`<main class="page"><p class="slow muted">Looking up what you did…</p></main>`;
    const told = this.told;
    return html`<main class="page">
      <h1>My progress</h1>
      ${told.recent.length === 0 ? none() : html`${streaks(told)} ${calendar(told)}`} ${solved(told)} ${courses(told)} ${recent(told)}
    </main>`;
  }
}

function none(): TemplateResult {
  return html`<p class="empty-line">Nothing yet. Start a <a href="/challenges">challenge</a> or a <a href="/tutorials">tutorial</a>; each day on which you do is marked here.</p>`;
}

function streaks({ streak, longestStreak, days, zone }: Progress): TemplateResult {
  return html`<dl class="figures">
    <div><dt>Days in a row</dt><dd>${streak}</dd></div>
    <div><dt>Most in a row</dt><dd>${longestStreak}</dd></div>
    <div><dt>Active days in a year</dt><dd>${days.length}</dd></div>
  </dl>
  <p class="muted">A day counts when you begin or solve something on it, where you are (${zone}).</p>`;
}

function calendar({ days, today }: Progress): TemplateResult {
  const weeks = weeksOf(days, today);
  return html`<div class="calendar" tabindex="0" role="group" aria-label="Calendar">${drawing(weeks, days.length)}</div>
    <details>
      <summary>The same as a table</summary>
      <div class="table-box" tabindex="0" role="group" aria-label="Active days">
        <table>
          <thead><tr><th>Day</th><th>Begun</th><th>Solved</th></tr></thead>
          <tbody>
            ${days.toReversed().map((day) => html`<tr><th scope="row">${day.day}</th><td>${day.began}</td><td>${day.solved}</td></tr>`)}
          </tbody>
        </table>
      </div>
    </details>`;
}

function drawing(weeks: Week[], active: number): TemplateResult {
  const [width, height] = [weeks.length * BOX, HEAD + 7 * BOX];
  return html`<svg class="year" width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label="The last year: active on ${active === 1 ? "1 day" : `${active} days`}">
    ${weeks.map((week, at) => svg`
      ${week.month ? svg`<text x=${at * BOX} y="12">${monthWord(week.month)}</text>` : nothing}
      ${week.cells.map((cell, day) => box(cell, at * BOX, HEAD + day * BOX))}`)}
  </svg>`;
}

/** By size as well as by colour. */
function box(cell: Cell, x: number, y: number): SVGTemplateResult {
  const side = [4, 8, 10, 12][cell.level] ?? 4;
  const gap = (BOX - side) / 2;
  return svg`<rect class="level-${cell.level}" x=${x + gap} y=${y + gap} width=${side} height=${side} rx="2"><title>${cell.day}: ${dayWords(cell)}</title></rect>`;
}

function monthWord(month: string): string {
  return new Date(`${month}-01T00:00:00Z`).toLocaleDateString("en", { month: "short", timeZone: "UTC" });
}

function solved({ solved: tallies }: Progress): TemplateResult | typeof nothing {
  if (tallies.length === 0) return nothing;
  return html`<h2>Solved</h2>
    <ul class="rows">
      ${tallies.map(({ kind, difficulty, ...count }) => html`<li>
        <a href="/${kind}s${difficulty ? `?difficulty=${difficulty}` : ""}">${sentence(kind)}s${difficulty ? `, ${difficulty}` : ""}</a>
        ${bar({ done: count.solved, total: count.total }, `${kind}s`)}
      </li>`)}
    </ul>`;
}

function courses({ courses: known }: Progress): TemplateResult | typeof nothing {
  if (known.length === 0) return nothing;
  return html`<h2>On the way</h2>
    <ul class="rows">
      ${known.map(({ kinds, name, title, ...count }) => html`<li><a href="/${kinds}/${encodeURIComponent(name)}">${title}</a>${bar(count)}</li>`)}
    </ul>`;
}

function recent({ recent: known }: Progress): TemplateResult | typeof nothing {
  if (known.length === 0) return nothing;
  return html`<h2>Last</h2>
    <ul class="rows">
      ${known.map(({ title, did, at, path }) => html`<li>
        ${path ? html`<a href=${path}>${title}</a>` : html`<span>${title}</span>`}
        <span class="muted">${DID[did]} <time datetime=${at}>${ago(serverNow() - Date.parse(at))}</time></span>
      </li>`)}
    </ul>`;
}

function sentence(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

customElements.define("labyard-progress", ProgressPage);
