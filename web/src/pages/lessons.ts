/** The catalog of one kind of lessons: what there is to learn, and how far one is. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Lesson } from "../api/types.ts";
import { PageElement } from "../parts/element.ts";
import { lessonMark } from "../parts/lesson-mark.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { KINDS, lessonPath, type LessonKind } from "../router.ts";
import { line } from "../text/markdown.ts";
import "../parts/start-lesson.ts";

const TITLES: Record<LessonKind, string> = {
  challenges: "Challenges",
  tutorials: "Tutorials",
  courses: "Courses",
  "skill-paths": "Skill paths",
  roadmaps: "Roadmaps",
  trainings: "Trainings",
};

export class LessonsPage extends PageElement {
  static override properties = {
    kind: {},
    lessons: { state: true },
    error: { state: true },
    search: { state: true },
  };
  declare kind: LessonKind;
  declare lessons: Lesson[] | null;
  declare error: ApiError | null;
  declare search: string;

  constructor() {
    super();
    this.lessons = null;
    this.error = null;
    this.search = "";
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("kind")) void this.#load();
  }

  async #load(): Promise<void> {
    const kind = this.kind;
    this.error = null;
    this.lessons = null;
    document.title = `${TITLES[kind]} · Labyard`;
    try {
      const lessons = await api.lessons(kind);
      if (kind === this.kind) this.lessons = lessons;
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
  }

  #matching(): Lesson[] {
    const words = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    return (this.lessons ?? []).filter((lesson) => {
      const tags = [...(lesson.categories ?? []), ...(lesson.tags ?? [])].join(" ");
      const text = `${lesson.name} ${lesson.title ?? ""} ${lesson.description ?? ""} ${tags}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  protected override render(): TemplateResult {
    return html`<main class="page">
      <nav class="kinds" aria-label="Kinds of lessons">
        ${KINDS.map((kind) => html`<a href="/${kind}" aria-current=${kind === this.kind ? "page" : nothing}>${TITLES[kind]}</a>`)}
      </nav>
      ${this.error ? problem(this.error, () => void this.#load()) : nothing}
      <div class="section-head">
        <h1>${TITLES[this.kind]}</h1>
        <input
          type="search"
          aria-label="Search ${TITLES[this.kind].toLowerCase()}"
          placeholder="Search"
          .value=${this.search}
          @input=${(event: Event) => (this.search = (event.target as HTMLInputElement).value)}
        />
      </div>
      ${this.#catalog()}
    </main>`;
  }

  #catalog(): TemplateResult {
    if (this.lessons === null) return html`<p class="slow muted">${this.error ? "" : "Fetching the catalog…"}</p>`;
    if (this.lessons.length === 0) return html`<p class="empty-line">This server has no ${TITLES[this.kind].toLowerCase()}.</p>`;
    const shown = this.#matching();
    if (shown.length === 0) return html`<p class="empty-line">Nothing matches “${this.search}”. Try fewer words.</p>`;
    return html`<ul class="cards">
      ${shown.map((lesson) => card(this.kind, lesson))}
    </ul>`;
  }
}

function card(kind: LessonKind, lesson: Lesson): TemplateResult {
  const facts = [lesson.difficulty ?? "", ...(lesson.categories ?? []), lesson.needs ? `needs ${lesson.needs}` : ""];
  return html`<li class="card" data-lesson=${lesson.name}>
    <h2><a href=${lessonPath(kind, lesson.name)}>${lesson.title || lesson.name}</a></h2>
    ${lesson.problems?.length ? nothing : lessonMark(lesson)}
    <p>${line(lesson.description ?? "")}</p>
    <small class="muted">${facts.filter(Boolean).join(" · ")}</small>
    ${broken(lesson)}
    ${startOf(kind, lesson)}
  </li>`;
}

/** A card has no room for questions. */
function startOf(kind: LessonKind, lesson: Lesson): TemplateResult | typeof nothing {
  if (!lesson.canStart) return nothing;
  if (lesson.initConditions?.values?.length && !lesson.play) return html`<a class="button" href=${lessonPath(kind, lesson.name)}>Choose and start</a>`;
  return html`<labyard-start-lesson .kind=${kind} .lesson=${lesson}></labyard-start-lesson>`;
}

/** For its author: shown where it would stand, so that nobody wonders where it went. */
export function broken(lesson: Lesson): TemplateResult | typeof nothing {
  if (!lesson.problems?.length) return nothing;
  return html`<div>
    <p>It has problems:</p>
    <ul class="plain">
      ${lesson.problems.slice(0, 5).map((line) => html`<li><code>${line}</code></li>`)}
    </ul>
  </div>`;
}

customElements.define("labyard-lessons", LessonsPage);
