/** Finding words in what a terminal has shown: a bar above it, whose code is loaded when somebody looks for something. */

import type { Terminal } from "@xterm/xterm";
import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "./element.ts";

interface Finder {
  findNext: (words: string, options?: { incremental?: boolean }) => boolean;
  findPrevious: (words: string) => boolean;
  clearDecorations: () => void;
}

export class TerminalSearch extends PageElement {
  static override properties = { xterm: { attribute: false }, found: { state: true } };
  declare xterm: Terminal;
  /** Whether the words are there; null: nothing was asked. */
  declare found: boolean | null;
  #finder: Promise<Finder> | null = null;

  constructor() {
    super();
    this.found = null;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    void this.#finder?.then((finder) => finder.clearDecorations());
  }

  protected override firstUpdated(): void {
    this.querySelector("input")?.focus();
  }

  #loaded(): Promise<Finder> {
    this.#finder ??= import("@xterm/addon-search").then(({ SearchAddon }) => {
      const addon = new SearchAddon();
      this.xterm.loadAddon(addon);
      return addon;
    });
    return this.#finder;
  }

  async #find(how: "typed" | "next" | "previous"): Promise<void> {
    const words = this.querySelector("input")?.value ?? "";
    if (words === "") {
      this.xterm.clearSelection();
      this.found = null;
      return;
    }
    const finder = await this.#loaded();
    // The newest output is at the end: what was just said is looked for first.
    this.found = how === "next" ? finder.findNext(words) : finder.findPrevious(words);
  }

  #key(event: KeyboardEvent): void {
    if (event.key === "Escape") this.#close();
    else if (event.key === "Enter") void this.#find(event.shiftKey ? "next" : "previous");
    else return;
    event.preventDefault();
  }

  #close(): void {
    this.dispatchEvent(new CustomEvent("search-ended", { bubbles: true }));
  }

  protected override render(): TemplateResult {
    return html`<search class="term-search">
      <input type="search" aria-label="Find in this terminal" placeholder="Find" maxlength="200" spellcheck="false" autocapitalize="off"
        @input=${() => void this.#find("typed")} @keydown=${this.#key} />
      <span class="muted" role="status">${this.found === false ? "Not found" : nothing}</span>
      <button class="small" title="Enter" @click=${() => void this.#find("previous")}>Earlier</button>
      <button class="small" title="Shift+Enter" @click=${() => void this.#find("next")}>Later</button>
      <button class="small quiet" title="Escape" @click=${this.#close}>Close</button>
    </search>`;
  }
}

customElements.define("labyard-terminal-search", TerminalSearch);
