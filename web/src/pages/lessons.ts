/** The catalog of lessons, of one kind or of all: what there is to learn, and how far one is. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { ApiError, api } from "../api/client.ts";
import type { Lesson } from "../api/types.ts";
import { bar } from "../parts/bar.ts";
import { PageElement } from "../parts/element.ts";
import { Finding, filters, moreButton, nothingFound, searchField, tally } from "../parts/finding.ts";
import { lessonMark } from "../parts/lesson-mark.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { find, indexed, searchOf, type Entry } from "../play/finding.ts";
import { KINDS, lessonPath, type LessonKind } from "../router.ts";
import { line } from "../text/markdown.ts";
import "../parts/start-lesson.ts";

const TITLES: Record<LessonKind | "", string> = {
  "": "Lessons",
  challenges: "Challenges",
  tutorials: "Tutorials",
  courses: "Courses",
  "skill-paths": "Skill paths",
  roadmaps: "Roadmaps",
  trainings: "Trainings",
};

/** A lesson of the catalog, and of which kind it is. */
type Item = Lesson & { of: LessonKind };

export class LessonsPage extends PageElement {
  static override properties = { kind: {}, lessons: { state: true }, error: { state: true } };
  /** Empty: all. */
  declare kind: LessonKind | "";
  declare lessons: Entry<Item>[] | null;
  declare error: ApiError | null;
  readonly #finding = new Finding(this);

  constructor() {
    super();
    this.lessons = null;
    this.error = null;
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
      const kinds = kind ? [kind] : KINDS;
      const lists = await Promise.all(kinds.map(async (of) => (await api.lessons(of)).map((lesson): Item => ({ ...lesson, of }))));
      if (kind === this.kind) this.lessons = indexed(lists.flat());
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
  }

  protected override render(): TemplateResult {
    const kept = searchOf(this.#finding.wish);
    return html`<main class="page">
      <nav class="kinds" aria-label="Kinds of lessons">
        <a href="/lessons${kept}" aria-current=${this.kind ? nothing : "page"}>All</a>
        ${KINDS.map((kind) => html`<a href="/${kind}${kept}" aria-current=${kind === this.kind ? "page" : nothing}>${TITLES[kind]}</a>`)}
      </nav>
      ${this.error ? problem(this.error, () => void this.#load()) : nothing}
      <div class="section-head">
        <h1>${TITLES[this.kind]}</h1>
        ${searchField(this.#finding, this.#what())}
      </div>
      ${this.#catalog()}
    </main>`;
  }

  #what(): string {
    return TITLES[this.kind].toLowerCase();
  }

  #catalog(): TemplateResult {
    const [lessons, finding] = [this.lessons, this.#finding];
    if (lessons === null) return html`<p class="slow muted">${this.error ? "" : "Fetching the catalog…"}</p>`;
    if (lessons.length === 0) return html`<p class="empty-line">This server has no ${this.#what()}. ${this.kind ? html`<a href="/lessons">See what else it has</a>.` : nothing}</p>`;
    const found = find(lessons, finding.wish);
    return html`${filters(finding, found, lessons.length)} ${tally(found.hits.length, lessons.length, this.#what())}
      ${found.hits.length === 0 ? nothingFound(finding, (wish) => find(lessons, wish).hits.length) : nothing}
      <ul class="cards">
        ${repeat(found.hits.slice(0, finding.shown), ({ of, name }) => `${of}/${name}`, (lesson) => card(lesson, !this.kind))}
      </ul>
      ${moreButton(finding, found.hits.length)}`;
  }
}

/** `mixed`: it stands among other kinds. */
function card(lesson: Item, mixed: boolean): TemplateResult {
  const kind = lesson.of;
  const word = TITLES[kind].toLowerCase().replace(/s$/, "");
  const facts = [mixed ? word : "", lesson.difficulty || (lesson.difficulties ?? []).join(" to "), ...(lesson.categories ?? []), lesson.needs ? `needs ${lesson.needs}` : ""];
  return html`<li class="card" data-lesson=${lesson.name}>
    <h2><a href=${lessonPath(kind, lesson.name)}>${lesson.title || lesson.name}</a></h2>
    ${lesson.problems?.length ? nothing : lessonMark(lesson)} ${lesson.progress?.done ? bar(lesson.progress) : nothing}
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
