/** `<lab-open-port>`: a port of a machine. Ports are not published yet, so it says how to reach it from a terminal. */

import { css, html, nothing, type TemplateResult } from "lit";
import { frame, LessonElement } from "./frame.ts";

export class LessonOpenPort extends LessonElement {
  static override properties = { machine: {}, port: {}, https: {}, open: { state: true } };
  static override styles = [
    frame,
    css`
      button { min-height: 26px; padding: 0 10px; border-radius: 13px; font-size: 15px; }
      .how { font-size: 14px; color: var(--muted); }
      code { font-family: var(--mono); }
    `,
  ];
  declare machine: string;
  declare port: string;
  declare https: string;
  declare open: boolean;

  constructor() {
    super();
    this.machine = "";
    this.port = "";
    this.https = "";
    this.open = false;
  }

  protected override render(): TemplateResult {
    const address = `${this.https === "true" ? "https" : "http"}://localhost:${this.port || "PORT"}`;
    return html`<button aria-expanded=${this.open} @click=${() => (this.open = !this.open)}><slot></slot></button
      ><span class="how" role="status">${this.open
        ? html` This version does not publish ports yet. From a terminal${this.machine ? html` of ${this.machine}` : nothing}: <code>curl ${address}</code>`
        : nothing}</span>`;
  }
}

customElements.define("lab-open-port", LessonOpenPort);
