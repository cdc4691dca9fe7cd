/** Figures of the admin's pages: how they are written, sorted and found. Pure. */

import type { Costly, Everybody, Use } from "./questions.ts";

/** `812 MiB`, `1.5 GiB`: bytes as people read them. */
export function size(bytes: number): string {
  let amount = bytes;
  for (const unit of ["B", "KiB", "MiB"]) {
    if (amount < 1024) return `${Math.round(amount)} ${unit}`;
    amount /= 1024;
  }
  return `${amount.toFixed(1)} GiB`;
}

/** Of the whole, from 0 to 1; nothing of nothing is 0. */
export function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0;
}

export const percent = (part: number, whole: number): string => `${Math.round(share(part, whole) * 100)} %`;

/** Cores that each play took between two answers; of plays that are in both. */
export function cores(before: Everybody | null, now: Everybody): Map<string, number> {
  const seconds = before === null ? 0 : (Date.parse(now.at) - Date.parse(before.at)) / 1000;
  const found = new Map<string, number>();
  if (before === null || !(seconds > 0)) return found;
  const known = new Map(before.plays.map((play) => [play.id, play]));
  for (const play of now.plays) {
    const then = known.get(play.id);
    if (then !== undefined && play.machines > 0 && then.machines > 0) found.set(play.id, Math.max(0, (play.cpuSeconds - then.cpuSeconds) / seconds));
  }
  return found;
}

export const SORTS = ["state", "title", "person", "age", "memory", "cpu", "disk"] as const;
export type Sort = (typeof SORTS)[number];

export interface Wish {
  /** Part of a person's handle, of a title, of a playground's name, of an id. */
  words: string;
  /** Empty: any. */
  state: string;
  sort: Sort;
  /** From the smallest, or youngest. */
  up: boolean;
}

/** What is most asked for comes first when a column is chosen. */
export const UP_AT_FIRST: Record<Sort, boolean> = { state: true, title: true, person: true, age: true, memory: false, cpu: false, disk: false };

export function wishOf(search: string): Wish {
  const asked = new URLSearchParams(search);
  const sort = SORTS.find((each) => each === asked.get("sort")) ?? "age";
  return { words: asked.get("find") ?? "", state: asked.get("state") ?? "", sort, up: asked.has("up") ? asked.get("up") === "1" : UP_AT_FIRST[sort] };
}

/** What the address says of a wish: nothing of what is usual. */
export function searchOf(wish: Wish): string {
  const said = new URLSearchParams();
  if (wish.words) said.set("find", wish.words);
  if (wish.state) said.set("state", wish.state);
  if (wish.sort !== "age") said.set("sort", wish.sort);
  if (wish.up !== UP_AT_FIRST[wish.sort]) said.set("up", wish.up ? "1" : "0");
  const text = said.toString();
  return text && `?${text}`;
}

export function personOf(play: { handle: string; bot: boolean }): string {
  return play.bot ? `${play.handle || "gone"} (bot)` : play.handle || "gone";
}

export function matching(plays: readonly Costly[], wish: Wish, cpu: ReadonlyMap<string, number>): Costly[] {
  const words = wish.words.toLowerCase().split(/\s+/).filter(Boolean);
  const found = plays.filter((play) => {
    if (wish.state && play.state !== wish.state) return false;
    const text = `${personOf(play)} ${play.title} ${play.playground} ${play.lesson} ${play.id}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const by = orderOf(wish.sort, cpu);
  return found.sort((a, b) => (wish.up ? by(a, b) : by(b, a)) || a.id.localeCompare(b.id));
}

function orderOf(sort: Sort, cpu: ReadonlyMap<string, number>): (a: Costly, b: Costly) => number {
  switch (sort) {
    case "state":
      return (a, b) => a.state.localeCompare(b.state);
    case "title":
      return (a, b) => a.title.localeCompare(b.title);
    case "person":
      return (a, b) => personOf(a).localeCompare(personOf(b));
    case "age":
      return (a, b) => b.createdAt.localeCompare(a.createdAt);
    case "memory":
      return (a, b) => (a.memory ?? -1) - (b.memory ?? -1);
    case "cpu":
      return (a, b) => (cpu.get(a.id) ?? -1) - (cpu.get(b.id) ?? -1);
    case "disk":
      return (a, b) => (a.disk ?? -1) - (b.disk ?? -1);
  }
}

/** One branch of what lies on disk: what is freed when it goes. */
export interface Branch {
  kind: string;
  title: string;
  own: number;
  uses: Use[];
}

const KINDS: Record<string, string> = {
  play: "Plays",
  snapshot: "Snapshots of plays",
  warm: "What starts go on from",
  saved: "Saved playgrounds",
  image: "Images",
  kernel: "Kernels",
};

/** The largest branch first, and in each the largest. */
export function tree(uses: readonly Use[]): Branch[] {
  const kinds = [...new Set(uses.map((use) => use.kind))];
  return kinds
    .map((kind) => {
      const of = uses.filter((use) => use.kind === kind).sort((a, b) => b.own - a.own || a.name.localeCompare(b.name));
      return { kind, title: KINDS[kind] ?? kind, own: of.reduce((sum, use) => sum + use.own, 0), uses: of };
    })
    .sort((a, b) => b.own - a.own);
}

/** Of `items`, at most `most` names, and how many more there are. */
export function named(items: readonly string[], most: number): { names: string[]; more: number } {
  return { names: items.slice(0, most), more: Math.max(0, items.length - most) };
}

export function* batches<T>(items: readonly T[], length: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += length) yield items.slice(start, start + length);
}
