/** What a play's JSON means for who looks at it. Pure: no page, no network. */

import { TASK, type MachineStatus, type Play, type PlayStateWord, type PlayTask } from "../api/types.ts";
import { clock } from "./time.ts";

/** Shape and colour go together, so that neither alone must be seen. */
export type Look = "idle" | "working" | "running" | "stopped" | "failed" | "gone";

const LOOKS: Record<PlayStateWord, { look: Look; word: string }> = {
  CREATED: { look: "working", word: "Starting" },
  WARMING_UP: { look: "working", word: "Starting" },
  WARMED_UP: { look: "working", word: "Starting" },
  STARTING: { look: "working", word: "Starting" },
  RUNNING: { look: "running", word: "Running" },
  STOPPING: { look: "working", word: "Stopping" },
  STOPPED: { look: "stopped", word: "Stopped" },
  DESTROYING: { look: "working", word: "Being destroyed" },
  DESTROYED: { look: "gone", word: "Destroyed" },
  FAILED: { look: "failed", word: "Failed" },
};

/** The last event wins; a play without any was only just asked for. */
export function stateOf(play: Play): PlayStateWord {
  return play.status?.stateEvents?.at(-1)?.state ?? "CREATED";
}

export function lookOf(play: Play): { look: Look; word: string } {
  return lookOfState(stateOf(play));
}

export function lookOfState(state: string): { look: Look; word: string } {
  return LOOKS[state as PlayStateWord] ?? { look: "idle", word: state };
}

/** Empty for a code that is not known here. */
export function sentenceOf(reason: string): string {
  return REASONS[reason] ?? "";
}

/** Whether its machines may be there to talk to. A failed play's machines stay reachable. */
export function alive(play: Play): boolean {
  return !["STOPPED", "STOPPING", "DESTROYING", "DESTROYED"].includes(stateOf(play));
}

export function starting(play: Play): boolean {
  return ["CREATED", "WARMING_UP", "WARMED_UP", "STARTING"].includes(stateOf(play));
}

export function machineStatus(play: Play, name: string): MachineStatus | undefined {
  return play.status?.machines?.find((machine) => machine.name === name);
}

export function ready(machine: MachineStatus | undefined): boolean {
  return machine?.conditions?.some((condition) => condition.name === "Ready" && condition.status === "True") ?? false;
}

const MACHINE_WORDS: Record<string, string> = {
  CREATED: "Waiting to start",
  WARMING_UP: "Waking up",
  WARMED_UP: "Waking up",
  STARTING: "Booting",
  RUNNING: "Booted, getting ready",
  REBOOTING: "Rebooting",
  STOPPING: "Powering off",
  STOPPED: "Off",
};

export function machineLook(machine: MachineStatus | undefined): { look: Look; word: string } {
  if (machine === undefined) return { look: "idle", word: "Not started yet" };
  if (machine.state === "RUNNING" && ready(machine)) return { look: "running", word: "Ready" };
  const look: Look = machine.state === "STOPPED" ? "stopped" : machine.state === "CREATED" ? "idle" : "working";
  return { look, word: sentence(machine.stage ?? "") || (MACHINE_WORDS[machine.state] ?? machine.state) };
}

/** When the present stage of a machine began, in ms since 1970, when the server says so. */
export function since(machine: MachineStatus | undefined): number | null {
  const at = Date.parse(machine?.since ?? "");
  return Number.isNaN(at) ? null : at;
}

export function taskLook(status: number): { look: Look | "done"; word: string } {
  if (status === TASK.completed) return { look: "done", word: "Done" };
  if (status === TASK.failed) return { look: "failed", word: "Failed" };
  if (status === TASK.running) return { look: "working", word: "Running" };
  if (status === TASK.blocked) return { look: "idle", word: "Waiting for another" };
  return { look: "idle", word: "Waiting" };
}

export function initTasks(play: Play): PlayTask[] {
  return Object.values(play.tasks ?? {}).filter((task) => task.init && !task.helper);
}

export function openInitTasks(play: Play): PlayTask[] {
  return initTasks(play).filter((task) => task.status !== TASK.completed && task.status !== TASK.failed);
}

export function failedTasks(play: Play): PlayTask[] {
  return Object.values(play.tasks ?? {}).filter((task) => task.status === TASK.failed);
}

/** The words of `labyard.play.status.Reason`; used when the server sends the reason's code alone. */
const REASONS: Record<string, string> = {
  destroyed: "This play was destroyed by its owner.",
  stopped: "This play was stopped; it can go on where it was.",
  expired: "This play reached the end of its time and was stopped; it can go on where it was.",
  "init-task-failed": "A preparation step of this playground failed; its machines stay reachable until you destroy it.",
  "image-unavailable": "An image this playground needs could not be had.",
  "machine-never-ready": "A machine did not become ready in time.",
  "machine-gone": "A machine ended unexpectedly.",
  "no-capacity": "This box has no room for this play right now.",
  "origin-gone": "What this play was to be made from is not there, or cannot be copied as it is now.",
  "disk-budget": "This play wrote more than its share of the disk and was halted.",
  "host-restarted": "The box was restarted while this play ran; its disks are kept.",
  internal: "Something went wrong inside Labyard.",
};

export interface Ending {
  /** What happened, in one sentence. */
  sentence: string;
  /** More, when the server knows more. */
  detail: string;
  code: string;
}

const BY_STATE: Partial<Record<PlayStateWord, string>> = {
  STOPPED: "This play was stopped.",
  STOPPING: "This play is being stopped; what it was doing is kept.",
  DESTROYING: "This play is being destroyed.",
  DESTROYED: "This play was destroyed. Nothing of it is left.",
  FAILED: "This play failed, and the server gave no reason.",
};

export function ending(play: Play): Ending | null {
  const byState = BY_STATE[stateOf(play)];
  if (byState === undefined) return null;
  const code = play.status?.reason ?? "";
  const known = REASONS[code];
  const message = (play.status?.message ?? "").trim();
  const said = known ?? (message || byState);
  return { sentence: said, detail: (message.startsWith(said) ? message.slice(said.length) : message).trim(), code };
}

/** What the server says of a play that goes well so far, such as its place in the queue for room on the box. */
export function remark(play: Play): string {
  return ending(play) === null ? (bound(play) ?? (play.status?.message ?? "").trim()) : "";
}

/** A bound as a time of this browser's clock: it stays as it is while one waits, and so is read out once. */
function bound(play: Play): string | null {
  const queue = play.status?.queue;
  const latest = new Date(queue?.startsBy ?? Number.NaN);
  if (!queue || Number.isNaN(latest.getTime())) return null;
  return `Waiting for room on this box, place ${queue.place}. It begins when a play ends: ${clock(latest)} at the latest, if none is given more time.`;
}

/** Machines that have a terminal, in the playground's order. */
export function terminalMachines(play: Play): string[] {
  const without = new Set((play.playground.machines ?? []).filter((machine) => machine.noSSH).map((machine) => machine.name));
  return play.machines.map((machine) => machine.name).filter((name) => !without.has(name));
}

export function titleOf(play: Play): string {
  return play.title || play.playground.title || play.playground.name || play.id;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
