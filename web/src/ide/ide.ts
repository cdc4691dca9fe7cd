/** An editor tab: the files of a machine, what is open of them, and a terminal below. Loaded when one is looked at. */

import "../styles/ide.css";
import type { ChangeSpec } from "@codemirror/state";
import { html, nothing, type TemplateResult } from "lit";
import { MachineFiles, type Match } from "../api/files.ts";
import type { ApiError } from "../api/client.ts";
import { divider } from "../parts/divider.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError, problem } from "../parts/problem.ts";
import type { TerminalView } from "../parts/terminal.ts";
import { ideMemory, keepIde, set, settings } from "../play/settings.ts";
import { askedWay } from "./ask.ts";
import { Desk } from "./desk.ts";
import type { FileSearch } from "./file-search.ts";
import type { FileTree } from "./file-tree.ts";
import type { LargePane } from "./large-pane.ts";
import { dirty, type OpenFile } from "./open-file.ts";
import type { TextPane } from "./text-pane.ts";
import { fileBar, statusBar, shown } from "./bars.ts";
import { nameOf } from "./tree.ts";
import "../parts/key-bar.ts";
import "./file-search.ts";
import "./file-tree.ts";
import "./large-pane.ts";
import "./text-pane.ts";

/** Px; and of the editor's whole width. */
const LEAST_FILES = 180;
const MOST_FILES = 0.6;

type Pane = "side" | "editor" | "terminal";

/** By play and machine: those that are shown, and those that hold what is not saved though their tab is gone, as when a play stops. */
const desks = new Map<string, Desk>();
const used = new Set<string>();

addEventListener("beforeunload", (event) => {
  if ([...desks.values()].some((desk) => desk.files.some(dirty))) event.preventDefault();
});

export class Ide extends PageElement {
  static override properties = {
    play: {},
    machine: {},
    active: { type: Boolean },
    side: { state: true },
    pane: { state: true },
    terminal: { state: true },
    failure: { state: true },
    opening: { state: true },
  };
  declare play: string;
  declare machine: string;
  declare active: boolean;
  declare side: "files" | "search";
  /** On a phone: what is seen. */
  declare pane: Pane;
  declare terminal: boolean;
  declare failure: ApiError | null;
  declare opening: string;
  #files: MachineFiles | null = null;
  #desk: Desk | null = null;
  #key = "";

  constructor() {
    super();
    this.active = false;
    this.side = "files";
    this.pane = "side";
    this.terminal = true;
    this.failure = null;
    this.opening = "";
  }

  override focus(): void {
    const shown = this.querySelector<HTMLElement>("labyard-text-pane, labyard-large-pane, .shown-file");
    if (shown?.offsetParent) shown.focus();
    else this.querySelector<FileTree>("labyard-file-tree")?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("play") || changed.has("machine")) void this.#begin();
    if (changed.has("active") && this.active && this.#desk) void this.#lookAgain();
  }

  /** What was open in this browser before is opened again. */
  async #begin(): Promise<void> {
    this.#leave();
    const files = (this.#files = new MachineFiles(this.play, this.machine));
    const acts = {
      changed: () => this.#changed(),
      failed: (cause: unknown) => (this.failure = asApiError(cause)),
      edit: (change: ChangeSpec) => this.#text()?.change(change),
      leave: () => this.dispatchEvent(new CustomEvent("leave", { bubbles: true })),
    };
    this.#key = `${this.play}/${this.machine}`;
    while (used.has(this.#key)) this.#key += "+"; // a second tab of the same machine
    used.add(this.#key);
    this.#desk = desks.get(this.#key) ?? new Desk(files);
    this.#desk.acts = acts;
    desks.set(this.#key, this.#desk);
    const memory = ideMemory(this.play, this.machine);
    this.terminal = memory.terminal;
    void import("../parts/terminal.ts").catch((cause: unknown) => (this.failure = asApiError(cause)));
    for (const path of memory.paths) await this.#desk.open(path, true);
    if (memory.current) this.#desk.select(memory.current);
  }

  /** What is not saved is kept for when somebody comes back. */
  #leave(): void {
    used.delete(this.#key);
    if (this.#desk === null || this.#desk.files.some(dirty)) return;
    this.#desk.closeAll();
    desks.delete(this.#key);
  }

  #changed(): void {
    const desk = this.#desk;
    if (desk) keepIde(this.play, this.machine, { paths: desk.files.map((file) => file.path), current: desk.current?.path ?? "", terminal: this.terminal });
    this.requestUpdate();
  }

  /** Others work on these files, too: looked at when somebody comes back, never in between. */
  async #lookAgain(): Promise<void> {
    await this.updateComplete;
    await this.querySelector<FileTree>("labyard-file-tree")?.refresh();
    await this.#desk?.check();
  }

  #text(): TextPane | null {
    return this.querySelector<TextPane>("labyard-text-pane");
  }

  async #open(path: string): Promise<void> {
    this.opening = path;
    const opened = await this.#desk?.open(path);
    this.opening = "";
    if (!opened) return;
    this.pane = "editor";
    await this.updateComplete;
    this.focus();
  }

  async #openMatch(match: Match): Promise<void> {
    await this.#open(match.path);
    const file = this.#desk?.current;
    await this.updateComplete;
    if (file?.path !== match.path) return;
    if (file.kind === "text") this.#text()?.reveal(match.line, match.column, match.length);
    if (file.kind === "large") void this.querySelector<LargePane>("labyard-large-pane")?.show(match.at > 4096 ? match.at - 4096 : 0, match.at);
  }

  async #close(file: OpenFile): Promise<void> {
    if (dirty(file)) {
      const way = await askedWay(`Save “${nameOf(file.path)}”?`, "What was changed in it is not saved yet.", [["stay", "Go on editing"], ["drop", "Do not save"], ["save", "Save"]]);
      if (way === "stay" || (way === "save" && !(await this.#desk?.save(file)))) return;
    }
    this.#desk?.close(file);
  }

  #pressed(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (event.target as Element).closest("labyard-terminal")) return;
    const acts: Record<string, () => void> = {
      KeyS: () => void this.#desk?.save(),
      "shift KeyF": () => void this.#show("search"),
      "shift KeyE": () => void this.#show("files"),
      Backquote: () => void this.#toggleTerminal(),
    };
    const act = acts[`${event.shiftKey ? "shift " : ""}${event.code}`];
    if (act === undefined || event.defaultPrevented) return;
    event.preventDefault();
    act();
  }

  async #show(side: "files" | "search"): Promise<void> {
    this.side = side;
    this.pane = "side";
    await this.updateComplete;
    this.querySelector<FileTree | FileSearch>(side === "files" ? "labyard-file-tree" : "labyard-file-search")?.focus();
  }

  async #toggleTerminal(): Promise<void> {
    this.terminal = !this.terminal;
    this.#changed();
    await this.updateComplete;
    if (this.terminal) this.#shell()?.focus();
  }

  #shell = (): TerminalView | null => this.querySelector<TerminalView>("labyard-terminal");

  #sidePane(files: MachineFiles): TemplateResult {
    const one = (side: "files" | "search", word: string, keys: string): TemplateResult =>
      html`<button class="small" aria-pressed=${this.side === side} title=${keys} @click=${() => void this.#show(side)}>${word}</button>`;
    const root = this.querySelector<FileTree>("labyard-file-tree")?.root ?? "";
    return html`<aside class="ide-side" aria-label="Files of ${this.machine}" @focusin=${() => void this.#lookAgain()}>
      <div class="ide-ways">${one("files", "Files", "Ctrl+Shift+E")}${one("search", "Search", "Ctrl+Shift+F")}</div>
      <labyard-file-tree ?hidden=${this.side !== "files"} .files=${files} .machine=${this.machine}></labyard-file-tree>
      <labyard-file-search ?hidden=${this.side !== "search"} .files=${files} .machine=${this.machine} .root=${root}></labyard-file-search>
    </aside>`;
  }

  #editor(files: MachineFiles, desk: Desk): TemplateResult {
    const file = desk.current;
    return html`<div class="ide-editor">
      ${fileBar(desk.files, file, { select: (one) => desk.select(one.path), close: (one) => void this.#close(one) })}
      ${this.opening ? html`<p class="muted slow ide-note" role="status">Opening ${this.opening}…</p>` : nothing}
      ${this.failure ? html`<div class="failure">${problem(this.failure)}<button class="small" @click=${() => (this.failure = null)}>Dismiss</button></div>` : nothing}
      <div class="ide-text">${file === null ? html`<p class="muted ide-note">Choose a file at the left. Ctrl+Shift+F looks for text in all of them.</p>` : shown(file, files, this.active)}</div>
      ${file === null ? nothing : statusBar(file, { save: () => void desk.save(file), saving: desk.saving, solve: () => void desk.settle(file), download: files.download(file.path) })}
    </div>`;
  }

  #divider(): TemplateResult {
    const [from, wide] = [this.getBoundingClientRect().left, this.clientWidth || innerWidth];
    return divider({
      label: "Width of the list of files",
      width: () => settings.files,
      least: LEAST_FILES,
      most: Math.max(LEAST_FILES, wide * MOST_FILES),
      at: (event) => event.clientX - from,
      keep: (width) => {
        set({ files: width });
        this.requestUpdate();
      },
    });
  }

  protected override render(): TemplateResult {
    const [files, desk] = [this.#files, this.#desk];
    if (files === null || desk === null) return html``;
    const one = (pane: Pane, word: string): TemplateResult => html`<button class="small" aria-pressed=${this.pane === pane} @click=${() => (this.pane = pane)}>${word}</button>`;
    return html`<div class="ide" style="--files: ${settings.files}px" data-pane=${this.pane} ?data-terminal=${this.terminal}
        @keydown=${this.#pressed}
        @failed=${(event: CustomEvent<ApiError>) => (this.failure = event.detail)}
        @open-file=${(event: CustomEvent<string>) => void this.#open(event.detail)}
        @open-match=${(event: CustomEvent<Match>) => void this.#openMatch(event.detail)}
        @moved-file=${(event: CustomEvent<{ from: string; to: string }>) => desk.moved(event.detail.from, event.detail.to)}
        @removed-file=${(event: CustomEvent<string>) => desk.removed(event.detail)}
      >
      <nav class="ide-panes phone-only" aria-label="Parts of the editor">${one("side", "Files")}${one("editor", "Editor")}${one("terminal", "Shell")}</nav>
      ${this.#sidePane(files)}${this.#divider()}
      <div class="ide-main">
        ${this.#editor(files, desk)}
        <section class="ide-shell" aria-label="Terminal below the editor">
          <button class="small quiet wide-only" aria-expanded=${this.terminal} title="Ctrl+\`" @click=${() => void this.#toggleTerminal()}>${this.terminal ? "Hide" : "Show"} the terminal</button>
          ${this.terminal || this.pane === "terminal"
            ? html`<labyard-terminal .play=${this.play} .machine=${this.machine} .terminal=${"ide"} .active=${false}></labyard-terminal>
                <labyard-keys class="phone-only" .target=${this.#shell}></labyard-keys>`
            : nothing}
        </section>
      </div>
    </div>`;
  }
}

customElements.define("labyard-ide", Ide);
