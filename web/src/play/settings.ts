/** What one person set for this browser. A browser without storage gets the defaults each time. */

import type { Warning } from "./ending-soon.ts";
import { readSplit, type Split } from "./split.ts";

interface Settings {
  fontSize: number;
  screenReader: boolean;
  /** Of terminals; names of `terminal-themes.ts`. */
  font: string;
  theme: string;
  /** Width of the side pane in px. */
  side: number;
  /** Width of a lesson in px. */
  lesson: number;
  /** Width of an editor's list of files in px. */
  files: number;
}

const KEY = "labyard.settings";
const DEFAULTS: Settings = { fontSize: 14, screenReader: false, font: "page", theme: "page", side: 360, lesson: 560, files: 280 };
const changes = new EventTarget();

export const settings: Settings = { ...DEFAULTS, ...load(KEY) };

export function set(part: Partial<Settings>): void {
  Object.assign(settings, part);
  save(KEY, settings);
  changes.dispatchEvent(new Event("change"));
}

export function onSettings(call: () => void): () => void {
  changes.addEventListener("change", call);
  return () => changes.removeEventListener("change", call);
}

/** Terminals opened beside a machine's first, by play: they live on in the machine, so a reload shows them again. */
export function extraTerminals(play: string): Record<string, number[]> {
  return load(`labyard.terminals.${play}`) as Record<string, number[]>;
}

export function keepTerminals(play: string, extra: Record<string, number[]>): void {
  save(`labyard.terminals.${play}`, extra);
}

/** Tabs other than terminals that were opened by hand, by their keys. */
export function extraViews(play: string): string[] {
  const { views } = load(`labyard.views.${play}`) as { views?: unknown };
  return Array.isArray(views) ? views.filter((key) => typeof key === "string").slice(0, 20) : [];
}

export function keepViews(play: string, views: string[]): void {
  save(`labyard.views.${play}`, { views });
}

/** How the tabs of a play are arranged. */
export function keptSplit(play: string): Split {
  return readSplit(load(`labyard.split.${play}`));
}

export function keepSplit(play: string, split: Split): void {
  save(`labyard.split.${play}`, split);
}

/** What was open in an editor tab. */
export interface IdeMemory {
  paths: string[];
  current: string;
  /** Whether its terminal is open. */
  terminal: boolean;
}

export function ideMemory(play: string, machine: string): IdeMemory {
  const known = load(`labyard.ide.${play}.${machine}`) as Partial<IdeMemory>;
  const paths = Array.isArray(known.paths) ? known.paths.filter((path) => typeof path === "string").slice(0, 20) : [];
  return { paths, current: typeof known.current === "string" ? known.current : "", terminal: known.terminal !== false };
}

export function keepIde(play: string, machine: string, memory: IdeMemory): void {
  save(`labyard.ide.${play}.${machine}`, memory);
}

/** The warning before the end of a play that was closed, until this tab of the browser is. */
export function closedWarning(play: string): Warning | null {
  const { minutes, ends } = load(`labyard.warned.${play}`, "sessionStorage") as Partial<Record<string, unknown>>;
  return typeof minutes === "number" && typeof ends === "number" ? { minutes, ends } : null;
}

export function keepClosedWarning(play: string, warning: Warning): void {
  save(`labyard.warned.${play}`, warning, "sessionStorage");
}

type Kept = "localStorage" | "sessionStorage";

function load(key: string, storage: Kept = "localStorage"): object {
  try {
    const value: unknown = JSON.parse(globalThis[storage].getItem(key) ?? "{}");
    return value !== null && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}

function save(key: string, value: object, storage: Kept = "localStorage"): void {
  try {
    globalThis[storage].setItem(key, JSON.stringify(value));
  } catch {
    // Storage is full or forbidden: the page works, it only forgets.
  }
}
