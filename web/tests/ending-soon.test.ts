import assert from "node:assert/strict";
import { test } from "node:test";
import type { Play, PlayStateWord } from "../src/api/types.ts";
import { remainingOf, warningOf, type Warning } from "../src/play/ending-soon.ts";

const MINUTE = 60_000;
const NOW = 1_800_000_000_000;

function play(expiresIn: number | undefined, state: PlayStateWord = "RUNNING"): Play {
  return { id: "x", machines: [], playground: { name: "demo" }, status: { stateEvents: [{ state }] }, ...(expiresIn === undefined ? {} : { expiresIn }) } as unknown as Play;
}

/** With so many minutes left. */
function warning(minutes: number | null, closed: Warning | null = null, state: PlayStateWord = "RUNNING", now = NOW): Warning | null {
  return warningOf(play(1, state), minutes === null ? null : minutes * MINUTE, now, closed);
}

test("what is left goes down from what was told, of plays that have an end and are not over", () => {
  assert.equal(remainingOf(play(90_000), 1000, 31_000), 60_000);
  assert.equal(remainingOf(play(90_000), 1000, 101_000), -10_000);
  for (const endless of [play(undefined), play(0), play(90_000, "STOPPED"), play(90_000, "DESTROYED")]) assert.equal(remainingOf(endless, 0, 0), null);
});

test("ten minutes before, and again two minutes before", () => {
  const minutes = (left: number): number | undefined => warning(left)?.minutes;
  assert.deepEqual([60, 10.01, 10, 5, 2.01, 2, 0.1, 0, -1].map(minutes), [undefined, undefined, 10, 10, 10, 2, 2, 2, 2]);
  assert.equal(warning(9)?.ends, NOW + 9 * MINUTE);
  assert.equal(warning(null), null);
  for (const state of ["STARTING", "STOPPING", "STOPPED", "FAILED", "DESTROYED"] as const) assert.equal(warning(5, null, state), null);
});

test("one that was closed stays away, the next comes all the same", () => {
  const ten = warning(9);
  assert.equal(warning(9, ten), null);
  assert.equal(warning(4, ten, "RUNNING", NOW + 5 * MINUTE), null, "the same end, later");
  const two = warning(2, ten, "RUNNING", NOW + 7 * MINUTE);
  assert.equal(two?.minutes, 2);
  assert.equal(warning(1, two, "RUNNING", NOW + 8 * MINUTE), null);
  assert.equal(warning(2.01, two, "RUNNING", NOW + 7 * MINUTE), null, "nor does an earlier one come after it");
});

test("given more time, it goes, and the new end has warnings of its own", () => {
  const ten = warning(9);
  assert.equal(warning(69, ten), null);
  assert.deepEqual(warning(10, ten, "RUNNING", NOW + 59 * MINUTE), { minutes: 10, ends: NOW + 69 * MINUTE });
  assert.equal(warning(9.5, ten, "RUNNING", NOW)?.minutes, undefined, "half a minute is no other end");
});
