/** Keys that a phone's keyboard lacks, under the terminal. */

import { html, type TemplateResult } from "lit";
import type { TerminalView } from "./terminal.ts";
import { PageElement } from "./element.ts";

const KEYS: [label: string, bytes: string, name: string][] = [
  ["Esc", "\x1b", "Esc"],
  ["Tab", "\t", "Tab"],
  ["↑", "\x1b[A", "↑ up"],
  ["↓", "\x1b[B", "↓ down"],
  ["←", "\x1b[D", "← left"],
  ["→", "\x1b[C", "→ right"],
  ["|", "|", "| pipe"],
  ["/", "/", "/ slash"],
  ["-", "-", "- minus"],
];

export class KeyBar extends PageElement {
  static override properties = { target: { attribute: false }, held: { state: true } };
  /** The terminal that gets the keys. */
  declare target: () => TerminalView | null;
  declare held: { ctrl: boolean; alt: boolean };

  constructor() {
    super();
    this.held = { ctrl: false, alt: false };
  }

  /** Ctrl and Alt stay pressed for one key, as on a phone nobody holds two. */
  #hold(which: "ctrl" | "alt"): void {
    this.held = { ...this.held, [which]: !this.held[which] };
    const target = this.target();
    if (target === null) return;
    target.modifier = this.held;
    target.addEventListener("modifier-used", () => (this.held = { ctrl: false, alt: false }), { once: true });
    target.focus();
  }

  protected override render(): TemplateResult {
    const holder = (which: "ctrl" | "alt", label: string): TemplateResult =>
      html`<button aria-pressed=${this.held[which]} @click=${() => this.#hold(which)}>${label}</button>`;
    const key = ([label, bytes, name]: (typeof KEYS)[number]): TemplateResult =>
      html`<button aria-label=${name} @click=${() => this.target()?.type(bytes)}>${label}</button>`;
    // Without this a tap would take the focus, and with it the phone's keyboard.
    const stay = (event: Event): void => event.preventDefault();
    return html`<div class="key-bar" role="toolbar" aria-label="Keys" @pointerdown=${stay} @mousedown=${stay}>
      ${KEYS.slice(0, 2).map(key)} ${holder("ctrl", "Ctrl")} ${holder("alt", "Alt")} ${KEYS.slice(2).map(key)}
    </div>`;
  }
}

customElements.define("labyard-keys", KeyBar);
