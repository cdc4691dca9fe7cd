/** Moments of a play: whether one can be kept now, and what snapshots may be called. Pure. */

import type { Play, Snapshot } from "../api/types.ts";
import { machineStatus, stateOf } from "./state.ts";

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** As the server's policy has it by default; it says so itself when it has another. */
export const SNAPSHOTS_MOST = 32;

const REASONS: Partial<Record<ReturnType<typeof stateOf>, string>> = {
  STOPPING: "It is being stopped: wait until it is.",
  DESTROYING: "It is being destroyed.",
  DESTROYED: "Nothing of it is left.",
};

/** Why it cannot be forked, snapshotted or rewound just now; null when it can. */
export function whyNotKept(play: Play): string | null {
  const state = stateOf(play);
  if (state === "RUNNING" || state === "STOPPED") return null;
  if (state !== "FAILED") return REASONS[state] ?? "It is still starting: wait until it runs.";
  const off = play.machines.every((machine) => machineStatus(play, machine.name)?.state === "STOPPED");
  return off ? null : "It failed: stop it first.";
}

/** What is wrong with a name for a new snapshot; null: nothing. */
export function nameTrouble(name: string, taken: readonly Snapshot[]): string | null {
  if (!NAME.test(name)) return "Small letters, digits, “.”, “_” and “-”, at most 63, beginning with a letter or digit.";
  if (taken.some((snapshot) => snapshot.name === name)) return `There is a snapshot “${name}” already.`;
  return null;
}

/** A name nobody has to think of. */
export function freeName(taken: readonly Snapshot[]): string {
  const names = new Set(taken.map((snapshot) => snapshot.name));
  let number = taken.length + 1;
  while (names.has(`snapshot-${number}`)) number += 1;
  return `snapshot-${number}`;
}

/** The button that brings a stopped play back: whoever stopped it goes on where it was, a box that went down lost the memory. */
export function goOnWord(play: Play): string {
  return ["stopped", "expired"].includes(play.status?.reason ?? "") ? "Continue" : "Start it again";
}
