/** A calm word ten and two minutes before a play's time runs out. It takes no focus; what it says stays the same, so it is read out once. */

import { html, nothing, type TemplateResult } from "lit";
import type { Play } from "../api/types.ts";
import { warningOf, type Warning } from "../play/ending-soon.ts";
import { closedWarning, keepClosedWarning } from "../play/settings.ts";
import { clock } from "../play/time.ts";
import { PageElement } from "./element.ts";

interface EndingActs {
  stop: () => void;
  /** One more hour. */
  extend: () => void;
}

export class EndingSoon extends PageElement {
  static override properties = { play: { attribute: false }, remaining: { attribute: false }, acts: { attribute: false } };
  declare play: Play;
  /** As `remainingOf` says; told again every second. */
  declare remaining: number | null;
  declare acts: EndingActs;
  /** The end as it was first said: it is reckoned anew each second, and its minute would flicker. */
  #shown: Warning | null = null;

  #warning(): Warning | null {
    const warning = warningOf(this.play, this.remaining, Date.now(), closedWarning(this.play.id));
    if (warning === null || warning.minutes !== this.#shown?.minutes || Math.abs(warning.ends - this.#shown.ends) > 5000) this.#shown = warning;
    return this.#shown;
  }

  /** Pressed by key, the focus goes to the time that is left instead of nowhere; pressed by pointer, it never left the terminal. */
  #pressed(event: MouseEvent, act: () => void): void {
    const byKey = event.detail === 0;
    act();
    if (byKey) this.closest(".play")?.querySelector<HTMLElement>(".play-top .left")?.focus();
  }

  #close(warning: Warning): void {
    keepClosedWarning(this.play.id, warning);
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const warning = this.#warning();
    const press = (act: () => void) => (event: MouseEvent) => this.#pressed(event, act);
    return html`<div class=${warning ? "banner ending-soon" : ""} @mousedown=${(event: Event) => event.preventDefault()}>
      <div role="status">${warning
        ? html`<p><strong>Less than ${warning.minutes} minutes left.</strong> At ${clock(new Date(warning.ends))} this play is stopped; it can go on later where it was.</p>`
        : nothing}</div>
      ${warning
        ? html`<div class="ending-acts">
            <button class="small primary" title="Memory and disks; you continue exactly here" @click=${press(this.acts.stop)}>Stop, keeping everything</button>
            <button class="small" @click=${press(this.acts.extend)}>One more hour</button>
            <button class="small quiet close" aria-label="Close this warning" title="Close this warning" @click=${press(() => this.#close(warning))}>×</button>
          </div>`
        : nothing}
    </div>`;
  }
}

customElements.define("labyard-ending-soon", EndingSoon);
