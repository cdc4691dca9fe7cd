/** The page of a lesson: asked for once, and while its author is at work on it every second. */

import { api, type ApiError } from "../api/client.ts";
import type { LessonPage } from "../api/types.ts";
import { asApiError } from "../parts/problem.ts";
import type { LessonPlace } from "../play/lesson.ts";

const AGAIN_MS = 1000;

interface Told {
  page: (page: LessonPage) => void;
  /** There is nothing to show. A page that was shown once stays. */
  failed: (error: ApiError) => void;
}

export class PageWatch {
  readonly #place: LessonPlace;
  readonly #told: Told;
  #tag = "";
  #shown = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(place: LessonPlace, told: Told) {
    this.#place = place;
    this.#told = told;
    void this.#ask();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const { kinds, name, path } = this.#place;
    let again = this.#shown;
    try {
      const answer = document.hidden && this.#shown ? null : await api.lessonPage(kinds, name, path, this.#tag);
      if (this.#closed) return;
      if (answer !== null) {
        this.#tag = answer.tag;
        this.#shown = true;
        again = answer.page.preview === true;
        this.#told.page(answer.page);
      }
    } catch (cause) {
      if (!this.#closed && !this.#shown) this.#told.failed(asApiError(cause)); // else: half a file was seen, or the server restarts
    }
    if (again && !this.#closed) this.#timer = setTimeout(() => void this.#ask(), AGAIN_MS);
  }
}
