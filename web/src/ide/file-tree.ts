/** The files of a machine as a tree. Only rows in sight exist, and only what they show is asked for. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { NEW, type MachineFiles } from "../api/files.ts";
import { ApiError } from "../api/client.ts";
import { confirmed } from "../parts/dialog.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError } from "../parts/problem.ts";
import { askedName } from "./ask.ts";
import { inSight, join, lacking, merged, named, nameOf, nameTrouble, PAGE, parentOf, rowsOf, within, type Folder, type Row } from "./tree.ts";
import { treeRow } from "./tree-row.ts";

export const ROW_HEIGHT = 28;
/** Looked at again when somebody comes back to it, but not more often. */
const FRESH_MS = 2000;
const MOST_UPLOADED = 256 << 20;

export class FileTree extends PageElement {
  static override properties = {
    files: {},
    machine: {},
    root: { state: true },
    at: { state: true },
    top: { state: true },
    sight: { state: true },
    working: { state: true },
  };
  declare files: MachineFiles;
  declare machine: string;
  /** Empty until the home is known. */
  declare root: string;
  /** The path that keys act on. */
  declare at: string;
  declare top: number;
  declare sight: number;
  declare working: string;
  #folders = new Map<string, Folder>();
  #open = new Set<string>();
  #asked = new Set<string>();
  #rows: Row[] = [];
  #lookedAt = 0;
  #sizes: ResizeObserver | null = null;

  constructor() {
    super();
    this.root = "";
    this.at = "";
    this.top = 0;
    this.sight = 600;
    this.working = "";
  }

  protected override firstUpdated(): void {
    void this.goTo("");
    this.#sizes = new ResizeObserver(([entry]) => (this.sight = entry?.contentRect.height ?? this.sight));
    this.#sizes.observe(this.querySelector(".tree") as HTMLElement);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#sizes?.disconnect();
  }

  override focus(): void {
    this.querySelector<HTMLElement>(".tree")?.focus();
  }

  /** Another folder at the top; without a path the user's home. */
  async goTo(path: string): Promise<void> {
    const listing = await this.#list(path, 0);
    if (listing === null) return;
    this.root = listing.path;
    this.at = "";
    this.querySelector(".tree")?.scrollTo(0, 0);
  }

  /** What is open is looked at again, unless that was just done. */
  async refresh(force = false): Promise<void> {
    if (this.root === "" || (!force && performance.now() - this.#lookedAt < FRESH_MS)) return;
    this.#lookedAt = performance.now();
    for (const path of [this.root, ...this.#open].filter((each) => within(each, this.root))) await this.#list(path, 0, true);
  }

  /** Null, and told, when it cannot be had. */
  async #list(path: string, offset: number, quiet = false): Promise<Folder | null> {
    const key = `${path}\0${offset}`;
    if (this.#asked.has(key)) return null;
    this.#asked.add(key);
    try {
      const part = await this.files.list(path, offset, PAGE);
      const folder = merged(this.#folders.get(part.path), part);
      this.#folders.set(part.path, folder);
      this.#lookedAt = performance.now();
      return folder;
    } catch (cause) {
      this.#open.delete(path);
      if (path !== this.root) this.#folders.delete(path);
      if (!quiet) this.#failed(cause);
      return null;
    } finally {
      this.#asked.delete(key);
      this.requestUpdate();
    }
  }

  #failed(cause: unknown): void {
    this.dispatchEvent(new CustomEvent<ApiError>("failed", { detail: asApiError(cause), bubbles: true }));
  }

  #openFile(path: string): void {
    this.dispatchEvent(new CustomEvent<string>("open-file", { detail: path, bubbles: true }));
  }

  #act(row: Row): void {
    this.at = row.path;
    if (row.entry === undefined || row.entry.odd) return;
    if (!row.folder) this.#openFile(row.path);
    else if (row.open) this.#open.delete(row.path);
    else {
      this.#open.add(row.path);
      void this.#list(row.path, 0);
    }
    this.requestUpdate();
  }

  #key(event: KeyboardEvent): void {
    const at = this.#rows.findIndex((row) => row.path === this.at);
    const row = this.#rows[at];
    const page = Math.max(1, Math.floor(this.sight / ROW_HEIGHT) - 1);
    const to: Record<string, number> = {
      ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.#rows.length - 1,
    };
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in to) this.#move(to[event.key] as number);
    else if (row === undefined) return;
    else if (event.key === "Enter" || event.key === " ") this.#act(row);
    else if (event.key === "ArrowRight") row.folder && !row.open ? this.#act(row) : this.#move(at + (row.open ? 1 : 0));
    else if (event.key === "ArrowLeft") row.open ? this.#act(row) : this.#move(this.#rows.findIndex((each) => each.path === row.parent));
    else if (event.key === "F2" && row.entry?.odd === false) void this.#rename(row);
    else if (event.key === "Delete" && row.entry?.odd === false) void this.#remove(row);
    else if (event.key.length === 1) this.#jump(event.key, at);
    else return;
    event.preventDefault();
  }

  #move(index: number): void {
    const place = Math.min(this.#rows.length - 1, Math.max(0, index));
    const row = this.#rows[place];
    if (row === undefined) return;
    this.at = row.path;
    const tree = this.querySelector(".tree") as HTMLElement;
    const top = place * ROW_HEIGHT;
    if (top < tree.scrollTop) tree.scrollTop = top;
    else if (top + ROW_HEIGHT > tree.scrollTop + tree.clientHeight) tree.scrollTop = top + ROW_HEIGHT - tree.clientHeight;
  }

  /** To the next name that begins with a letter. */
  #jump(letter: string, at: number): void {
    const begins = (row: Row): boolean => row.entry?.name.toLowerCase().startsWith(letter.toLowerCase()) ?? false;
    const next = this.#rows.findIndex((row, index) => index > at && begins(row));
    const found = next >= 0 ? next : this.#rows.findIndex(begins);
    if (found >= 0) this.#move(found);
  }

  /** Where something new goes. */
  #here(): string {
    const row = this.#rows.find((each) => each.path === this.at);
    return row === undefined ? this.root : row.open ? row.path : row.parent;
  }

  /** Does something, then shows the folder as it is. */
  async #done(folder: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (cause) {
      this.#failed(cause);
      return false;
    } finally {
      await this.#list(folder, 0, true);
    }
  }

  async #add(kind: "file" | "folder"): Promise<void> {
    const folder = this.#here();
    const name = await askedName({ title: `New ${kind}`, label: `Its name, in ${folder}`, value: "", act: "Make it", trouble: nameTrouble });
    if (name === null) return;
    const path = join(folder, name);
    const work = kind === "file" ? () => this.files.write(path, new Uint8Array(), NEW) : () => this.files.makeFolder(path);
    if (!(await this.#done(folder, work))) return;
    this.at = path;
    if (kind === "file") this.#openFile(path);
  }

  async #rename(row: Row): Promise<void> {
    const name = await askedName({ title: "Rename", label: `New name of ${nameOf(row.path)}`, value: nameOf(row.path), act: "Rename it", trouble: nameTrouble });
    if (name === null || name === nameOf(row.path)) return;
    const to = join(row.parent, name);
    if (!(await this.#done(row.parent, () => this.files.move(row.path, to)))) return;
    this.at = to;
    this.dispatchEvent(new CustomEvent("moved-file", { detail: { from: row.path, to }, bubbles: true }));
  }

  async #remove(row: Row): Promise<void> {
    const deep = row.folder && row.entry?.kind === "folder";
    const text = deep ? "The folder goes with all that is in it. This cannot be undone." : "This cannot be undone.";
    if (!(await confirmed({ title: `Delete “${nameOf(row.path)}”?`, text, act: "Delete it", danger: true }))) return;
    if (!(await this.#done(row.parent, () => this.files.remove(row.path, deep)))) return;
    this.#open.delete(row.path);
    this.at = row.parent;
    this.dispatchEvent(new CustomEvent<string>("removed-file", { detail: row.path, bubbles: true }));
  }

  async #upload(chosen: FileList | null): Promise<void> {
    const folder = this.#here();
    for (const file of chosen ?? []) {
      if (file.size > MOST_UPLOADED) {
        this.#failed(new ApiError(413, { code: "too-large", message: `${file.name} has more than 256 MiB.`, hint: "Fetch it from within the machine." }));
        continue;
      }
      this.working = `Uploading ${file.name}…`;
      await this.#done(folder, () => this.files.write(join(folder, file.name), file, NEW));
    }
    this.working = "";
  }

  protected override willUpdate(): void {
    this.at = named(this.at, this.#folders); // a row that was not known yet is known by its name now
    this.#rows = rowsOf(this.root, this.#folders, this.#open);
  }

  protected override updated(): void {
    const { from, until } = inSight(this.#rows.length, this.top, this.sight, ROW_HEIGHT);
    for (const part of lacking(this.#rows.slice(from, until))) void this.#list(part.path, part.offset);
  }

  #bar(): TemplateResult {
    const current = this.#rows.find((row) => row.path === this.at && row.entry !== undefined && !row.entry.odd);
    const picked = (event: Event): void => {
      const input = event.target as HTMLInputElement;
      void this.#upload(input.files).then(() => (input.value = ""));
    };
    const typed = (event: Event): void => void this.goTo((event.target as HTMLInputElement).value.trim());
    return html`<div class="tree-bar">
      <input class="tree-path" aria-label="Folder" title="Go to another folder: type its path" spellcheck="false" autocomplete="off" .value=${this.root} @change=${typed} />
      <div class="tree-acts">
        <button class="small" title="The folder above" ?disabled=${this.root === "/" || this.root === ""} @click=${() => void this.goTo(parentOf(this.root))}>Up</button>
        <button class="small" title="A new file" ?disabled=${this.root === ""} @click=${() => void this.#add("file")}>+ File</button>
        <button class="small" ?disabled=${this.root === ""} @click=${() => void this.#add("folder")}>+ Folder</button>
        <label class="button small">Upload<input class="hidden" type="file" multiple ?disabled=${this.root === ""} aria-label="Upload files" @change=${picked} /></label>
        <button class="small" title="F2" ?disabled=${current === undefined} @click=${() => current && void this.#rename(current)}>Rename</button>
        <button class="small" title="Delete" ?disabled=${current === undefined} @click=${() => current && void this.#remove(current)}>Delete</button>
        <button class="small" @click=${() => void this.refresh(true)}>Refresh</button>
      </div>
      <p role="status" class="muted tree-working">${this.working}</p>
    </div>`;
  }

  protected override render(): TemplateResult {
    const { from, until } = inSight(this.#rows.length, this.top, this.sight, ROW_HEIGHT);
    const root = this.#folders.get(this.root);
    const active = this.#rows.findIndex((row) => row.path === this.at);
    return html`${this.#bar()}
      <div
        class="tree"
        role="tree"
        tabindex="0"
        aria-label="Files of ${this.machine}"
        aria-activedescendant=${active >= from && active < until ? `tree-row-${this.machine}-${active}` : nothing}
        @keydown=${this.#key}
        @scroll=${(event: Event) => (this.top = (event.target as HTMLElement).scrollTop)}
        @focus=${() => (this.at ||= this.#rows[Math.ceil(this.top / ROW_HEIGHT)]?.path ?? "")}
      >
        <div class="tree-space" role="presentation" style="height: ${this.#rows.length * ROW_HEIGHT}px">
          ${repeat(
            this.#rows.slice(from, until),
            (row) => row.path,
            (row, at) => treeRow(row, { id: `tree-row-${this.machine}-${from + at}`, top: (from + at) * ROW_HEIGHT, active: row.path === this.at, act: () => this.#act(row) }),
          )}
        </div>
        ${root === undefined ? html`<p class="muted slow tree-note">Asking ${this.machine} for its files…</p>` : nothing}
        ${root?.total === 0 ? html`<p class="muted tree-note">This folder is empty.</p>` : nothing}
        ${root?.cut ? html`<p class="muted tree-note">Only ${root.total} files of this folder are shown.</p>` : nothing}
      </div>`;
  }
}

customElements.define("labyard-file-tree", FileTree);
