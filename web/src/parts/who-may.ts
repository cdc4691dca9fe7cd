/** Who may find, read, start something, and read its solutions: shown, and changed by whose it is. */

import { html, nothing, type TemplateResult } from "lit";
import { ask, type ApiError } from "../api/client.ts";
import { CHOICES, choiceOf, DEEDS, permissionsOf, wordsOf, type Choice, type Permission, type Rules } from "../play/who-may.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

export class WhoMay extends PageElement {
  static override properties = {
    plural: {},
    name: {},
    rules: { state: true },
    chosen: { state: true },
    error: { state: true },
    busy: { state: true },
    done: { state: true },
  };
  /** `challenges`, ..., or `playgrounds`. */
  declare plural: string;
  declare name: string;
  declare rules: Rules | null;
  /** What is chosen and not saved. */
  declare chosen: Partial<Record<Permission, Choice>>;
  declare error: ApiError | null;
  declare busy: boolean;
  declare done: string;

  constructor() {
    super();
    [this.rules, this.error, this.busy, this.done] = [null, null, false, ""];
    this.chosen = {};
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#ask("GET", "");
  }

  async #ask(method: "GET" | "PATCH" | "DELETE", done: string, body?: unknown): Promise<void> {
    this.busy = true;
    this.error = null;
    this.done = "";
    try {
      this.rules = await ask<Rules>(method, `/api/access/${this.plural}/${encodeURIComponent(this.name)}`, body);
      this.chosen = {};
      this.done = done;
    } catch (cause) {
      this.error = asApiError(cause);
    }
    this.busy = false;
  }

  #save = (event: SubmitEvent): void => {
    event.preventDefault();
    const said = new FormData(event.target as HTMLFormElement);
    const words = permissionsOf(this.plural).map((permission) => [permission, wordsOf(said.get(permission) as Choice, String(said.get(`${permission}-some`) ?? ""))]);
    void this.#ask("PATCH", "Saved.", Object.fromEntries(words));
  };

  protected override render(): TemplateResult {
    const { rules } = this;
    return html`${rules === null
        ? html`<p class="slow muted">${this.error ? "" : "Asking the server…"}</p>`
        : html`<form class="stacked" @submit=${this.#save}>
            ${permissionsOf(this.plural).map((permission) => this.#row(permission, rules[permission]))}
            <p class="muted">Its author and admins always may, unless nobody does.${this.plural === "playgrounds" ? "" : " Whoever starts it must be allowed to start its playground as well."}</p>
            <div class="dialog-buttons">
              ${rules.own ? html`<button type="button" ?disabled=${this.busy} @click=${() => void this.#ask("DELETE", "As it was at first.")}>As at first</button>` : nothing}
              <button class="primary" ?disabled=${this.busy}>Save</button>
            </div>
          </form>`}
      <p role="status">${this.done}</p>
      ${this.error ? problem(this.error) : nothing}`;
  }

  #row(permission: Permission, words: string[]): TemplateResult {
    const known = choiceOf(words);
    const choice = this.chosen[permission] ?? known.choice;
    const change = (event: Event): void => {
      this.chosen = { ...this.chosen, [permission]: (event.target as HTMLSelectElement).value as Choice };
    };
    return html`<label for=${permission}>Who may ${DEEDS[permission]}</label>
      <select id=${permission} name=${permission} @change=${change}>
        ${(Object.keys(CHOICES) as Choice[]).map((each) => html`<option value=${each} ?selected=${each === choice}>${CHOICES[each]}</option>`)}
      </select>
      ${choice === "some"
        ? html`<input name="${permission}-some" aria-label="Who may ${DEEDS[permission]}: names" required maxlength="2000" autocapitalize="none" spellcheck="false" placeholder="ada, bob, instructor" .value=${known.text} />`
        : nothing}`;
  }
}

customElements.define("labyard-who-may", WhoMay);
