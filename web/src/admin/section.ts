/** What all of the admin's pages share: ask, ask again while somebody looks, do something, and say how it went. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError } from "../api/client.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError, problem } from "../parts/problem.ts";

const REFRESH_MS = 5000;

export abstract class Section<T> extends PageElement {
  static override properties = { known: { state: true }, error: { state: true }, failure: { state: true }, busy: { state: true }, done: { state: true } };
  /** What the server said last; null: nothing yet. */
  declare known: T | null;
  /** Why the last question failed. */
  declare error: ApiError | null;
  /** Why the last thing that was to be done was not. */
  declare failure: ApiError | null;
  /** What is being done, in words. */
  declare busy: string;
  /** What was done last. */
  declare done: string;
  protected refreshMs = REFRESH_MS;
  #timer: ReturnType<typeof setInterval> | undefined;
  #asking = false;

  constructor() {
    super();
    this.known = null;
    this.error = null;
    this.failure = null;
    this.busy = "";
    this.done = "";
  }

  protected abstract ask(): Promise<T>;
  protected abstract draw(known: T): TemplateResult;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
    this.#timer = setInterval(() => document.visibilityState === "visible" && this.busy === "" && void this.load(), this.refreshMs);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  async load(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      this.known = await this.ask();
      this.error = null;
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
    this.#asking = false;
  }

  /** `words`: what is being done. `work` answers what to say when it is. */
  protected async act(words: string, work: () => Promise<string>): Promise<void> {
    if (this.busy) return;
    this.busy = words;
    this.failure = null;
    this.done = "";
    try {
      this.done = await work();
    } catch (cause) {
      this.failure = asApiError(cause);
    }
    this.busy = "";
    await this.load();
  }

  protected override render(): TemplateResult {
    return html`${this.error ? problem(this.error, () => void this.load()) : nothing}
      ${this.failure
        ? html`<div class="failure">${problem(this.failure)}<button class="small" @click=${() => (this.failure = null)}>Dismiss</button></div>`
        : nothing}
      <p class="word muted" role="status">${this.busy || this.done}</p>
      ${this.known === null ? html`<p class="slow muted">${this.error ? "" : "Asking the server…"}</p>` : this.draw(this.known)}`;
  }
}
