/** What a file's bytes are: text that can be edited and comes back byte for byte, a picture, or neither. Pure. */

/** Larger ones are looked at in parts, and not edited. */
export const EDITABLE = 1 << 20;
export const LARGEST_PICTURE = 16 << 20;

export interface Text {
  text: string;
  /** All its lines end as on Windows. */
  crlf: boolean;
  /** It is no UTF-8, so it would not come back as it was. */
  broken: boolean;
}

/** Null: no text. */
export function textOf(bytes: Uint8Array): Text | null {
  if (bytes.subarray(0, 8000).includes(0)) return null;
  let text: string;
  let broken = false;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    broken = true;
  }
  const crlf = /\r\n/.test(text) && !/[^\r]\n|^\n|\r(?!\n)/.test(text);
  return { text: crlf ? text.replaceAll("\r\n", "\n") : text, crlf, broken };
}

export function bytesOf(text: string, crlf: boolean): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(crlf ? text.replaceAll("\n", "\r\n") : text);
}

const starts = (bytes: Uint8Array, at: number, word: string): boolean => [...word].every((letter, index) => bytes[at + index] === letter.charCodeAt(0));

/** By its first bytes, whatever it is called; null: not one that is shown. Never SVG, which is a document. */
export function pictureType(bytes: Uint8Array): string | null {
  if (starts(bytes, 0, "\x89PNG\r\n\x1a\n")) return "image/png";
  if (starts(bytes, 0, "\xff\xd8\xff")) return "image/jpeg";
  if (starts(bytes, 0, "GIF87a") || starts(bytes, 0, "GIF89a")) return "image/gif";
  if (starts(bytes, 0, "RIFF") && starts(bytes, 8, "WEBP")) return "image/webp";
  if (starts(bytes, 4, "ftypavif")) return "image/avif";
  return null;
}

/** What one step of indentation is in this text; two blanks where it has none. */
export function indentOf(text: string): string {
  const widths = new Map<number, number>();
  for (const line of text.slice(0, 100_000).split("\n")) {
    if (line.startsWith("\t")) return "\t";
    const width = /^ +(?=\S)/.exec(line)?.[0].length ?? 0;
    if (width === 2 || width === 4 || width === 8) widths.set(width, (widths.get(width) ?? 0) + 1);
  }
  const least = Math.min(...widths.keys());
  return " ".repeat(Number.isFinite(least) ? least : 2);
}

export function sizeWord(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1024;
  while (value >= 1024 && units.length > 1) {
    value /= 1024;
    units.shift();
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[0]}`;
}

/** A part of a large text without what is cut off at its ends: whole lines, and where they are. */
export function wholeLines(bytes: Uint8Array, from: number, size: number): { from: number; until: number; bytes: Uint8Array } {
  const LINE = 10;
  let start = 0;
  let end = bytes.length;
  if (from > 0) start = bytes.indexOf(LINE) + 1;
  if (from + end < size) end = bytes.lastIndexOf(LINE) + 1;
  if (end <= start) [start, end] = [0, bytes.length]; // one line is longer than the part
  return { from: from + start, until: from + end, bytes: bytes.subarray(start, end) };
}

/** The least change that makes one text of another: cursors and marks elsewhere stay where they are. */
export function difference(before: string, after: string): { from: number; to: number; insert: string } {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < most - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
