/** The editor of the text that is shown. One for all open texts: each has its own state, with its own history. */

import { EditorSelection, type ChangeSpec, type EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { html, type TemplateResult } from "lit";
import { PageElement } from "../parts/element.ts";
import { colour } from "./editor.ts";
import type { TextFile } from "./open-file.ts";
import { nameOf } from "./tree.ts";

export class TextPane extends PageElement {
  static override properties = { file: {}, now: {} };
  declare file: TextFile;
  /** What the file's text is; another than the view has when it was changed from outside. */
  declare now: EditorState;
  #view: EditorView | null = null;

  override focus(): void {
    this.#view?.focus();
  }

  /** To a line, counted from 1, and what is in it. */
  reveal(line: number, column: number, length: number): void {
    const view = this.#view;
    if (view === null) return;
    const found = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
    const from = Math.min(found.to, found.from + column);
    const selection = EditorSelection.single(from, Math.min(found.to, from + length));
    view.dispatch({ selection, effects: EditorView.scrollIntoView(from, { y: "center" }) });
    view.focus();
  }

  change(changes: ChangeSpec): void {
    this.#view?.dispatch({ changes });
  }

  protected override firstUpdated(): void {
    this.#view = new EditorView({ state: this.file.state, parent: this.querySelector(".text-host") as HTMLElement });
    this.#colour();
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    const view = this.#view;
    if (view === null || view.state === this.file.state) return;
    const left = changed.get("file") as TextFile | undefined;
    if (left) left.scroll = view.scrollSnapshot();
    view.setState(this.file.state);
    if (!changed.has("file")) return;
    if (this.file.scroll) view.dispatch({ effects: this.file.scroll });
    this.#colour();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#view?.destroy();
    this.#view = null;
  }

  #colour(): void {
    if (this.#view) void colour(this.#view, nameOf(this.file.path), this.file.language);
  }

  protected override render(): TemplateResult {
    return html`<div class="text-host"></div>`;
  }
}

customElements.define("labyard-text-pane", TextPane);
