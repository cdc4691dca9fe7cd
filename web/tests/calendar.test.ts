import assert from "node:assert/strict";
import { test } from "node:test";
import { dayWords, weeksOf } from "../src/play/calendar.ts";

test("weeks begin on Monday and end today", () => {
  const weeks = weeksOf([], "2026-11-26"); // a Thursday
  assert.equal(weeks.length, 53);
  assert.deepEqual(weeks.at(-1)?.cells.map(({ day }) => day), ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]);
  assert.ok(weeks.slice(0, -1).every(({ cells }) => cells.length === 7));
  assert.equal(weeks[0]?.cells[0]?.day, "2025-11-24");
  for (const [day, count] of [["2026-11-23", 1], ["2026-11-29", 7]] as const) assert.equal(weeksOf([], day).at(-1)?.cells.length, count);
});

test("every day of a year is there once, over leap days and years", () => {
  for (const today of ["2024-03-01", "2025-01-01", "2026-12-31"]) {
    const days = weeksOf([], today).flatMap(({ cells }) => cells.map(({ day }) => day));
    assert.equal(new Set(days).size, days.length);
    assert.deepEqual([...days].sort(), days);
    assert.ok(days.length > 365 && days.at(-1) === today);
  }
  assert.ok(weeksOf([], "2024-03-01").some(({ cells }) => cells.some(({ day }) => day === "2024-02-29")));
});

test("months stand where they begin", () => {
  const months = weeksOf([], "2026-11-26").map(({ month }) => month).filter(Boolean);
  assert.deepEqual(months.slice(0, 2), ["2025-12", "2026-01"]);
  assert.equal(months.length, 12);
});

test("what was done shows", () => {
  const days = [
    { day: "2026-11-24", began: 4, solved: 0 },
    { day: "2026-11-25", began: 0, solved: 1 },
    { day: "2026-11-26", began: 1, solved: 3 },
  ];
  assert.deepEqual(weeksOf(days, "2026-11-26").at(-1)?.cells.map(({ level }) => level), [0, 1, 2, 3]);
  assert.equal(dayWords(days[2]!), "1 begun, 3 solved");
  assert.equal(dayWords({ began: 0, solved: 0 }), "nothing");
  assert.deepEqual(weeksOf(days, "nonsense"), []);
});
