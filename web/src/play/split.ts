/** Tabs in one group or two, side by side or one below the other. Pure. */

import type { Tab } from "./tabs.ts";

export type Group = "first" | "second";
export type Way = "beside" | "below";

export interface Split {
  way: Way;
  /** Percent of the room that the first group has. */
  share: number;
  /** Keys of the second group's tabs, also of those that are not there just now. */
  second: readonly string[];
}

export const LEAST_SHARE = 15;
export const MOST_SHARE = 85;
const MOST_KEYS = 64;

export const WHOLE: Split = { way: "beside", share: 50, second: [] };

export interface Groups {
  first: Tab[];
  second: Tab[];
}

/** A group without tabs is none: all are then in the first. */
export function grouped(tabs: Tab[], split: Split): Groups {
  const second = tabs.filter((tab) => split.second.includes(tab.key));
  const first = tabs.filter((tab) => !split.second.includes(tab.key));
  return first.length === 0 || second.length === 0 ? { first: tabs, second: [] } : { first, second };
}

export function groupOf(groups: Groups, key: string): Group {
  return groups.second.some((tab) => tab.key === key) ? "second" : "first";
}

/** With this tab in that group. What was there before and is not any more is forgotten. */
export function put(split: Split, tabs: Tab[], key: string, group: Group): Split {
  const kept = grouped(tabs, split).second.map((tab) => tab.key).filter((each) => each !== key);
  return { ...split, second: group === "second" ? [...kept, key].slice(-MOST_KEYS) : kept };
}

/** What was kept by a browser, whatever it kept. */
export function readSplit(value: object): Split {
  const { way, share, second } = value as { way?: unknown; share?: unknown; second?: unknown };
  return {
    way: way === "below" ? "below" : "beside",
    share: typeof share === "number" && share >= LEAST_SHARE && share <= MOST_SHARE ? share : WHOLE.share,
    second: Array.isArray(second) ? second.filter((key) => typeof key === "string").slice(0, MOST_KEYS) : [],
  };
}
