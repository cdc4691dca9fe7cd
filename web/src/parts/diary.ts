/** What happened to a play: asked for when shown, and again while it is. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { DiaryEntry } from "../api/types.ts";
import { times, told } from "../play/diary.ts";
import { PageElement } from "./element.ts";
import { shape } from "./marks.ts";
import { asApiError, problem } from "./problem.ts";
import "../styles/diary.css";

const REFRESH_MS = 5000;

export class Diary extends PageElement {
  static override properties = { play: { attribute: false }, entries: { state: true }, error: { state: true } };
  declare play: string;
  /** Null until the server has said. */
  declare entries: DiaryEntry[] | null;
  declare error: ApiError | null;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.entries = null;
    this.error = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => document.visibilityState === "visible" && void this.load(), REFRESH_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("play")) return;
    this.entries = null;
    void this.load();
  }

  async load(): Promise<void> {
    const asked = this.play;
    try {
      const entries = await api.diary(asked);
      if (asked !== this.play) return;
      this.entries = entries;
      this.error = null;
    } catch (cause) {
      this.error = asApiError(cause);
    }
  }

  protected override render(): TemplateResult {
    if (this.error) return problem(this.error, () => void this.load());
    if (this.entries === null) return html`<p class="slow muted">Asking the server what happened…</p>`;
    if (this.entries.length === 0) return html`<p class="empty-line">Nothing is written down. Plays that began before diaries were kept have none.</p>`;
    const when = times(this.entries);
    return html`<ol class="diary" tabindex="0" aria-label="What happened, oldest first">
      ${this.entries.map((entry, place) => line(entry, when[place] ?? ""))}
    </ol>`;
  }
}

function line(entry: DiaryEntry, when: string): TemplateResult {
  const { look, text, detail, code } = told(entry);
  return html`<li data-kind=${entry.kind} data-what=${entry.what}>
    <time class="muted" datetime=${entry.at} title=${new Date(entry.at).toLocaleString()}>${when}</time>
    ${shape(look)}
    <div>
      <span class=${entry.kind === "state" ? "strong" : ""}>${text}</span>
      ${detail ? html`<span class="diary-detail muted">${detail}</span>` : nothing}
      ${code ? html`<code class="muted">${code}</code>` : nothing}
    </div>
  </li>`;
}

customElements.define("labyard-diary", Diary);
