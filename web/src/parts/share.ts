/** A link that others start the same with, and a picture for a README that leads there. */

import { html, nothing, type TemplateResult } from "lit";
import { badge, startPath } from "../play/start-link.ts";
import { PageElement } from "./element.ts";
import { Starter } from "./starter.ts";

const SAID_MS = 2000;

export class Share extends PageElement {
  static override properties = { place: {}, called: {}, copied: { state: true } };
  /** As in an address after `/start/`. */
  declare place: string;
  declare called: string;
  declare copied: string;

  constructor() {
    super();
    this.copied = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.closest("main")?.addEventListener("input", this.#changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.closest("main")?.removeEventListener("input", this.#changed);
  }

  readonly #changed = (): void => this.requestUpdate();

  #path(): string {
    const starter = [...(this.closest("main")?.querySelectorAll("labyard-start, labyard-start-lesson") ?? [])].find((each) => each instanceof Starter);
    return startPath(this.place, starter?.wanted() ?? [], starter?.typed() ?? {});
  }

  async #copy(what: string, text: string): Promise<void> {
    await navigator.clipboard.writeText(text);
    this.copied = what;
    setTimeout(() => (this.copied = ""), SAID_MS);
  }

  protected override render(): TemplateResult {
    const path = this.#path();
    return html`<details class="share" @toggle=${this.#changed}>
      <summary>Let others start this</summary>
      ${this.#line("Start link", location.origin + path)} ${this.#line("For a README", badge(location.origin, path, this.called))}
      <p class="muted">With what is chosen above. Nothing starts before they press the button; they need an account here.</p>
      <span class="hidden" role="status">${this.copied ? `${this.copied} copied` : ""}</span>
    </details>`;
  }

  #line(what: string, text: string): TemplateResult {
    return html`<p class="share-line">
      <span>${what}</span> <code tabindex="0" aria-label=${what}>${text}</code>
      ${navigator.clipboard ? html`<button class="small" aria-label="Copy: ${what}" @click=${() => void this.#copy(what, text)}>${this.copied === what ? "Copied" : "Copy"}</button>` : nothing}
    </p>`;
  }
}

customElements.define("labyard-share", Share);
