/** Another e-mail address of one's own. It counts once a letter to it was answered. */

import { html, nothing, type TemplateResult } from "lit";
import { api, type ApiError } from "../api/client.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

export class AddressForm extends PageElement {
  static override properties = { email: {}, mail: { type: Boolean }, known: { type: Boolean }, error: { state: true }, busy: { state: true }, sent: { state: true } };
  /** Empty: none is known. */
  declare email: string;
  /** Letters leave this server. */
  declare mail: boolean;
  /** There is a password. */
  declare known: boolean;
  declare error: ApiError | null;
  declare busy: boolean;
  /** Where a letter is on its way to. */
  declare sent: string;

  constructor() {
    super();
    this.email = "";
    [this.mail, this.known, this.busy] = [false, false, false];
    this.error = null;
    this.sent = "";
  }

  async #change(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const said = new FormData(form);
    const address = String(said.get("email")).trim();
    [this.busy, this.error, this.sent] = [true, null, ""];
    try {
      await api.changeAddress(String(said.get("current") ?? ""), address);
      form.reset();
      this.sent = address;
    } catch (cause) {
      this.error = asApiError(cause);
    }
    this.busy = false;
  }

  protected override render(): TemplateResult {
    const known = this.email ? html`Letters to you go to <strong>${this.email}</strong>.` : "None is known of you.";
    if (!this.mail) return html`<p>${known} This server sends no mail: whoever runs it can change that.</p>`;
    return html`<p>${known}</p>
      <form class="stacked" @submit=${(event: SubmitEvent) => void this.#change(event)}>
        <label for="new-email">New address</label>
        <input id="new-email" name="email" type="email" autocomplete="email" maxlength="254" required />
        ${this.known
          ? html`<label for="email-current">Current password</label>
              <input id="email-current" name="current" type="password" autocomplete="current-password" maxlength="256" required />`
          : nothing}
        <button class="primary" ?disabled=${this.busy}>Write me a letter</button>
      </form>
      <p role="status">${this.sent ? `A letter to ${this.sent} is on its way. Its link, good for half an hour, makes it your address; the old one is told.` : ""}</p>
      ${this.error ? problem(this.error) : nothing}`;
  }
}

customElements.define("labyard-address", AddressForm);
