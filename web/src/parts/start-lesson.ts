/** Starting a lesson, or going on with the play of it that runs. */

import { html, type TemplateResult } from "lit";
import { ApiError, api, type Chosen } from "../api/client.ts";
import type { InitCondition, Lesson } from "../api/types.ts";
import type { LessonKind } from "../router.ts";
import { Starter } from "./starter.ts";

export class StartLesson extends Starter {
  static override properties = {
    ...Starter.properties,
    kind: {},
    lesson: { attribute: false },
    module: { attribute: false },
    step: { attribute: false },
    quiet: { type: Boolean },
  };
  declare kind: LessonKind;
  declare lesson: Lesson;
  /** Of a lesson in a course: the names of its module and its own. */
  declare module: string;
  declare step: string;
  /** It is not what is to be done next. */
  declare quiet: boolean;

  constructor() {
    super();
    this.module = "";
    this.step = "";
    this.quiet = false;
  }

  #running(): string {
    if (!this.step) return this.lesson.play?.id ?? "";
    return this.lesson.learning?.modules?.[this.module]?.lessons?.[this.step]?.play ?? "";
  }

  #part(): Pick<Lesson, "title" | "name" | "initConditions"> {
    const module = this.lesson.modules?.find(({ name }) => name === this.module);
    return (this.step && module?.lessons?.find(({ name }) => name === this.step)) || this.lesson;
  }

  /** What runs goes on as it was begun. */
  protected override parameters(): InitCondition[] {
    return this.#running() ? [] : (this.#part().initConditions?.values ?? []);
  }

  protected override async begin(chosen: Chosen): Promise<string> {
    const told = this.step
      ? await api.startPart(this.lesson.name, this.module, this.step, chosen)
      : await api.startLesson(this.kind, this.lesson.name, chosen);
    this.lesson = told;
    const id = this.#running();
    if (!id) throw new ApiError(500, { code: "no-play", message: "The server has started no play of it.", hint: "Reload the page." });
    return id;
  }

  protected override buttons(): TemplateResult {
    const word = this.#running() ? "Go on" : "Start";
    const { title, name } = this.#part();
    return html`<button class=${this.quiet ? "" : "primary"} ?disabled=${this.starting} aria-label="${word}: ${title || name}">
      ${this.starting ? "Asking the box for room…" : word}
    </button>`;
  }
}

customElements.define("labyard-start-lesson", StartLesson);
