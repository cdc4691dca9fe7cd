/** How terminals look in this browser: size, font and colours, each as soon as it is chosen. */

import { html, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { onSettings, set, settings } from "../play/settings.ts";
import { FONTS, LARGEST, SMALLEST, THEMES, fontSize, paletteOf } from "../play/terminal-themes.ts";
import { told } from "./dialog.ts";
import { PageElement } from "./element.ts";
import { terminalFont } from "./mono-font.ts";
import "../styles/looking.css";

export class TerminalSettings extends PageElement {
  #forget = (): void => {};

  override connectedCallback(): void {
    super.connectedCallback();
    this.#forget = onSettings(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#forget();
  }

  protected override render(): TemplateResult {
    const palette = paletteOf(settings.theme);
    const { fontFamily } = terminalFont();
    const style = `font: ${settings.fontSize}px ${fontFamily.replaceAll('"', "'")}; ${palette ? `color: ${palette.fg}; background: ${palette.bg}` : ""}`;
    const chosen = (event: Event): string => (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
    return html`<div class="stacked term-settings">
      <label for="term-size">Size of text, ${SMALLEST} to ${LARGEST} pixels</label>
      <input id="term-size" type="number" min=${SMALLEST} max=${LARGEST} .value=${live(String(settings.fontSize))} @change=${(event: Event) => set({ fontSize: fontSize(Number.parseInt(chosen(event), 10)) })} />
      <label for="term-font">Font, where this computer has it</label>
      <select id="term-font" @change=${(event: Event) => set({ font: chosen(event) })}>
        ${Object.entries(FONTS).map(([key, font]) => html`<option value=${key} ?selected=${settings.font === key}>${font.name}</option>`)}
      </select>
      <label for="term-theme">Colours</label>
      <select id="term-theme" @change=${(event: Event) => set({ theme: chosen(event) })}>
        <option value="page" ?selected=${palette === null}>As the page: light or dark as the system is</option>
        ${Object.entries(THEMES).map(([key, theme]) => html`<option value=${key} ?selected=${settings.theme === key}>${theme.name}</option>`)}
      </select>
      <p class="term-sample" style=${style}>laborant@node-01:~$ ip route</p>
      <p class="muted">Remembered in this browser.</p>
    </div>`;
  }
}

customElements.define("labyard-terminal-settings", TerminalSettings);

export function showTerminalSettings(): Promise<void> {
  return told("Terminals", html`<labyard-terminal-settings></labyard-terminal-settings>`);
}
