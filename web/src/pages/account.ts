/** One's own account: password, where one is signed in, tokens. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Account } from "../api/types.ts";
import { confirmed } from "../parts/dialog.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError, problem } from "../parts/problem.ts";
import "../parts/address.ts";
import "../parts/password.ts";
import "../parts/tokens.ts";

export class AccountPage extends PageElement {
  static override properties = { account: { state: true }, error: { state: true } };
  declare account: Account | null;
  declare error: ApiError | null;

  constructor() {
    super();
    this.account = null;
    this.error = null;
    document.title = "Your account · Labyard";
    void this.#load();
  }

  async #load(): Promise<void> {
    this.error = null;
    try {
      this.account = await api.account();
    } catch (cause) {
      this.#failed(cause);
    }
  }

  #failed(cause: unknown): void {
    this.error = asApiError(cause);
    if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
  }

  /** On a phone the head of the page has no room for it. */
  async #signOut(): Promise<void> {
    try {
      await api.logout();
      this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    } catch (cause) {
      this.#failed(cause);
    }
  }

  async #signOutEverywhere(): Promise<void> {
    const sure = await confirmed({
      title: "Sign out everywhere?",
      text: "Every browser that is signed in as you is signed out, this one too. Plays go on, and tokens stay.",
      act: "Sign out everywhere",
    });
    if (!sure) return;
    try {
      await api.signOutEverywhere();
      this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    } catch (cause) {
      this.#failed(cause);
    }
  }

  protected override render(): TemplateResult {
    return html`<main class="page narrow">
      <h1>Your account</h1>
      ${this.error ? problem(this.error, () => void this.#load()) : nothing}
      ${this.account ? this.#shown(this.account) : html`<p class="slow muted">${this.error ? "" : "Asking the server…"}</p>`}
    </main>`;
  }

  #shown(account: Account): TemplateResult {
    const browsers = account.sessions === 1 ? "One browser is" : `${account.sessions} browsers are`;
    return html`<section aria-label="Who you are">
        <p>You are <strong>${account.handle}</strong>${account.email ? html`, ${account.email}` : nothing}: ${account.role}.</p>
      </section>
      ${account.hasAccount
        ? html`<section aria-labelledby="address-title">
            <h2 id="address-title">E-mail address</h2>
            <labyard-address .email=${account.email} .mail=${account.mail} .known=${account.hasPassword}></labyard-address>
          </section>
          <section aria-labelledby="password-title">
            <h2 id="password-title">Password</h2>
            <labyard-password .handle=${account.handle} .known=${account.hasPassword} @changed=${() => void this.#load()}></labyard-password>
          </section>`
        : html`<p>You own this box, so you need no password: <code>labyard signin-link</code> lets you in.</p>`}
      <section aria-labelledby="sessions-title">
        <h2 id="sessions-title">Where you are signed in</h2>
        <p>${browsers} signed in as you.</p>
        <div class="buttons">
          <button class="phone-only" @click=${() => void this.#signOut()}>Sign out</button>
          <button @click=${() => void this.#signOutEverywhere()}>Sign out everywhere</button>
        </div>
      </section>
      <section aria-labelledby="tokens-title">
        <h2 id="tokens-title">Tokens</h2>
        <p>For programs, and for the command line on other computers (<code>LABYARD_TOKEN</code>).</p>
        <labyard-tokens></labyard-tokens>
      </section>`;
  }
}

customElements.define("labyard-account", AccountPage);
