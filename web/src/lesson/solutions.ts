/** What solves a lesson, at its end: closed until its reader asks for it, and asked for only then. */

import { html, nothing, type TemplateResult } from "lit";
import { type ApiError, api } from "../api/client.ts";
import type { LessonPage, Play, Solution } from "../api/types.ts";
import { confirmed } from "../parts/dialog.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError, problem } from "../parts/problem.ts";
import type { LessonPlace } from "../play/lesson.ts";
import { solutionCalled } from "../play/reading.ts";
import "./code.ts";
import "./text.ts";

export class LessonSolutions extends PageElement {
  static override properties = {
    place: { attribute: false },
    names: { attribute: false },
    solved: { attribute: false },
    play: { attribute: false },
    preview: { attribute: false },
    open: { state: true },
    told: { state: true },
    error: { state: true },
  };
  declare place: LessonPlace;
  /** Those that may be read. */
  declare names: string[];
  declare solved: boolean;
  /** Null: it is read without one. */
  declare play: Play | null;
  /** Its author is at work on it: it is asked for whenever it is opened. */
  declare preview: boolean;
  /** Names of those that are shown. */
  declare open: ReadonlySet<string>;
  /** By name; null: not asked yet. */
  declare told: ReadonlyMap<string, Solution> | null;
  declare error: ApiError | null;
  /** Its reader wants to see it though it is not solved. */
  #wanted = false;

  constructor() {
    super();
    [this.names, this.solved, this.play, this.preview] = [[], false, null, false];
    [this.open, this.told, this.error] = [new Set(), null, null];
  }

  async #toggle(name: string): Promise<void> {
    if (this.open.has(name)) {
      this.open = new Set([...this.open].filter((each) => each !== name));
      return;
    }
    this.#wanted ||= this.solved || (await this.#sure(name));
    if (!this.#wanted) return;
    this.open = new Set([...this.open, name]);
    if (this.told === null || this.preview) await this.#ask();
  }

  #sure(name: string): Promise<boolean> {
    return confirmed({
      title: `Show ${solutionCalled(name, this.names.length)}?`,
      text: "You have not solved it yet. What the boxes and hints of the lesson say may be enough to go on.",
      act: "Show it",
      keep: "Not yet",
    });
  }

  async #ask(): Promise<void> {
    const { kinds, name, path } = this.place;
    this.error = null;
    try {
      const found = await api.solutions(kinds, name, path);
      this.told = new Map(found.map((each) => [each.name, each]));
    } catch (cause) {
      this.error = asApiError(cause);
    }
  }

  protected override render(): TemplateResult {
    return html`<div class="solutions">${this.names.map((name, at) => this.#one(name, `solution-${at + 1}`))}</div>`;
  }

  #one(name: string, id: string): TemplateResult {
    const open = this.open.has(name);
    return html`<button class="small" aria-expanded=${open} aria-controls=${id} @click=${() => void this.#toggle(name)}>
        ${open ? "Hide" : "Show"} ${solutionCalled(name, this.names.length)}
      </button>
      <div id=${id} class="solution" ?hidden=${!open}>${open ? this.#text(name) : nothing}</div>`;
  }

  #text(name: string): TemplateResult {
    if (this.error) return problem(this.error, () => void this.#ask());
    if (this.told === null) return html`<p class="slow muted" role="status">Asking the server for it…</p>`;
    const found = this.told.get(name);
    if (found === undefined) return html`<p role="status">It is not there any more: its author has removed it. Reload the page to see what there is.</p>`;
    return html`${found.title ? html`<h2 class="solution-title">${found.title}</h2>` : nothing}
      ${found.html ? html`<labyard-lesson-text .page=${page(found)} .play=${this.play}></labyard-lesson-text>` : nothing}
      ${found.script ? script(found.script, found.html !== "") : nothing}`;
  }
}

/** It has no list of its contents: it stands in one that has. */
function page(solution: Solution): LessonPage {
  return { ...solution, kind: "solution", contents: [] };
}

/** `beside`: there is a text as well. */
function script(text: string, beside: boolean): TemplateResult {
  const code = html`<lab-code language="sh"><pre><code>${text}</code></pre></lab-code>`;
  return html`<div class="lesson">
    ${beside ? html`<details><summary>The script of its bot</summary>${code}</details>` : html`<p class="muted">There is no text, only the script of its bot. Learners do not see it.</p>${code}`}
  </div>`;
}

customElements.define("labyard-solutions", LessonSolutions);
