/** Everybody's plays: found, sorted by what they take, ended several at once. */

import { html, nothing, type TemplateResult } from "lit";
import { serverNow } from "../api/client.ts";
import { shape } from "../parts/marks.ts";
import { lookOfState } from "../play/state.ts";
import { elapsed } from "../play/time.ts";
import { adminPath } from "../router.ts";
import { end, endButtons, sure, type EndAction } from "./ending.ts";
import { cores, matching, personOf, searchOf, size, UP_AT_FIRST, wishOf, type Sort, type Wish } from "./figures.ts";
import { admin, type Costly, type Everybody } from "./questions.ts";
import { Section } from "./section.ts";

/** Rows that are drawn at first, and with each wish for more: long lists stay quick. */
const PAGE = 100;

const COLUMNS: { sort: Sort; word: string; wide?: boolean; number?: boolean }[] = [
  { sort: "state", word: "State" },
  { sort: "title", word: "Play" },
  { sort: "person", word: "Person", wide: true },
  { sort: "age", word: "Age", wide: true, number: true },
  { sort: "memory", word: "Memory", number: true },
  { sort: "cpu", word: "Cores", wide: true, number: true },
  { sort: "disk", word: "Disk", wide: true, number: true },
];

const STATES = ["RUNNING", "STARTING", "CREATED", "STOPPING", "STOPPED", "FAILED", "DESTROYING"];

export class AdminPlays extends Section<Everybody> {
  static override properties = { ...Section.properties, wish: { state: true }, shown: { state: true }, chosen: { state: true }, gone: { state: true } };
  declare wish: Wish;
  declare shown: number;
  /** Ids. */
  declare chosen: ReadonlySet<string>;
  /** Whether those that were destroyed are listed too. */
  declare gone: boolean;
  #cpu: ReadonlyMap<string, number> = new Map();

  constructor() {
    super();
    this.wish = wishOf(location.search);
    this.shown = PAGE;
    this.chosen = new Set();
    this.gone = this.wish.state === "DESTROYED";
  }

  protected override async ask(): Promise<Everybody> {
    const told = await admin.plays(this.gone);
    if (told.at !== this.known?.at) this.#cpu = cores(this.known, told);
    return told;
  }

  #wants(change: Partial<Wish>): void {
    this.wish = { ...this.wish, ...change };
    this.shown = PAGE;
    history.replaceState(null, "", location.pathname + searchOf(this.wish));
  }

  #sortBy(sort: Sort): void {
    this.#wants({ sort, up: sort === this.wish.sort ? !this.wish.up : UP_AT_FIRST[sort] });
  }

  #choose(ids: readonly string[], on: boolean): void {
    const chosen = new Set(this.chosen);
    for (const id of ids) if (on) chosen.add(id);
    else chosen.delete(id);
    this.chosen = chosen;
  }

  async #end(action: EndAction, plays: readonly Costly[]): Promise<void> {
    if (!(await sure(action, plays))) return;
    await this.act("…", () => end(action, plays, (words) => (this.busy = words)));
    if (this.failure === null) this.chosen = new Set();
  }

  protected override draw(told: Everybody): TemplateResult {
    const found = matching(told.plays, this.wish, this.#cpu);
    const seen = found.slice(0, this.shown);
    const chosen = found.filter((play) => this.chosen.has(play.id));
    return html`${this.#finder(told)}
      <p class="muted" role="status">${this.#count(found.length, told)}</p>
      ${found.length === 0 ? html`<p class="empty-line">${told.plays.length === 0 ? "Nobody has a play. They appear here once somebody starts one." : "No play is like that. Try fewer words, or another state."}</p>` : this.#table(seen)}
      ${found.length > seen.length ? html`<p><button @click=${() => (this.shown += PAGE)}>Show ${Math.min(PAGE, found.length - seen.length)} more of ${found.length - seen.length}</button></p>` : nothing}
      <div class="chosen" ?hidden=${chosen.length === 0}>
        <span>${chosen.length} chosen</span>
        ${endButtons(chosen, (action) => void this.#end(action, chosen), this.busy !== "")}
        <button class="quiet" @click=${() => (this.chosen = new Set())}>Choose none</button>
      </div>`;
  }

  #count(found: number, told: Everybody): string {
    const all = found === told.plays.length ? `${found} ${found === 1 ? "play" : "plays"}` : `${found} of ${told.plays.length} plays`;
    return told.cut ? `${all}; older ones are not listed` : all;
  }

  #finder(told: Everybody): TemplateResult {
    const number = (state: string): number => told.plays.filter((play) => play.state === state).length;
    const states = [...STATES, ...(this.gone ? ["DESTROYED"] : [])];
    const word = (state: string): string => (state === "CREATED" ? "Waiting" : lookOfState(state).word);
    return html`<form class="finder" role="search" @submit=${(event: Event) => event.preventDefault()}>
      <div class="field"><label for="find-play">Person, play or id</label>
      <input id="find-play" type="search" .value=${this.wish.words} @input=${(event: Event) => this.#wants({ words: (event.target as HTMLInputElement).value })} /></div>
      <div class="field"><label for="find-state">State</label>
      <select id="find-state" .value=${this.wish.state} @change=${(event: Event) => this.#wants({ state: (event.target as HTMLSelectElement).value })}>
        <option value="" ?selected=${this.wish.state === ""}>Any</option>
        ${states.map((state) => html`<option value=${state} ?selected=${this.wish.state === state}>${word(state)} (${number(state)})</option>`)}
      </select></div>
      <label class="check"><input type="checkbox" .checked=${this.gone} @change=${this.#withGone} /> Also those that are gone</label>
    </form>`;
  }

  #withGone = (event: Event): void => {
    this.gone = (event.target as HTMLInputElement).checked;
    if (!this.gone && this.wish.state === "DESTROYED") this.#wants({ state: "" });
    void this.load();
  };

  #table(plays: Costly[]): TemplateResult {
    const ids = plays.filter((play) => play.state !== "DESTROYED").map((play) => play.id);
    const all = ids.length > 0 && ids.every((id) => this.chosen.has(id));
    return html`<div class="table-box" tabindex="0" role="region" aria-label="Plays">
      <table>
        <thead>
          <tr>
            <th><input type="checkbox" aria-label="Choose all that are shown" .checked=${all} @change=${() => this.#choose(ids, !all)} /></th>
            ${COLUMNS.map((column) => this.#heading(column))}
          </tr>
        </thead>
        <tbody>
          ${plays.map((play) => this.#row(play))}
        </tbody>
      </table>
    </div>`;
  }

  #heading({ sort, word, wide, number }: (typeof COLUMNS)[number]): TemplateResult {
    const by = this.wish.sort === sort;
    return html`<th class="${wide ? "wide-only" : ""} ${number ? "number" : ""}" aria-sort=${by ? (this.wish.up ? "ascending" : "descending") : "none"}>
      <button class="quiet small" @click=${() => this.#sortBy(sort)}>${word}<span aria-hidden="true">${by ? (this.wish.up ? " ↑" : " ↓") : ""}</span></button>
    </th>`;
  }

  #row(play: Costly): TemplateResult {
    const { look, word } = lookOfState(play.state);
    const cpu = this.#cpu.get(play.id);
    return html`<tr data-play=${play.id}>
      <td>
        ${play.state === "DESTROYED"
          ? nothing
          : html`<input type="checkbox" aria-label="Choose ${play.title} of ${personOf(play)}" .checked=${this.chosen.has(play.id)}
              @change=${(event: Event) => this.#choose([play.id], (event.target as HTMLInputElement).checked)} />`}
      </td>
      <td><span class="state ${look}" title=${play.message || nothing}>${shape(look)}${play.state === "CREATED" ? "Waiting" : word}</span>${play.reason && play.state === "FAILED" ? html` <code class="muted">${play.reason}</code>` : nothing}</td>
      <td><a href=${adminPath("plays", play.id)}>${play.title || play.id}</a> <span class="muted">${play.title === play.playground ? "" : play.playground}</span>
        <span class="phone-only muted">${personOf(play)}, ${age(play)}</span></td>
      <td class="wide-only">${personOf(play)}</td>
      <td class="number wide-only">${age(play)}</td>
      <td class="number">${play.memory === null ? "" : size(play.memory)}</td>
      <td class="number wide-only">${cpu === undefined ? "" : cpu.toFixed(2)}</td>
      <td class="number wide-only">${play.disk === null ? "" : size(play.disk)}</td>
    </tr>`;
  }
}

export function age(play: Costly): string {
  const began = Date.parse(play.createdAt);
  if (Number.isNaN(began)) return "";
  const ms = serverNow() - began;
  return ms > 48 * 3_600_000 ? `${Math.floor(ms / 86_400_000)} days` : elapsed(ms);
}

customElements.define("labyard-admin-plays", AdminPlays);
