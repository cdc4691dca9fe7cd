/** A file that is open: what was read of it, and what became of it here. */

import type { Compartment, EditorState, StateEffect, Text } from "@codemirror/state";
import type { MachineFiles, Part } from "../api/files.ts";
import { EDITABLE, LARGEST_PICTURE, pictureType, textOf } from "./content.ts";
import { editing, type EditorActs } from "./editor.ts";
import { nameOf } from "./tree.ts";

interface Common {
  path: string;
  size: number;
  /** What was seen of it last: what is written replaces this, or nothing. */
  version: string;
  writable: boolean;
}

export interface TextFile extends Common {
  kind: "text";
  state: EditorState;
  language: Compartment;
  /** The text as it lies in the machine, as far as is known here. */
  saved: Text;
  crlf: boolean;
  /** No UTF-8: looked at, not edited. */
  broken: boolean;
  /** Somebody else has changed it, and so have we. */
  stale: boolean;
  /** Where it was scrolled to when another one was chosen. */
  scroll?: StateEffect<unknown>;
}

export interface LargeFile extends Common {
  kind: "large";
}

export interface Picture extends Common {
  kind: "picture";
  /** `blob:`, to be revoked when it is closed. */
  url: string;
}

export interface Other extends Common {
  kind: "binary";
}

export type OpenFile = TextFile | LargeFile | Picture | Other;

export function dirty(file: OpenFile): boolean {
  return file.kind === "text" && !file.state.doc.eq(file.saved);
}

export async function open(files: MachineFiles, path: string, acts: (path: string) => EditorActs): Promise<OpenFile> {
  const part = await files.read(path, 0, EDITABLE);
  const common: Common = { path, size: part.size, version: part.version, writable: part.writable };
  const type = pictureType(part.bytes);
  if (type !== null && part.size <= LARGEST_PICTURE) {
    const whole = part.bytes.length < part.size ? await files.read(path, 0, LARGEST_PICTURE) : part;
    return { ...common, kind: "picture", url: URL.createObjectURL(new Blob([whole.bytes], { type })) };
  }
  const text = textOf(part.bytes);
  if (text === null) return { ...common, kind: "binary" };
  if (part.size > part.bytes.length) return { ...common, kind: "large" };
  return textFile(common, part, acts(path));
}

/** A text that was read whole. */
function textFile(common: Common, part: Part, acts: EditorActs): TextFile | Other {
  const text = textOf(part.bytes);
  if (text === null) return { ...common, kind: "binary" };
  const { state, language } = editing(nameOf(common.path), text.text, text.broken || !common.writable, acts);
  return { ...common, kind: "text", state, language, saved: state.doc, crlf: text.crlf, broken: text.broken, stale: false };
}

export function close(file: OpenFile): void {
  if (file.kind === "picture") URL.revokeObjectURL(file.url);
}
