/** One lesson, course or path: what it is, what it says, how far one is, and starting it. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Lesson, LessonPage as Page } from "../api/types.ts";
import { PageWatch } from "../lesson/watch.ts";
import { bar } from "../parts/bar.ts";
import { PageElement } from "../parts/element.ts";
import { lessonMark, mark } from "../parts/lesson-mark.ts";
import { around, placeOf } from "../parts/neighbours.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { whoMay } from "../parts/who-may-button.ts";
import { completeOf, courseLesson, isSolved, solutionsOf } from "../play/reading.ts";
import { wayOf } from "../play/way.ts";
import type { LessonKind } from "../router.ts";
import { line } from "../text/markdown.ts";
import { broken } from "./lessons.ts";
import { way } from "./way.ts";
import "../parts/share.ts";
import "../parts/start-lesson.ts";

export class LessonPage extends PageElement {
  static override properties = {
    kind: {},
    name: {},
    path: {},
    lesson: { state: true },
    page: { state: true },
    error: { state: true },
    unread: { state: true },
  };
  declare kind: LessonKind;
  declare name: string;
  /** Of a lesson of a course, `module/lesson`. */
  declare path: string;
  declare lesson: Lesson | null;
  declare page: Page | null;
  declare error: ApiError | null;
  /** Why its text is not shown. */
  declare unread: ApiError | null;
  #watch: PageWatch | null = null;

  constructor() {
    super();
    this.path = "";
    [this.lesson, this.page, this.error, this.unread] = [null, null, null, null];
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("name") || changed.has("kind") || changed.has("path")) void this.#load();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch?.close();
  }

  async #load(): Promise<void> {
    const { kind, name, path } = this;
    this.#watch?.close();
    [this.lesson, this.page, this.error, this.unread] = [null, null, null, null];
    void import("../lesson/text.ts");
    void import("../lesson/solutions.ts");
    this.#watch = new PageWatch({ kinds: kind, name, path }, { page: (page) => (this.page = page), failed: (error) => (this.unread = error) });
    try {
      const lesson = await api.lesson(kind, name);
      if (name !== this.name || kind !== this.kind) return;
      this.lesson = lesson;
      const part = path ? courseLesson(lesson, path)?.lesson : lesson;
      document.title = `${part?.title || lesson.title || lesson.name} · Labyard`;
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
  }

  async #complete(): Promise<void> {
    try {
      this.lesson = await api.complete(this.kind, this.name, this.path);
    } catch (cause) {
      this.error = asApiError(cause);
    }
  }

  protected override render(): TemplateResult {
    if (this.error?.status === 404) return this.#absent();
    if (this.error) return html`<main class="page narrow">${problem(this.error, () => void this.#load())}</main>`;
    if (this.lesson === null) return html`<main class="page"><p class="slow muted">Fetching ${this.name}…</p></main>`;
    if (this.path) return this.#step(this.lesson);
    return html`<main class="page narrow">${this.#piece(this.lesson)}</main>`;
  }

  #absent(): TemplateResult {
    return html`<main class="page narrow">
      <h1>No such lesson</h1>
      <p>This server has nothing named <code>${this.path || this.name}</code> here.</p>
      <p><a href="/${this.kind}">See what it has</a></p>
      <p class="muted">Code: <code>not-found</code></p>
    </main>`;
  }

  #piece(lesson: Lesson): TemplateResult {
    const parts = Boolean(lesson.modules?.length || lesson.units?.length);
    const facts = [lesson.difficulty ?? "", ...(lesson.categories ?? [])].filter(Boolean).join(" · ");
    return html`<h1>${lesson.title || lesson.name}</h1>
      <p class="facts">${lessonMark(lesson)}${lesson.progress?.total ? bar(lesson.progress) : nothing}${facts ? html`<span class="muted">${facts}</span>` : nothing}</p>
      ${lesson.description ? html`<p class="lead">${line(lesson.description)}</p>` : nothing}
      ${lesson.needs ? html`<p>It needs the ${lesson.needs}: on a box without, it does not work.</p>` : nothing}
      ${broken(lesson)}
      ${lesson.canStart ? html`<labyard-start-lesson .kind=${this.kind} .lesson=${lesson}></labyard-start-lesson>
            <labyard-share .place=${`${this.kind}/${lesson.name}`} .called=${lesson.title || lesson.name}></labyard-share>` : onlyRead(lesson)}
      ${whoMay(this.kind, lesson)}
      ${parts ? html`${this.#text(true)}${way(lesson, this.page)}` : html`${this.#text()}${this.#solutions(lesson)}${this.#completion(lesson)}`}`;
  }

  /** `alone`: without its units, which are stations. */
  #text(alone = false): TemplateResult | typeof nothing {
    if (this.unread) return problem(this.unread, () => void this.#load());
    if (this.page === null) return html`<p class="slow muted">Fetching what is to be read…</p>`;
    const page = alone ? { ...this.page, units: [], contents: [] } : this.page;
    return html`<labyard-lesson-text .page=${page}></labyard-lesson-text>`;
  }

  #step(course: Lesson): TemplateResult {
    const found = courseLesson(course, this.path);
    if (found === null) return this.#absent();
    const { lesson, module } = found;
    const stations = wayOf(course).stretches.flatMap((stretch) => stretch.stations);
    const station = stations.find(({ path }) => path === this.path);
    return html`<main class="page narrow">
      ${placeOf(course, this.path)}
      <h1>${lesson.title || lesson.name}</h1>
      ${station ? html`<p class="facts">${mark(station.look, station.done ? "Complete" : station.word)}</p>` : nothing}
      ${lesson.problems?.length ? html`<p>It has problems: <code>${lesson.problems[0]}</code></p>` : nothing}
      ${lesson.canStart ? html`<labyard-start-lesson kind="courses" .lesson=${course} .module=${module} .step=${lesson.name}></labyard-start-lesson>` : onlyRead(course)}
      ${this.#text()} ${this.#solutions(course)} ${this.#completion(course)}
      ${station && !station.done ? html`<labyard-gates .gates=${station.gates}></labyard-gates>` : nothing}
      ${around(course, this.path)}
    </main>`;
  }

  #solutions(about: Lesson): TemplateResult | typeof nothing {
    const names = solutionsOf(about, this.path);
    if (names.length === 0 || this.page === null) return nothing;
    const place = { kinds: this.kind, name: this.name, path: this.path };
    const solved = isSolved(about, this.path, about.play ?? null);
    return html`<labyard-solutions .place=${place} .names=${names} .solved=${solved} .preview=${this.page.preview === true}></labyard-solutions>`;
  }

  #completion(about: Lesson): TemplateResult | typeof nothing {
    const complete = completeOf(about, { kinds: this.kind, name: this.name, path: this.path });
    if (complete === null) return nothing;
    if (complete) return html`<p>${mark("done", "Completed")}</p>`;
    return html`<p><button @click=${() => void this.#complete()}>Mark as completed</button></p>`;
  }
}

/** What is there, and not for everybody to start, says so. */
function onlyRead(about: Lesson): TemplateResult | typeof nothing {
  return about.userAccess?.canStart === false ? html`<p class="muted">You may read this, and not start it: its author decides who may.</p>` : nothing;
}

customElements.define("labyard-lesson", LessonPage);
