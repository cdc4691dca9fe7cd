/** From somebody's link to a play: what would be started, with what, and only then the button. Opening it starts nothing. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { InitCondition, Lesson, Play, Playground } from "../api/types.ts";
import { PageElement } from "../parts/element.ts";
import { map } from "../parts/map.ts";
import { shape } from "../parts/marks.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { lessonOf } from "../play/lesson.ts";
import { courseLesson } from "../play/reading.ts";
import { givenBy, placeOf, type Given, type StartPlace } from "../play/start-link.ts";
import { lookOf, starting, stateOf, titleOf } from "../play/state.ts";
import { lessonPath, playgroundPath, playPath } from "../router.ts";
import { line } from "../text/markdown.ts";
import "../parts/start-form.ts";
import "../parts/start-lesson.ts";
import "./start-git.ts";

type LessonPlace = Extract<StartPlace, { what: "lesson" }>;

export class StartPage extends PageElement {
  static override properties = { place: {}, search: {}, playground: { state: true }, lesson: { state: true }, plays: { state: true }, error: { state: true } };
  declare place: string;
  declare search: string;
  declare playground: Playground | null;
  declare lesson: Lesson | null;
  /** Theirs of the same playground. */
  declare plays: Play[];
  declare error: ApiError | null;
  #parsed: StartPlace | null = null;
  #given: Given | null = null;

  constructor() {
    super();
    [this.playground, this.lesson, this.plays, this.error] = [null, null, [], null];
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("place") || changed.has("search")) void this.#load();
  }

  async #load(): Promise<void> {
    const parsed = (this.#parsed = placeOf(this.place, this.search));
    [this.playground, this.lesson, this.plays, this.error] = [null, null, [], null];
    document.title = "Start · Labyard";
    if (parsed === null || parsed.what === "git") return;
    try {
      if (parsed.what === "playground") await this.#loadPlayground(parsed.name);
      else await this.#loadLesson(parsed);
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
  }

  async #loadPlayground(name: string): Promise<void> {
    const [playground, plays] = await Promise.all([api.playground(name), api.plays()]);
    const open = (play: Play): boolean => starting(play) || ["RUNNING", "STOPPED"].includes(stateOf(play));
    this.plays = plays.filter((play) => play.playground.name === name && lessonOf(play) === null && open(play));
    this.#given = givenBy(this.search, playground.initConditions?.values ?? []);
    this.playground = playground;
    document.title = `Start ${playground.title || name} · Labyard`;
  }

  async #loadLesson(place: LessonPlace): Promise<void> {
    const lesson = await api.lesson(place.kind, place.name);
    this.#given = givenBy(this.search, this.#asked(place, lesson));
    this.lesson = lesson;
    document.title = `Start ${lesson.title || lesson.name} · Labyard`;
  }

  #asked(place: LessonPlace, lesson: Lesson): InitCondition[] {
    const part = place.lesson ? courseLesson(lesson, pathOf(place))?.lesson : lesson;
    return part?.initConditions?.values ?? [];
  }

  protected override render(): TemplateResult {
    const place = this.#parsed;
    if (place === null || this.error?.status === 404) return this.#absent();
    if (this.error) return html`<main class="page narrow">${problem(this.error, () => void this.#load())}</main>`;
    if (place.what === "git") return html`<labyard-start-git .url=${place.url}></labyard-start-git>`;
    if (place.what === "lesson" && this.lesson) return this.#lesson(place, this.lesson);
    if (place.what === "playground" && this.playground) return this.#playground(this.playground);
    return html`<main class="page narrow"><p class="slow muted">Looking what this link starts…</p></main>`;
  }

  #absent(): TemplateResult {
    return html`<main class="page narrow">
      <h1>This link starts nothing here</h1>
      <p>This server has nothing named <code>${this.place}</code>. It may have another name now, or was meant for another server.</p>
      <p><a href="/">See its playgrounds</a>, <a href="/lessons">see its lessons</a></p>
      <p class="muted">Code: <code>not-found</code></p>
    </main>`;
  }

  #playground(playground: Playground): TemplateResult {
    const title = playground.title || playground.name;
    if (playground.problems?.length) {
      return html`<main class="page narrow"><h1>${title} cannot be started</h1><p>Its manifest cannot be used: <code>${playground.problems[0]}</code></p></main>`;
    }
    return html`<main class="page narrow">
      <h1>Start ${title}?</h1>
      ${playground.description ? html`<p class="lead">${line(playground.description)}</p>` : nothing} ${this.#running()} ${this.#unknown()}
      <labyard-start .playground=${playground} .given=${this.#given}></labyard-start>
      <div class="map-box" tabindex="0" role="group" aria-label="Map">${map(playground)}</div>
      <p><a href=${playgroundPath(playground.name)}>More about it</a></p>
    </main>`;
  }

  #running(): TemplateResult | typeof nothing {
    if (this.plays.length === 0) return nothing;
    return html`<div class="note">
      <p>You have a play of it already. Go on with it, or start another one below.</p>
      <ul class="plain">
        ${this.plays.slice(0, 5).map((play) => html`<li><a href=${playPath(play.id)}>${titleOf(play)}</a> <span class="state ${lookOf(play).look}">${shape(lookOf(play).look)}${lookOf(play).word}</span></li>`)}
      </ul>
    </div>`;
  }

  #unknown(): TemplateResult | typeof nothing {
    const unknown = this.#given?.unknown ?? [];
    if (unknown.length === 0) return nothing;
    return html`<p class="note">This link also sets ${unknown.map((key, at) => html`${at > 0 ? ", " : ""}<code>${key}</code>`)}, which is not asked here. It is left out.</p>`;
  }

  #lesson(place: LessonPlace, lesson: Lesson): TemplateResult {
    const part = place.lesson ? courseLesson(lesson, pathOf(place)) : null;
    if (place.lesson && part === null) return this.#absent();
    const shown = part?.lesson ?? lesson;
    const running = part ? lesson.learning?.modules?.[place.module]?.lessons?.[part.lesson.name]?.play : lesson.play?.id;
    const read = html`<a href=${lessonPath(place.kind, lesson.name, place.lesson ? pathOf(place) : "")}>Read it first</a>`;
    return html`<main class="page narrow">
      <h1>${running ? "Go on with" : "Start"} ${shown.title || shown.name}?</h1>
      ${part ? html`<p class="muted">A lesson of ${lesson.title || lesson.name}</p>` : nothing}
      ${!part && lesson.description ? html`<p class="lead">${line(lesson.description)}</p>` : nothing}
      ${running ? html`<p class="note">A play of it runs already. It goes on as it was begun, whatever this link says.</p>` : this.#unknown()}
      ${shown.canStart
        ? html`<labyard-start-lesson .kind=${place.kind} .lesson=${lesson} .module=${place.module} .step=${place.lesson} .given=${this.#given}></labyard-start-lesson>`
        : html`<p>It has no play of its own, or cannot be played as it is now.</p>`}
      <p>${read}</p>
    </main>`;
  }
}

const pathOf = ({ module, lesson }: LessonPlace): string => (module ? `${module}/${lesson}` : lesson);

customElements.define("labyard-start-page", StartPage);
