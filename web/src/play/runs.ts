/** Runs of tasks that were told while somebody looked: the server keeps the last one alone. Pure. */

import type { TaskDetails } from "../api/types.ts";

export interface Run {
  number: number;
  at: string;
  exitCode: number | null;
  timedOut: boolean;
  durationMs: number;
  stdout: string;
  stderr: string;
}

/** Runs of a task that are remembered, and characters of each of their outputs: the end of it. */
export const MOST = 8;
const LONGEST = 4096;

export type Runs = ReadonlyMap<string, readonly Run[]>;

/** The newest first; what is known already is not told twice. */
export function remembered(known: Runs, details: Iterable<TaskDetails>): Runs {
  const all = new Map(known);
  for (const task of details) {
    const run = runOf(task);
    const before = all.get(task.name) ?? [];
    const last = before[0];
    if (run === null || (last?.at === run.at && last.number === run.number)) continue;
    all.set(task.name, [run, ...before].slice(0, MOST));
  }
  return all;
}

function runOf(task: TaskDetails): Run | null {
  if (!task.lastRunAt || task.withheld) return null;
  return {
    number: task.runs ?? 0,
    at: task.lastRunAt,
    exitCode: task.exitCode ?? null,
    timedOut: task.timedOut ?? false,
    durationMs: task.lastDurationMs ?? 0,
    stdout: (task.stdout ?? "").slice(-LONGEST),
    stderr: (task.stderr ?? "").slice(-LONGEST),
  };
}

/** How a run ended: `exit 1 after 420 ms`. */
export function outcome(run: { exitCode?: number | null; timedOut?: boolean; durationMs: number }): string {
  const took = span(run.durationMs);
  return run.timedOut ? `given up after ${took}` : `exit ${run.exitCode ?? "?"} after ${took}`;
}

function span(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
