/** `<lab-open-port>`: opens a port of a machine in a new window. The page that holds the lesson does it. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { PortWish } from "../play/lesson.ts";
import { frame, LessonElement } from "./frame.ts";

export class LessonOpenPort extends LessonElement {
  static override properties = { machine: {}, port: {}, https: {} };
  static override styles = [frame, css`button { min-height: 26px; padding: 0 10px; border-radius: 13px; font-size: 15px; }`];
  declare machine: string;
  declare port: string;
  declare https: string;

  constructor() {
    super();
    this.machine = "";
    this.port = "";
    this.https = "";
  }

  #open(): void {
    const detail: PortWish = { machine: this.machine, number: Number(this.port), tls: this.https === "true" };
    this.dispatchEvent(new CustomEvent("open-port", { bubbles: true, composed: true, detail }));
  }

  protected override render(): TemplateResult {
    const unplayed = this.closest(".unplayed") !== null;
    const why = unplayed ? "It is there once the lesson is started" : nothing;
    return html`<button ?disabled=${unplayed} title=${why} @click=${() => this.#open()}><slot></slot></button>`;
  }
}

customElements.define("lab-open-port", LessonOpenPort);
