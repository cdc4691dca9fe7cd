/** What is open in an editor tab: read, kept, saved; and what is done when somebody else changed it. */

import type { ChangeSpec } from "@codemirror/state";
import { NEW, type MachineFiles } from "../api/files.ts";
import { ApiError } from "../api/client.ts";
import { bytesOf, difference, EDITABLE, textOf } from "./content.ts";
import { decided } from "./conflict.ts";
import type { EditorActs } from "./editor.ts";
import { close, dirty, open, type OpenFile, type TextFile } from "./open-file.ts";
import { within } from "./tree.ts";

export interface DeskActs {
  changed: () => void;
  failed: (cause: unknown) => void;
  /** Of the text that is shown. */
  edit: (change: ChangeSpec) => void;
  leave: () => void;
}

/** Looked at again when somebody comes back to it, but not more often. */
const FRESH_MS = 2000;

/** What lies in the machine now: its text (null: none that can be edited) and version. */
interface Theirs {
  text: string | null;
  crlf: boolean;
  version: string;
}

export class Desk {
  files: OpenFile[] = [];
  current: OpenFile | null = null;
  saving = false;
  readonly #machine: MachineFiles;
  /** Of the tab that shows it. */
  acts: DeskActs = { changed: () => {}, failed: () => {}, edit: () => {}, leave: () => {} };
  #lookedAt = 0;

  constructor(machine: MachineFiles) {
    this.#machine = machine;
  }

  /** False, and told, when it cannot be opened; `quiet`: not told. */
  async open(path: string, quiet = false): Promise<boolean> {
    if (this.files.some((file) => file.path === path)) {
      this.select(path);
      return true;
    }
    try {
      const file = await open(this.#machine, path, (own) => this.#editor(own));
      if (!this.files.some((each) => each.path === path)) this.files = [...this.files, file];
      this.select(path);
      return true;
    } catch (cause) {
      if (!quiet) this.acts.failed(cause);
      return false;
    }
  }

  select(path: string): void {
    this.current = this.files.find((file) => file.path === path) ?? this.current;
    this.acts.changed();
  }

  close(file: OpenFile): void {
    const at = this.files.indexOf(file);
    close(file);
    this.files = this.files.filter((each) => each !== file);
    if (this.current === file) this.current = this.files[Math.min(at, this.files.length - 1)] ?? null;
    this.acts.changed();
  }

  closeAll(): void {
    this.files.forEach(close);
    this.files = [];
    this.current = null;
  }

  /** A file or folder has another path now. */
  moved(from: string, to: string): void {
    for (const file of this.files) if (within(file.path, from)) file.path = to + file.path.slice(from.length);
    this.acts.changed();
  }

  /** What has changes of our own stays open: it can be written again. */
  removed(path: string): void {
    for (const file of this.files.filter((each) => within(each.path, path) && !dirty(each))) this.close(file);
  }

  /** True once it lies in the machine. Whoever changed it meanwhile loses nothing unasked. */
  async save(file: OpenFile | null = this.current): Promise<boolean> {
    if (file?.kind !== "text" || this.saving || file.broken || !file.writable) return false;
    if (!dirty(file) && !file.stale) return true;
    this.saving = true;
    this.acts.changed();
    try {
      await this.#write(file, file.version);
      return true;
    } catch (cause) {
      if (cause instanceof ApiError && cause.code === "changed") return await this.#solve(file);
      this.acts.failed(cause);
      return false;
    } finally {
      this.saving = false;
      this.acts.changed();
    }
  }

  /** Asks what is to become of a file that others have changed, too. */
  async settle(file: OpenFile): Promise<void> {
    if (file.kind === "text") await this.#solve(file);
    this.acts.changed();
  }

  /** Looks whether others have changed what is shown: without changes of our own it is simply shown as it is now. */
  async check(): Promise<void> {
    const file = this.current;
    if (file?.kind !== "text" || this.saving || performance.now() - this.#lookedAt < FRESH_MS) return;
    this.#lookedAt = performance.now();
    try {
      const look = await this.#machine.stat(file.path);
      if (look.version === file.version || this.saving) return;
      const theirs = await this.#theirs(file);
      if (theirs === null) return;
      if (theirs.text === file.saved.toString()) file.version = theirs.version;
      else if (dirty(file)) file.stale = true;
      else this.#take(file, theirs);
    } catch (cause) {
      if (cause instanceof ApiError && cause.code === "no-file") file.stale = true;
    }
    this.acts.changed();
  }

  #editor(path: string): EditorActs {
    const own = (): TextFile | undefined => this.files.find((file): file is TextFile => file.kind === "text" && file.path === path);
    return {
      now: (state) => {
        const file = this.current?.kind === "text" ? this.current : own();
        if (file === undefined) return;
        file.state = state;
        this.acts.changed();
      },
      save: () => void this.save(),
      leave: () => this.acts.leave(),
    };
  }

  async #write(file: TextFile, expected: string): Promise<void> {
    const { doc } = file.state;
    file.version = await this.#machine.write(file.path, bytesOf(doc.toString(), file.crlf), expected);
    [file.saved, file.stale, file.size] = [doc, false, doc.length];
  }

  /** Null: it is gone. */
  async #theirs(file: TextFile): Promise<Theirs | null> {
    try {
      const part = await this.#machine.read(file.path, 0, EDITABLE);
      const text = part.size > part.bytes.length ? null : textOf(part.bytes);
      return { text: text?.broken ? null : (text?.text ?? null), crlf: text?.crlf ?? false, version: part.version };
    } catch (cause) {
      if (cause instanceof ApiError && cause.code === "no-file") return null;
      throw cause;
    }
  }

  async #solve(file: TextFile): Promise<boolean> {
    try {
      const theirs = await this.#theirs(file);
      if (theirs !== null && theirs.text === file.saved.toString()) {
        await this.#write(file, theirs.version); // its times or rights are others, and nothing else
        return true;
      }
      file.stale = true;
      this.acts.changed();
      const mine = file.state.doc.toString();
      const way = await decided(file.path, mine, theirs === null ? null : (theirs.text ?? "(no text that could be shown)"));
      if (way === "mine") await this.#write(file, theirs?.version ?? NEW);
      if (way === "theirs" && theirs !== null) this.#take(file, theirs);
      return way !== "edit";
    } catch (cause) {
      this.acts.failed(cause);
      return false;
    }
  }

  /** Their text takes the place of ours, which `undo` brings back. What is none is opened anew. */
  #take(file: TextFile, theirs: Theirs): void {
    if (theirs.text === null) {
      this.close(file);
      void this.open(file.path);
      return;
    }
    const changes = difference(file.state.doc.toString(), theirs.text);
    if (file === this.current) this.acts.edit(changes);
    else file.state = file.state.update({ changes }).state;
    [file.saved, file.version, file.crlf, file.stale] = [file.state.doc, theirs.version, theirs.crlf, false];
  }
}
