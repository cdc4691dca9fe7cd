/** `<lab-image>`: a picture that can be looked at in full size. */

import { css, html, type TemplateResult } from "lit";
import { frame, LessonElement } from "./frame.ts";

export class LessonImage extends LessonElement {
  static override styles = [
    frame,
    css`
      .frame { position: relative; display: flow-root; }
      .frame > button { position: absolute; top: 6px; right: 6px; min-height: 26px; padding: 0 8px; font-size: 13px; opacity: 0; }
      .frame:hover > button, .frame:focus-within > button { opacity: 1; }
      @media (hover: none) { .frame > button { opacity: 1; } }
      dialog { max-width: 96vw; max-height: 96vh; padding: 12px; background: var(--surface); border: 1px solid var(--line-strong); border-radius: 8px; }
      dialog::backdrop { background: rgb(0 0 0 / 60%); }
      dialog img { display: block; max-width: 100%; height: auto; margin-bottom: 8px; }
    `,
  ];

  #open(): void {
    const dialog = this.renderRoot.querySelector("dialog");
    const shown = dialog?.querySelector("img");
    const image = this.querySelector("img");
    if (!dialog || !shown || !image) return;
    shown.src = image.src;
    shown.alt = image.alt;
    dialog.showModal();
  }

  protected override render(): TemplateResult {
    return html`<div class="frame"><slot></slot><button @click=${() => this.#open()}>Enlarge</button></div>
      <dialog aria-label="The picture in full size"><img alt="" /><form method="dialog"><button>Close</button></form></dialog>`;
  }
}

customElements.define("lab-image", LessonImage);
