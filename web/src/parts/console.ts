/** What a machine said on its serial line: the end of it, asked for when it is shown and again by hand. */

import { html, type PropertyValues, type TemplateResult } from "lit";
import { ApiError, api, consoleAddress } from "../api/client.ts";
import { plain } from "../play/console.ts";
import { told } from "./dialog.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";
import "../styles/looking.css";

export class ConsoleLog extends PageElement {
  static override properties = { play: {}, machine: {}, text: { state: true }, error: { state: true }, asking: { state: true } };
  declare play: string;
  declare machine: string;
  /** Null until the server has said. */
  declare text: string | null;
  declare error: ApiError | null;
  declare asking: boolean;

  constructor() {
    super();
    this.text = null;
    this.error = null;
    this.asking = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("play") && !changed.has("machine")) return;
    this.text = null;
    void this.load();
  }

  async load(): Promise<void> {
    const of = `${this.play}/${this.machine}`;
    this.asking = true;
    try {
      const text = plain(await api.console(this.play, this.machine));
      if (of !== `${this.play}/${this.machine}`) return;
      this.text = text;
      this.error = null;
    } catch (cause) {
      this.error = asApiError(cause);
    }
    this.asking = false;
    await this.updateComplete;
    const shown = this.querySelector("pre");
    shown?.scrollTo(0, shown.scrollHeight); // what came last is what is asked for
  }

  protected override render(): TemplateResult {
    if (this.error) return problem(this.error, () => void this.load());
    if (this.text === null) return html`<p class="slow muted">Asking for the console of ${this.machine}…</p>`;
    return html`<div class="console-acts">
        <button class="small" ?disabled=${this.asking} @click=${() => void this.load()}>Read it again</button>
        <a href=${consoleAddress(this.play, this.machine)} download=${`${this.machine}-console.log`}>Download it</a>
      </div>
      ${this.text === ""
        ? html`<p class="empty-line">${this.machine} has said nothing on its console.</p>`
        : html`<pre class="console" tabindex="0" role="log" aria-live="off" aria-label="Console of ${this.machine}, the newest last">${this.text}</pre>`}`;
  }
}

customElements.define("labyard-console", ConsoleLog);

export function showConsole(play: string, machine: string): Promise<void> {
  return told(`Console of ${machine}`, html`<labyard-console .play=${play} .machine=${machine}></labyard-console>`);
}
