/** A lesson beside its play: what is read, what became of the attempt, and beginning anew. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Lesson, LessonPage, Play } from "../api/types.ts";
import { startAfresh } from "../parts/afresh.ts";
import { PageElement } from "../parts/element.ts";
import { mark } from "../parts/lesson-mark.ts";
import { shape } from "../parts/marks.ts";
import { around, placeOf } from "../parts/neighbours.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { failures, outOfDate, type LessonPlace } from "../play/lesson.ts";
import { completeOf, isSolved, solutionsOf } from "../play/reading.ts";
import type { LessonText } from "./text.ts";
import { PageWatch } from "./watch.ts";
import "./solutions.ts";
import "./text.ts";

export class LessonPane extends PageElement {
  static override properties = {
    place: { attribute: false, hasChanged: (now: LessonPlace, old?: LessonPlace) => JSON.stringify(now) !== JSON.stringify(old) },
    play: { attribute: false },
    page: { state: true },
    about: { state: true },
    error: { state: true },
  };
  declare place: LessonPlace;
  declare play: Play;
  declare page: LessonPage | null;
  /** What the catalog says of it: whether its reader may call it complete, and its solutions. */
  declare about: Lesson | null;
  declare error: ApiError | null;
  #watch: PageWatch | null = null;
  /** The next task was asked for before there was one. */
  #wanted = false;

  constructor() {
    super();
    this.page = null;
    this.about = null;
    this.error = null;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("place")) this.#ask();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.place && this.#watch === null) this.#ask();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch?.close();
    this.#watch = null;
  }

  #ask(): void {
    const { kinds, name } = this.place;
    this.#watch?.close();
    [this.page, this.about, this.error] = [null, null, null];
    this.#watch = new PageWatch(this.place, { page: (page) => (this.page = page), failed: (error) => (this.error = error) });
    void api.lesson(kinds, name).then(
      (about) => (this.about = about),
      () => undefined, // only the button that completes it is missing, and the solutions
    );
  }

  /** To the next task that is not done, as the reader goes round; once there is something to read. */
  async showNext(): Promise<void> {
    this.#wanted = true;
    await this.updateComplete;
    const text = this.querySelector<LessonText>("labyard-lesson-text");
    await text?.updateComplete;
    if (!this.#wanted || !text) return;
    this.#wanted = false;
    text.showNext();
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("page") && this.#wanted) void this.showNext();
  }

  async #complete(): Promise<void> {
    try {
      const { kinds, name, path } = this.place;
      this.about = await api.complete(kinds, name, path);
    } catch (cause) {
      this.error = asApiError(cause);
    }
  }

  protected override render(): TemplateResult {
    if (this.page === null) {
      return this.error ? problem(this.error, () => this.#ask()) : html`<p class="slow muted">Asking the server for this lesson…</p>`;
    }
    const course = this.place.path ? this.about : null;
    return html`${course ? placeOf(course, this.place.path) : nothing}
      <h1 class="lesson-title">${this.page.title}</h1>
      <div role="status">${this.#failed()}${this.#outOfDate(this.page)}</div>
      <labyard-lesson-text .page=${this.page} .play=${this.play}></labyard-lesson-text>
      ${this.#solutions(this.page)}
      ${this.error ? problem(this.error) : nothing}
      <footer class="lesson-foot">${this.#completion()}${this.#afresh()}</footer>
      ${course ? around(course, this.place.path) : nothing}`;
  }

  #solutions(page: LessonPage): TemplateResult | typeof nothing {
    const names = this.about && solutionsOf(this.about, this.place.path);
    if (!this.about || !names?.length) return nothing;
    const solved = isSolved(this.about, this.place.path, this.play);
    return html`<labyard-solutions .place=${this.place} .names=${names} .solved=${solved} .play=${this.play} .preview=${page.preview === true}></labyard-solutions>`;
  }

  #afresh(look = "small"): TemplateResult {
    return html`<button class=${look} title="Ends this attempt and begins a new one" @click=${() => void startAfresh(this.play)}>Start afresh</button>`;
  }

  #failed(): TemplateResult | typeof nothing {
    const failed = failures(this.play);
    if (failed.length === 0) return nothing;
    return html`<section class="notice failed" aria-label="This attempt has failed">
      <p>${shape("failed")} <strong>This attempt has failed.</strong> ${failed.length === 1 ? "A task" : "Some tasks"} cannot be completed in it any more:</p>
      <ul class="plain">
        ${failed.map(({ name, why }) => html`<li><code>${name}</code>${why ? html`<span class="why">${why}</span>` : nothing}</li>`)}
      </ul>
      ${this.#afresh("primary small")}
    </section>`;
  }

  #outOfDate(page: LessonPage): TemplateResult | typeof nothing {
    if (!outOfDate(page, this.play)) return nothing;
    return html`<section class="notice" aria-label="The lesson has changed">
      <p>Tasks or machines changed since this play began. It goes on with those it began with.</p>
      ${this.#afresh()}
    </section>`;
  }

  #completion(): TemplateResult | typeof nothing {
    const complete = this.about && completeOf(this.about, this.place);
    if (complete === null) return nothing;
    return complete ? mark("done", "Completed") : html`<button class="small" @click=${() => void this.#complete()}>Mark as completed</button>`;
  }
}

customElements.define("labyard-lesson-pane", LessonPane);
