/** Starting a lesson, or going on with the play of it that runs. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Lesson } from "../api/types.ts";
import { go, playPath, type LessonKind } from "../router.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

export class StartLesson extends PageElement {
  static override properties = {
    kind: {},
    lesson: { attribute: false },
    module: { attribute: false },
    step: { attribute: false },
    starting: { state: true },
    error: { state: true },
  };
  declare kind: LessonKind;
  declare lesson: Lesson;
  /** Of a lesson in a course: the names of its module and its own. */
  declare module: string;
  declare step: string;
  declare starting: boolean;
  declare error: ApiError | null;

  constructor() {
    super();
    this.module = "";
    this.step = "";
    this.starting = false;
    this.error = null;
  }

  #running(): string {
    if (!this.step) return this.lesson.play?.id ?? "";
    return this.lesson.learning?.modules?.[this.module]?.lessons?.[this.step]?.play ?? "";
  }

  async #start(): Promise<void> {
    this.starting = true;
    this.error = null;
    try {
      go(playPath(await this.#started()));
    } catch (cause) {
      this.error = asApiError(cause);
    }
    this.starting = false;
  }

  async #started(): Promise<string> {
    const told = this.step
      ? await api.startPart(this.lesson.name, this.module, this.step)
      : await api.startLesson(this.kind, this.lesson.name);
    this.lesson = told;
    const id = this.#running();
    if (!id) throw new ApiError(500, { code: "no-play", message: "The server has started no play of it.", hint: "Reload the page." });
    return id;
  }

  protected override render(): TemplateResult {
    const title = this.step || this.lesson.title || this.lesson.name;
    const word = this.#running() ? "Go on" : "Start";
    return html`<div class="start-form">
      <button class="primary" ?disabled=${this.starting} aria-label="${word}: ${title}" @click=${() => void this.#start()}>
        ${this.starting ? "Asking the box for room…" : word}
      </button>
      ${this.error ? problem(this.error) : nothing}
    </div>`;
  }
}

customElements.define("labyard-start-lesson", StartLesson);
