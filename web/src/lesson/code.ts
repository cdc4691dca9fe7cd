/** `<lab-code>`: code with its label, and a button that copies it. */

import { css, html, nothing, type TemplateResult } from "lit";
import { commandsOf } from "../play/lesson.ts";
import { frame, LessonElement } from "./frame.ts";

const SAID_MS = 2000;

export class LessonCode extends LessonElement {
  static override properties = { label: {}, language: {}, said: { state: true } };
  static override styles = [
    frame,
    css`
      :host { position: relative; }
      .label { display: block; width: max-content; max-width: 100%; padding: 2px 10px; color: var(--muted); background: var(--raised); border: 1px solid var(--line); border-bottom: 0; border-radius: 6px 6px 0 0; font: 13px var(--mono); }
      button { position: absolute; right: 6px; bottom: 6px; min-height: 26px; padding: 0 8px; font-size: 13px; opacity: 0; }
      :host(:hover) button, :host(:focus-within) button { opacity: 1; }
      @media (hover: none) { button { opacity: 1; } }
    `,
  ];
  declare label: string;
  declare language: string;
  declare said: string;

  constructor() {
    super();
    this.label = "";
    this.language = "";
    this.said = "";
  }

  async #copy(): Promise<void> {
    const text = this.querySelector("code")?.textContent?.replace(/\n$/, "") ?? "";
    try {
      await navigator.clipboard.writeText(this.language === "console" ? commandsOf(text) : text);
      this.said = "Copied";
    } catch {
      this.said = "Not copied: the browser forbids it";
    }
    setTimeout(() => (this.said = ""), SAID_MS);
  }

  protected override render(): TemplateResult {
    return html`${this.label ? html`<span class="label">${this.label}</span>` : nothing}<slot></slot>
      ${navigator.clipboard ? html`<button aria-live="polite" @click=${() => void this.#copy()}>${this.said || "Copy"}</button>` : nothing}`;
  }
}

customElements.define("lab-code", LessonCode);
