/** A text that is too large to be edited: looked at through a window of some hundred KiB, and followed while it grows. */

import { EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { highlightSelectionMatches, openSearchPanel, search } from "@codemirror/search";
import { html, type TemplateResult } from "lit";
import type { MachineFiles } from "../api/files.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError } from "../parts/problem.ts";
import { sizeWord, wholeLines } from "./content.ts";
import { base } from "./editor.ts";
import type { LargeFile } from "./open-file.ts";
import { nameOf } from "./tree.ts";

/** Bytes that are looked at once. */
const WINDOW = 512 << 10;
const FOLLOW_MS = 1000;

export class LargePane extends PageElement {
  static override properties = { files: {}, file: {}, active: { type: Boolean }, from: { state: true }, until: { state: true }, size: { state: true }, following: { state: true } };
  declare files: MachineFiles;
  declare file: LargeFile;
  declare active: boolean;
  /** What is shown, in bytes of the file. */
  declare from: number;
  declare until: number;
  declare size: number;
  declare following: boolean;
  #view: EditorView | null = null;
  #clock: ReturnType<typeof setInterval> | undefined;
  #asking = false;

  constructor() {
    super();
    this.from = 0;
    this.until = 0;
    this.size = 0;
    this.following = false;
  }

  override focus(): void {
    this.#view?.focus();
  }

  protected override firstUpdated(): void {
    this.#view = new EditorView({ state: this.#state(""), parent: this.querySelector(".text-host") as HTMLElement });
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("file")) {
      this.#follow(false);
      void this.show(0);
    }
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    this.#view?.destroy();
    this.#view = null;
  }

  #state(text: string): EditorState {
    const extensions: Extension[] = [
      base,
      EditorState.readOnly.of(true),
      EditorView.lineWrapping,
      search({ top: true }),
      highlightSelectionMatches(),
      EditorView.contentAttributes.of({ "aria-label": `${nameOf(this.file?.path ?? "")}, a part of it`, tabindex: "0" }),
    ];
    return EditorState.create({ doc: text, extensions });
  }

  /** The window that begins at a byte, or with the line it is in. `mark`: a line of it that begins there is selected. */
  async show(from: number, mark: number | null = null): Promise<void> {
    const start = Math.max(0, Math.min(from, Math.max(0, this.size - 1)));
    await this.#ask(start, (text, at) => {
      this.#view?.setState(this.#state(text));
      if (mark !== null) this.#mark(mark - at, text);
    });
  }

  async #ask(start: number, draw: (text: string, from: number) => void): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const part = await this.files.read(this.file.path, start, WINDOW);
      const lines = wholeLines(part.bytes, part.from, part.size);
      [this.from, this.until, this.size] = [lines.from, lines.until, part.size];
      draw(new TextDecoder().decode(lines.bytes), lines.from);
    } catch (cause) {
      this.#follow(false);
      this.dispatchEvent(new CustomEvent("failed", { detail: asApiError(cause), bubbles: true }));
    } finally {
      this.#asking = false;
    }
  }

  /** Selects the line that begins so many bytes into the text. */
  #mark(bytes: number, text: string): void {
    const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, Math.max(0, bytes)));
    const line = this.#view?.state.doc.lineAt(Math.min(before.length, this.#view.state.doc.length));
    if (line === undefined) return;
    this.#view?.dispatch({ selection: { anchor: line.from, head: line.to }, effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
    this.focus();
  }

  async #end(): Promise<void> {
    const size = (await this.files.stat(this.file.path).catch(() => null))?.entry.size ?? this.size;
    this.size = size;
    await this.#ask(Math.max(0, size - WINDOW), (text) => this.#showEnd(text));
  }

  #showEnd(text: string): void {
    const view = this.#view;
    view?.setState(this.#state(text));
    view?.dispatch({ effects: EditorView.scrollIntoView(view.state.doc.length, { y: "end" }) });
  }

  #follow(on: boolean): void {
    clearInterval(this.#clock);
    this.following = on;
    if (!on) return;
    void this.#end();
    this.#clock = setInterval(() => void this.#grown(), FOLLOW_MS);
  }

  /** Asks only while it is looked at; what was cut is begun anew. */
  async #grown(): Promise<void> {
    if (!this.active || document.visibilityState !== "visible" || this.#asking) return;
    const look = await this.files.stat(this.file.path).catch(() => null);
    if (look === null || !this.following || look.entry.size === this.until) return;
    await this.#end();
  }

  protected override render(): TemplateResult {
    const step = (to: number) => (): void => {
      this.#follow(false);
      void this.show(to);
    };
    const slide = (event: Event): void => step((this.size * Number((event.target as HTMLInputElement).value)) / 1000)();
    const end = (): void => {
      this.#follow(false);
      void this.#end();
    };
    return html`<div class="large-bar">
        <span class="muted">${sizeWord(this.size)}, shown in parts and not edited</span>
        <button class="small" ?disabled=${this.from === 0} @click=${step(0)}>Start</button>
        <button class="small" ?disabled=${this.from === 0} @click=${step(this.from - WINDOW)}>Earlier</button>
        <input type="range" min="0" max="1000" aria-label="Place in the file" aria-valuetext=${`${sizeWord(this.from)} of ${sizeWord(this.size)}`} .value=${String(this.size ? Math.round((this.from / this.size) * 1000) : 0)} @change=${slide} />
        <button class="small" ?disabled=${this.until >= this.size} @click=${step(this.until)}>Later</button>
        <button class="small" @click=${end}>End</button>
        <button class="small" aria-pressed=${this.following} @click=${() => this.#follow(!this.following)}>Follow</button>
        <button class="small" @click=${() => this.#view && openSearchPanel(this.#view)}>Find in this part</button>
        <span class="muted" role="status">${sizeWord(this.from)} to ${sizeWord(this.until)}</span>
      </div>
      <div class="text-host"></div>`;
  }
}

customElements.define("labyard-large-pane", LargePane);
