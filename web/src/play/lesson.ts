/** The lesson a play belongs to, how its tasks stand, and what its elements ask for. Pure. */

import { TASK, type LessonPage, type Play, type PlayTask } from "../api/types.ts";
import type { LessonKind } from "../router.ts";
import type { Look } from "./state.ts";
import type { Tab } from "./tabs.ts";

/** Where a lesson's page is asked for: `GET /api/{kinds}/{name}/page[?path=]`. */
export interface LessonPlace {
  kinds: LessonKind;
  name: string;
  path: string;
}

export function lessonOf(play: Play): LessonPlace | null {
  if (play.challengeName) return { kinds: "challenges", name: play.challengeName, path: "" };
  if (play.tutorialName) return { kinds: "tutorials", name: play.tutorialName, path: "" };
  if (play.courseName) return { kinds: "courses", name: play.courseName, path: play.lessonPath ?? "" };
  return null;
}

/** What the server calls the lesson of a play when a new attempt is asked for. */
export function lessonKey(play: Play): string {
  const place = lessonOf(play);
  if (place === null) return "";
  return [place.kinds.replace(/s$/, ""), place.name, place.path].filter(Boolean).join("/");
}

/** Whether its author changed tasks or machines since; a side that says nothing is not doubted. */
export function outOfDate(page: LessonPage, play: Play): boolean {
  return Boolean(page.playDigest && play.playDigest && page.playDigest !== play.playDigest);
}

/** Tasks that can no longer be completed, with what `failcheck` said. */
export function failures(play: Play): { name: string; why: string }[] {
  const failed = Object.values(play.tasks ?? {}).filter((task) => !task.helper && !task.init && task.status === TASK.failed);
  return failed.map((task) => ({ name: task.name, why: (task.hint ?? "").trim() }));
}

/** Those a learner solves: neither preparation nor helpers. */
export function lessonTasks(play: Play): PlayTask[] {
  return Object.values(play.tasks ?? {}).filter((task) => !task.init && !task.helper);
}

export interface LessonProgress {
  done: number;
  total: number;
  failed: boolean;
}

export function lessonProgress(play: Play): LessonProgress {
  const tasks = lessonTasks(play);
  const count = (status: number): number => tasks.filter((task) => task.status === status).length;
  return { done: count(TASK.completed), total: tasks.length, failed: count(TASK.failed) > 0 };
}

/** Of the tasks in the order of the page: the first open one after `last`, or from the top again; null when none is open. */
export function nextOpen(shown: string[], play: Play, last: string | null): string | null {
  const open = (name: string): boolean => {
    const task = play.tasks?.[name];
    return task !== undefined && !task.init && task.status !== TASK.completed && task.status !== TASK.failed;
  };
  const at = last === null ? -1 : shown.indexOf(last);
  return [...shown.slice(at + 1), ...shown.slice(0, at + 1)].find(open) ?? null;
}

export interface TaskBox {
  state: "unknown" | "waiting" | "open" | "failed" | "completed";
  look: Look | "done";
  word: string;
  /** What the learner can be told meanwhile. */
  hint: string;
}

/** `failcheck` found it broken for good. */
const FAILED = "It cannot be completed in this play any more. Start afresh to try again.";

/** Beside no play there is nothing to be told yet. */
const UNPLAYED: TaskBox = { state: "waiting", look: "idle", word: "Task", hint: "" };

/** What a task's box says. A regular task that runs is open: it is checked again and again until it passes. */
export function taskBox(task: PlayTask | undefined, played = true): TaskBox {
  if (!played) return UNPLAYED;
  if (task === undefined) return { state: "unknown", look: "idle", word: "Not part of this play", hint: "" };
  const hint = (task.hint ?? "").trim();
  switch (task.status) {
    case TASK.completed:
      return { state: "completed", look: "done", word: "Completed", hint: "" };
    case TASK.failed:
      return { state: "failed", look: "failed", word: "Failed", hint: hint || FAILED };
    case TASK.blocked:
      return { state: "waiting", look: "idle", word: "Waiting for another task", hint: "" };
    case TASK.running:
      return { state: "open", look: "working", word: task.init ? "Being prepared" : "Open", hint };
    default:
      return { state: "waiting", look: "idle", word: task.init ? "Waiting to be prepared" : "Open, not checked yet", hint };
  }
}

/** What `:tab{...}` asks for. */
export interface TabWish {
  machine: string;
  name: string;
  fresh: boolean;
}

/** What `:http-port{...}` asks for. `machine` empty: the first. */
export interface PortWish {
  machine: string;
  number: number;
  tls: boolean;
}

/** The tab to go to, or the machine to open a terminal on; null when the play has neither. */
export function tabFor(wish: TabWish, tabs: Tab[], machines: string[]): { key: string } | { machine: string } | null {
  const named = (tab: Tab): boolean => tab.label === wish.name || tab.key === wish.name;
  const byName = wish.name ? tabs.find(named) : undefined;
  if (byName && !wish.fresh) return { key: byName.key };
  if (wish.name && !byName && !wish.machine) return null;
  const machine = wish.machine || (byName?.kind === "terminal" ? byName.machine : machines[0]);
  if (machine === undefined || !machines.includes(machine)) return null;
  const open = wish.fresh ? undefined : tabs.find((tab) => tab.kind === "terminal" && tab.machine === machine);
  return open ? { key: open.key } : { machine };
}

/** What a learner would type of a console's text: commands without their prompt; all of it when there is none. */
export function commandsOf(text: string): string {
  const commands = text.split("\n").filter((line) => /^\s*[$#] /.test(line));
  return commands.length === 0 ? text : commands.map((line) => line.replace(/^\s*[$#] /, "")).join("\n");
}

/** Whether an answer looks like one, as far as the author says; a pattern that cannot be read says nothing. */
export function looksRight(value: string, pattern: string): boolean {
  if (value === "") return false;
  try {
    return pattern === "" || new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}
