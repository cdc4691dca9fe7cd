/** One lesson or course: what it is, how far one is, and starting it. What is read stands beside its play. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { CourseLesson, CourseModule, CourseUnit, Gate, Lesson } from "../api/types.ts";
import { PageElement } from "../parts/element.ts";
import { lessonMark, mark } from "../parts/lesson-mark.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { lessonPath, type LessonKind } from "../router.ts";
import { broken } from "./lessons.ts";
import "../parts/start-lesson.ts";

export class LessonPage extends PageElement {
  static override properties = { kind: {}, name: {}, lesson: { state: true }, error: { state: true } };
  declare kind: LessonKind;
  declare name: string;
  declare lesson: Lesson | null;
  declare error: ApiError | null;

  constructor() {
    super();
    this.lesson = null;
    this.error = null;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("name") || changed.has("kind")) void this.#load();
  }

  async #load(): Promise<void> {
    const { kind, name } = this;
    this.error = null;
    this.lesson = null;
    try {
      const lesson = await api.lesson(kind, name);
      if (name !== this.name || kind !== this.kind) return;
      this.lesson = lesson;
      document.title = `${lesson.title || lesson.name} · Labyard`;
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
  }

  protected override render(): TemplateResult {
    if (this.error?.status === 404) {
      return html`<main class="page narrow">
        <h1>No such lesson</h1>
        <p>This server has nothing named <code>${this.name}</code> here.</p>
        <p><a href="/${this.kind}">See what it has</a></p>
        <p class="muted">Code: <code>not-found</code></p>
      </main>`;
    }
    if (this.error) return html`<main class="page narrow">${problem(this.error, () => void this.#load())}</main>`;
    if (this.lesson === null) return html`<main class="page"><p class="slow muted">Fetching ${this.name}…</p></main>`;
    return this.#page(this.lesson);
  }

  #page(lesson: Lesson): TemplateResult {
    return html`<main class="page narrow">
      <h1>${lesson.title || lesson.name}</h1>
      ${lessonMark(lesson)}
      ${lesson.description ? html`<p class="lead">${lesson.description}</p>` : nothing}
      ${lesson.needs ? html`<p>It needs the ${lesson.needs}: on a box without, it does not work.</p>` : nothing}
      ${broken(lesson)}
      ${lesson.canStart ? html`<labyard-start-lesson .kind=${this.kind} .lesson=${lesson}></labyard-start-lesson>` : nothing}
      ${(lesson.modules ?? []).map((module) => this.#module(lesson, module))}
      ${lesson.units?.length ? html`<h2>Units</h2><ul class="plays">${lesson.units.map(unit)}</ul>` : nothing}
    </main>`;
  }

  #module(course: Lesson, module: CourseModule): TemplateResult {
    const known = course.learning?.modules?.[module.name]?.lessons ?? {};
    return html`<section>
      ${module.title ? html`<h2>${module.title}</h2>` : nothing}
      <ul class="plain lesson-list">
        ${(module.lessons ?? []).map((lesson) => this.#lesson(course, module, lesson, known[lesson.name]))}
      </ul>
    </section>`;
  }

  #lesson(course: Lesson, module: CourseModule, lesson: CourseLesson, state: LearningState): TemplateResult {
    return html`<li data-lesson=${lesson.path ?? lesson.name}>
      <span>${lesson.title || lesson.name}</span>
      ${mark(state?.completed ? "done" : state?.started ? "working" : "idle", state?.completed ? "Complete" : state?.started ? "Begun" : "To do")}
      ${gates(state?.gates ?? [])}
      ${lesson.problems?.length ? html`<p class="muted">It has problems: <code>${lesson.problems[0]}</code></p>` : nothing}
      ${lesson.canStart
        ? html`<labyard-start-lesson kind="courses" .lesson=${course} .module=${module.name} .step=${lesson.name}></labyard-start-lesson>`
        : nothing}
    </li>`;
  }
}

type LearningState = { started?: boolean; completed?: boolean; gates?: Gate[] } | undefined;

function unit(part: CourseUnit): TemplateResult {
  return html`<li>
    ${mark(part.completed ? "done" : "idle", part.completed ? "Complete" : "To do")} <span class="play-title">${part.title || part.name}</span>
    ${gates(part.gates ?? [])}
  </li>`;
}

/** What is embedded and has to be done as well. */
function gates(known: Gate[]): TemplateResult | typeof nothing {
  if (known.length === 0) return nothing;
  return html`<ul class="plain">
    ${known.map(
      (gate) => html`<li>
        ${mark(gate.passed ? "done" : "idle", gate.passed ? "Done" : "To do")}
        <a href=${lessonPath(gate.kind === "challenge" ? "challenges" : "tutorials", gate.name)}>${gate.name}</a>
      </li>`,
    )}
  </ul>`;
}

customElements.define("labyard-lesson", LessonPage);
