/** `<lab-open-tab>`: goes to a tab of the play, or opens a terminal. The page that holds the lesson does it. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { TabWish } from "../play/lesson.ts";
import { frame, LessonElement } from "./frame.ts";

export class LessonOpenTab extends LessonElement {
  static override properties = { machine: {}, name: {}, fresh: { attribute: "new" } };
  static override styles = [frame, css`button { min-height: 26px; padding: 0 10px; border-radius: 13px; font-size: 15px; }`];
  declare machine: string;
  declare name: string;
  declare fresh: string;

  constructor() {
    super();
    this.machine = "";
    this.name = "";
    this.fresh = "";
  }

  #open(): void {
    const detail: TabWish = { machine: this.machine, name: this.name, fresh: this.fresh === "true" };
    this.dispatchEvent(new CustomEvent("open-tab", { bubbles: true, composed: true, detail }));
  }

  protected override render(): TemplateResult {
    const unplayed = this.closest(".unplayed") !== null;
    const why = unplayed ? "It is there once the lesson is started" : nothing;
    return html`<button ?disabled=${unplayed} title=${why} @click=${() => this.#open()}><slot></slot></button>`;
  }
}

customElements.define("lab-open-tab", LessonOpenTab);
