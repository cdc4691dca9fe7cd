/** Tokens of one's own: which there are, a new one (shown once), the end of one. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Token } from "../api/types.ts";
import { confirmed } from "./dialog.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

const AREAS: [string, string][] = [
  ["playground", "plays and playgrounds"],
  ["learning", "lessons and progress"],
  ["author", "writing lessons"],
  ["account", "who you are, and ending tokens"],
];
const ENDS: [string, string][] = [
  ["30", "after 30 days"],
  ["90", "after 90 days"],
  ["365", "after a year"],
  ["", "never"],
];

export class TokenList extends PageElement {
  static override properties = { tokens: { state: true }, fresh: { state: true }, error: { state: true }, busy: { state: true } };
  declare tokens: Token[] | null;
  /** The secret of the one just made. */
  declare fresh: string;
  declare error: ApiError | null;
  declare busy: boolean;

  constructor() {
    super();
    this.tokens = null;
    this.fresh = "";
    this.error = null;
    this.busy = false;
    void this.#try(async () => undefined);
  }

  /** Do something, and look again at what there is. */
  async #try(work: () => Promise<unknown>): Promise<void> {
    this.error = null;
    this.busy = true;
    try {
      await work();
      this.tokens = await api.tokens();
    } catch (cause) {
      this.error = asApiError(cause);
    }
    this.busy = false;
  }

  async #make(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const told = new FormData(form);
    const days = String(told.get("days"));
    await this.#try(async () => {
      const made = await api.makeToken(String(told.get("name")), told.getAll("scope").map(String), days ? Number(days) : null);
      this.fresh = made.accessToken;
      form.reset();
    });
  }

  async #end(token: Token): Promise<void> {
    const text = "Whatever uses it is shut out at once.";
    if (!(await confirmed({ title: `End the token “${token.name}”?`, text, act: "End it", danger: true }))) return;
    await this.#try(() => api.endToken(token.id));
  }

  protected override render(): TemplateResult {
    return html`${this.error ? problem(this.error) : nothing}
      ${this.fresh
        ? html`<div class="once" role="status">
            <p><strong>Copy it now: it is not shown again.</strong></p>
            <pre><code id="fresh-token">${this.fresh}</code></pre>
            <p><button class="small" @click=${() => void navigator.clipboard.writeText(this.fresh)}>Copy</button></p>
          </div>`
        : nothing}
      ${this.#listed()} ${this.#form()}`;
  }

  #listed(): TemplateResult | typeof nothing {
    if (this.tokens === null) return nothing;
    if (this.tokens.length === 0) return html`<p class="empty-line">You have no tokens. Make one below.</p>`;
    return html`<ul class="tokens">
      ${this.tokens.map(
        (token) => html`<li>
          <strong>${token.name}</strong>
          <span class="muted">${token.scope.join(", ") || "everything you may"}</span>
          <span class="muted">${token.expiresAt ? `until ${token.expiresAt.slice(0, 10)}` : "does not end"}</span>
          <button class="small" aria-label="End ${token.name}" @click=${() => void this.#end(token)}>End</button>
        </li>`,
      )}
    </ul>`;
  }

  #form(): TemplateResult {
    return html`<form class="stacked" @submit=${(event: SubmitEvent) => void this.#make(event)}>
      <label for="token-name">What the new one is for</label>
      <input id="token-name" name="name" maxlength="200" autocomplete="off" placeholder="laptop" required />
      <fieldset>
        <legend>What it is good for</legend>
        ${AREAS.map(([area, words]) => html`<label><input type="checkbox" name="scope" value="${area}:write" />${words}</label>`)}
        <small class="muted">None chosen: everything you may.</small>
      </fieldset>
      <label for="token-days">It ends</label>
      <select id="token-days" name="days">
        ${ENDS.map(([days, words]) => html`<option value=${days}>${words}</option>`)}
      </select>
      <button class="primary" ?disabled=${this.busy}>Make a token</button>
    </form>`;
  }
}

customElements.define("labyard-tokens", TokenList);
