/** The files of a machine as rows of a tree, of which only those in sight are asked for and drawn. Pure. */

import type { Entry, Listing } from "../api/files.ts";

/** Entries that are asked for at once. */
export const PAGE = 500;

/** Between a folder and the place of an entry in it whose name is not known. */
const UNKNOWN = "\0";

export interface Folder {
  path: string;
  version: string;
  total: number;
  cut: boolean;
  writable: boolean;
  /** By place; a hole was not asked for yet. */
  entries: (Entry | undefined)[];
}

export interface Row {
  path: string;
  /** The folder it is in, and its place there. */
  parent: string;
  index: number;
  depth: number;
  /** Undefined: not known yet. */
  entry: Entry | undefined;
  folder: boolean;
  open: boolean;
  siblings: number;
}

export function join(folder: string, name: string): string {
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether `path` is `folder`, or somewhere in it. */
export function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

export function isFolder(entry: Entry): boolean {
  return (entry.kind === "link" ? entry.target : entry.kind) === "folder";
}

/** A folder with a part of it that was just told. What was known is forgotten when it has changed since. */
export function merged(known: Folder | undefined, part: Listing): Folder {
  const same = known !== undefined && known.version === part.version && known.total === part.total;
  const entries: (Entry | undefined)[] = same ? [...known.entries] : new Array<Entry | undefined>(part.total).fill(undefined);
  part.entries.forEach((entry, at) => (entries[part.offset + at] = entry));
  return { path: part.path, version: part.version, total: part.total, cut: part.cut, writable: part.writable, entries };
}

/** Everything below `root` that is open, from top to bottom. */
export function rowsOf(root: string, folders: ReadonlyMap<string, Folder>, open: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const add = (path: string, depth: number): void => {
    const folder = folders.get(path);
    if (folder === undefined) return;
    folder.entries.forEach((entry, index) => {
      const own = entry === undefined ? `${path}${UNKNOWN}${index}` : join(path, entry.name);
      const isOpen = entry !== undefined && isFolder(entry) && open.has(own) && !entry.odd;
      rows.push({ path: own, parent: path, index, depth, entry, folder: entry !== undefined && isFolder(entry), open: isOpen, siblings: folder.total });
      if (isOpen) add(own, depth + 1);
    });
  };
  add(root, 1);
  return rows;
}

/** The path of a row that had no name when it was chosen, once it has one. */
export function named(path: string, folders: ReadonlyMap<string, Folder>): string {
  const [folder, index] = path.split(UNKNOWN);
  const entry = index === undefined ? undefined : folders.get(folder as string)?.entries[Number(index)];
  return entry === undefined ? path : join(folder as string, entry.name);
}

/** Which parts of which folders the rows in sight lack, each once. */
export function lacking(rows: Row[]): { path: string; offset: number }[] {
  const wanted = new Map<string, { path: string; offset: number }>();
  for (const row of rows) {
    if (row.entry !== undefined) continue;
    const offset = Math.floor(row.index / PAGE) * PAGE;
    wanted.set(`${row.parent}\0${offset}`, { path: row.parent, offset });
  }
  return [...wanted.values()];
}

/** Rows that fit a window `height` high that begins at `top`, and some beyond either end. */
export function inSight(count: number, top: number, height: number, rowHeight: number, beyond = 8): { from: number; until: number } {
  const from = Math.max(0, Math.floor(top / rowHeight) - beyond);
  return { from: Math.min(from, count), until: Math.min(count, Math.ceil((top + height) / rowHeight) + beyond) };
}

/** What is wrong with a name somebody gives a file; null: nothing. */
export function nameTrouble(name: string): string | null {
  if (name === "" || name === "." || name === "..") return "Give it a name.";
  if (name.includes("/") || name.includes("\0")) return "A name has no / in it.";
  return new TextEncoder().encode(name).length > 255 ? "A name has at most 255 bytes." : null;
}
