/** What machines take, made of two answers of the server, and in words. Pure. */

import type { MachineLoads } from "../api/types.ts";

export interface MachineUse {
  cpus: number;
  /** Of all its processors, from 0 to 1; null until there are two answers, and of a machine that is off. */
  cpu: number | null;
  /** Bytes; `total` null: it does not say, and `memory` is what it takes of the box. */
  memory: number | null;
  total: number | null;
}

export type Uses = ReadonlyMap<string, MachineUse>;

/** By name, those that are on. `known`: what was made of the answers before, for as long as the clock stands still. */
export function usesOf(before: MachineLoads | null, now: MachineLoads, known: Uses): Uses {
  const seconds = before === null ? 0 : now.at - before.at;
  const then = new Map(before?.machines.map((machine) => [machine.name, machine.cpuSeconds]));
  const found = new Map<string, MachineUse>();
  for (const { name, cpus, cpuSeconds, memory, memoryTotal } of now.machines) {
    if (cpuSeconds === null) continue;
    const began = then.get(name) ?? null;
    const told = began !== null && seconds > 0 && cpuSeconds >= began; // less than before: it is another process
    const cpu = told ? Math.min(1, (cpuSeconds - began) / seconds / Math.max(1, cpus)) : seconds === 0 ? (known.get(name)?.cpu ?? null) : null;
    found.set(name, { cpus, cpu, memory, total: memoryTotal });
  }
  return found;
}

export function cpuWords(use: MachineUse): string {
  return use.cpu === null ? "CPU measuring" : `CPU ${Math.round(use.cpu * 100)} %`;
}

export function memoryWords(use: MachineUse): string {
  if (use.memory === null) return "not known";
  if (use.total === null) return `${bytes(use.memory)} of the box`;
  const [part, whole] = [bytes(Math.min(use.memory, use.total)), bytes(use.total)];
  const [amount, unit] = part.split(" ");
  return unit === whole.split(" ")[1] ? `${amount} of ${whole}` : `${part} of ${whole}`;
}

/** Of its memory, from 0 to 1; null where it does not say. */
export function memoryShare(use: MachineUse): number | null {
  return use.memory === null || !use.total ? null : Math.min(1, use.memory / use.total);
}

/** `812 MiB`, `1.5 GiB`. */
export function bytes(count: number): string {
  if (count < 1 << 30) return `${Math.max(count > 0 ? 1 : 0, Math.round(count / (1 << 20)))} MiB`;
  const amount = (count / (1 << 30)).toFixed(1);
  return `${amount.endsWith(".0") ? amount.slice(0, -2) : amount} GiB`;
}
