/** `<lab-slides>`: its figures, one at a time. */

import { css, html, nothing, type TemplateResult } from "lit";
import { frame, LessonElement } from "./frame.ts";

export class LessonSlides extends LessonElement {
  static override properties = { at: { state: true } };
  static override styles = [frame, css`.moves { display: flex; align-items: center; gap: 12px; margin-top: 8px; }`];
  declare at: number;

  constructor() {
    super();
    this.at = 0;
  }

  #figures(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>(":scope > figure")];
  }

  protected override updated(): void {
    this.#figures().forEach((figure, index) => (figure.hidden = index !== this.at));
  }

  protected override render(): TemplateResult {
    const count = this.#figures().length;
    const move = (step: number) => (): void => void (this.at = (this.at + step + count) % count);
    return html`<slot></slot>
      ${count > 1
        ? html`<div class="moves" role="group" aria-label="Pictures">
            <button @click=${move(-1)}>Previous</button><button @click=${move(1)}>Next</button>
            <span class="muted" role="status">${this.at + 1} of ${count}</span>
          </div>`
        : nothing}`;
  }
}

customElements.define("lab-slides", LessonSlides);
