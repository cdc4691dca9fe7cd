/** Choosing a password. The name goes along unseen, so that password managers know whose it is. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

const LEAST = 10;

export class PasswordForm extends PageElement {
  static override properties = {
    handle: {},
    known: { type: Boolean },
    error: { state: true },
    busy: { state: true },
    done: { state: true },
  };
  declare handle: string;
  /** There is one already. */
  declare known: boolean;
  declare error: ApiError | null;
  declare busy: boolean;
  declare done: boolean;

  constructor() {
    super();
    this.handle = "";
    this.known = false;
    this.error = null;
    this.busy = false;
    this.done = false;
  }

  async #change(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const told = new FormData(form);
    const [current, password] = [String(told.get("current") ?? ""), String(told.get("password"))];
    this.done = false;
    if (password !== told.get("again")) {
      this.error = new ApiError(0, { code: "bad-request", message: "The two passwords differ.", hint: "Type the same twice." });
      return;
    }
    this.busy = true;
    this.error = null;
    try {
      await api.changePassword(current, password);
      form.reset();
      this.done = true;
      this.dispatchEvent(new CustomEvent("changed"));
    } catch (cause) {
      this.error = asApiError(cause);
    }
    this.busy = false;
  }

  protected override render(): TemplateResult {
    return html`${this.known ? nothing : html`<p>You have none: you came by a link. With one you can come without.</p>`}
      <form class="stacked" @submit=${(event: SubmitEvent) => void this.#change(event)}>
        <input class="unseen" type="text" name="username" autocomplete="username" .value=${this.handle} tabindex="-1" aria-hidden="true" readonly />
        ${this.known
          ? html`<label for="current">Current password</label>
              <input id="current" name="current" type="password" autocomplete="current-password" maxlength="256" required />`
          : nothing}
        <label for="password">New password</label>
        <input id="password" name="password" type="password" autocomplete="new-password" minlength=${LEAST} maxlength="256" aria-describedby="password-hint" required />
        <small class="muted" id="password-hint">${LEAST} characters at least. Several words are good.</small>
        <label for="again">The same once more</label>
        <input id="again" name="again" type="password" autocomplete="new-password" minlength=${LEAST} maxlength="256" required />
        <button class="primary" ?disabled=${this.busy}>${this.known ? "Change the password" : "Set the password"}</button>
      </form>
      <p role="status">${this.done ? "Your password is changed. All other browsers are signed out." : ""}</p>
      ${this.error ? problem(this.error) : nothing}`;
  }
}

customElements.define("labyard-password", PasswordForm);
