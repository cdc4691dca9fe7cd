/** A play's ports that a browser can open: look what listens, expose, open, remove. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Play, Port, ScannedPort } from "../api/types.ts";
import { portAddress } from "../play/tabs.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

export class Ports extends PageElement {
  static override properties = {
    play: { attribute: false },
    ports: { state: true },
    found: { state: true },
    busy: { state: true },
    error: { state: true },
  };
  declare play: Play;
  /** Null until the server has said. */
  declare ports: Port[] | null;
  /** What listens, as the last look said; null: nobody looked. */
  declare found: ScannedPort[] | null;
  /** What is being done, in words. */
  declare busy: string;
  declare error: ApiError | null;
  #asked = "";

  constructor() {
    super();
    this.ports = null;
    this.found = null;
    this.busy = "";
    this.error = null;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("play") || this.play.id === this.#asked) return;
    this.#asked = this.play.id;
    this.ports = this.found = null;
    void this.#do("", async () => undefined);
  }

  /** Something, and then what is exposed since. */
  async #do(busy: string, work: () => Promise<unknown>): Promise<void> {
    const id = this.play.id;
    this.busy = busy;
    this.error = null;
    try {
      await work();
      const ports = await api.ports(id);
      if (id === this.play.id) this.ports = ports;
    } catch (cause) {
      this.error = asApiError(cause);
    }
    this.busy = "";
  }

  #expose(port: { machine: string; number: number; tls?: boolean; access?: string }): Promise<void> {
    return this.#do(`Exposing port ${port.number}…`, () => api.expose(this.play.id, port));
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const told = new FormData(form);
    const port = { machine: String(told.get("machine")), number: Number(told.get("number")), tls: told.has("tls"), access: told.has("public") ? "public" : "private" };
    void this.#expose(port).then(() => this.error ?? form.reset());
  }

  #row(port: Port): TemplateResult {
    const address = portAddress(this.play.id, port, location);
    const tab = this.play.playground.tabs?.some((each) => each.kind === "http-port" && each.machine === port.machine && each.number === port.number);
    return html`<li>
      <a href=${address} target="_blank" rel="noopener noreferrer">${port.number} of ${port.machine}</a>
      <span class="muted">${port.access === "public" ? "for everybody" : "for you"}${port.tls ? ", TLS" : ""}</span>
      ${tab
        ? nothing
        : html`<button class="small quiet" aria-label=${`Expose port ${port.number} of ${port.machine} no more`} @click=${() => void this.#do("Removing…", () => api.unexpose(this.play.id, port.id))}>Remove</button>`}
    </li>`;
  }

  #listening(): TemplateResult | typeof nothing {
    if (this.found === null) return nothing;
    const known = new Set((this.ports ?? []).map((port) => `${port.machine} ${port.number}`));
    const found = this.found.filter((port) => !known.has(`${port.machine} ${port.number}`));
    if (found.length === 0) return html`<p class="muted">Nothing else listens.</p>`;
    return html`<ul class="ports" aria-label="What listens">
      ${found.map((port) => html`<li>
        <span>${port.number} of ${port.machine}</span><span class="muted">${port.protocol === "TCP" ? "no web page" : port.protocol}${port.where ? `, ${port.where}` : ""}</span>
        ${port.protocol === "TCP"
          ? nothing
          : html`<button class="small" aria-label=${`Expose port ${port.number} of ${port.machine}`} @click=${() => void this.#expose({ machine: port.machine, number: port.number, tls: port.protocol === "HTTPS" })}>Expose</button>`}
      </li>`)}
    </ul>`;
  }

  protected override render(): TemplateResult {
    const machines = this.play.machines.map((machine) => machine.name);
    const look = async (): Promise<void> => {
      this.found = await api.scan(this.play.id);
    };
    return html`${this.ports?.length ? html`<ul class="ports" aria-label="Exposed ports">${this.ports.map((port) => this.#row(port))}</ul>` : nothing}
      ${this.#listening()}
      <form class="ports-form" @submit=${this.#submit}>
        <label>Machine <select name="machine">${machines.map((name) => html`<option>${name}</option>`)}</select></label>
        <label>Port <input name="number" type="number" min="1" max="65535" required inputmode="numeric" /></label>
        <label class="check"><input name="tls" type="checkbox" /> TLS</label>
        <label class="check"><input name="public" type="checkbox" /> For everybody who knows the address</label>
        <div class="ports-buttons">
          <button ?disabled=${this.busy !== ""}>Expose</button>
          <button type="button" ?disabled=${this.busy !== ""} @click=${() => void this.#do("Asking what listens…", look)}>What listens?</button>
        </div>
      </form>
      <p class="muted" role="status">${this.busy}</p>
      ${this.error ? problem(this.error) : nothing}`;
  }
}

customElements.define("labyard-ports", Ports);
