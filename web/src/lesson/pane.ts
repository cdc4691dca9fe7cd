/** A lesson beside a play: asks for its page once, and tells its task boxes how they stand. */

import { html, type TemplateResult } from "lit";
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { ApiError, api } from "../api/client.ts";
import type { LessonPage, Play } from "../api/types.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { nextOpen, type LessonPlace } from "../play/lesson.ts";
import type { LessonTask } from "./task.ts";
import "./code.ts";
import "./image.ts";
import "./input-task.ts";
import "./open-port.ts";
import "./open-tab.ts";
import "./slides.ts";
import "./tabs.ts";
import "./task.ts";

export class LessonPane extends PageElement {
  static override properties = {
    place: { attribute: false, hasChanged: (now: LessonPlace, old?: LessonPlace) => JSON.stringify(now) !== JSON.stringify(old) },
    play: { attribute: false },
    page: { state: true },
    error: { state: true },
  };
  declare place: LessonPlace;
  declare play: Play;
  declare page: LessonPage | null;
  declare error: ApiError | null;
  #last: string | null = null;

  constructor() {
    super();
    this.page = null;
    this.error = null;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("place")) void this.#ask();
  }

  async #ask(): Promise<void> {
    const { kinds, name, path } = this.place;
    this.page = null;
    this.error = null;
    this.#last = null;
    try {
      const page = await api.lessonPage(kinds, name, path);
      if (this.place.name === name && this.place.path === path) this.page = page;
    } catch (cause) {
      this.error = asApiError(cause);
    }
  }

  #boxes(): LessonTask[] {
    return [...this.querySelectorAll<LessonTask>("lab-task, lab-input-task")];
  }

  protected override updated(): void {
    for (const box of this.#boxes()) {
      box.playId = this.play.id;
      box.task = this.play.tasks?.[box.name];
    }
  }

  /** To the next task that is not done, as the reader goes round. */
  showNext(): void {
    const boxes = this.#boxes();
    const name = nextOpen(boxes.map((box) => box.name), this.play, this.#last);
    const box = boxes.find((each) => each.name === name);
    if (!box) return;
    this.#last = name;
    box.tabIndex = -1;
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: "center" });
  }

  /** Links within the lesson: the address stays that of the play. */
  #followAnchor(event: MouseEvent): void {
    const link = (event.target as Element).closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    const id = decodeURIComponent((link.getAttribute("href") ?? "").slice(1));
    this.querySelector(`[id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "start" });
  }

  protected override render(): TemplateResult {
    if (this.error) return problem(this.error, () => void this.#ask());
    if (this.page === null) return html`<p class="slow muted">Asking the server for this lesson…</p>`;
    // The one place where HTML of the server is taken as it is: it made it safe, and a test holds it to that.
    return html`<h1 class="lesson-title">${this.page.title}</h1><article class="lesson" @click=${this.#followAnchor}>${unsafeHTML(this.page.html)}</article>`;
  }
}

customElements.define("labyard-lesson-pane", LessonPane);
