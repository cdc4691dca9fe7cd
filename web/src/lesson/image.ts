/** `<lab-image>`: a picture that can be looked at in full size. */

import { css, html, type TemplateResult } from "lit";
import { enlarger, enlargerStyles } from "./enlarge.ts";
import { frame, LessonElement } from "./frame.ts";

export class LessonImage extends LessonElement {
  static override styles = [frame, enlargerStyles, css`dialog img { max-width: 100%; }`];

  protected override render(): TemplateResult {
    return enlarger(html`<slot></slot>`, this);
  }
}

customElements.define("lab-image", LessonImage);
