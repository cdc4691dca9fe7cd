import assert from "node:assert/strict";
import { test } from "node:test";
import { batches, cores, matching, named, percent, searchOf, share, size, tree, wishOf } from "../src/admin/figures.ts";
import type { Costly, Everybody } from "../src/admin/questions.ts";
import { times, told } from "../src/play/diary.ts";
import { adminPath, routeOf } from "../src/router.ts";

function play(id: string, change: Partial<Costly> = {}): Costly {
  return {
    id, title: "Demo", playground: "demo", lesson: "", owner: "ada", handle: "ada", bot: false, state: "RUNNING", reason: null, message: "",
    createdAt: "2026-01-02T03:04:05.000Z", stateAt: "", expiresAt: "", persistent: false, machines: 1, promised: 0, memory: 0, cpuSeconds: 0, disk: 0, ...change,
  };
}

const answer = (at: string, ...plays: Costly[]): Everybody => ({ at, plays, cut: false });

test("addresses of the admin's pages", () => {
  assert.deepEqual(routeOf("/admin"), { page: "admin", section: "overview", name: "" });
  assert.deepEqual(routeOf("/admin/plays/abc"), { page: "admin", section: "plays", name: "abc" });
  assert.equal(routeOf("/admin/secrets").page, "missing");
  assert.equal(routeOf("/admin/people/ada").page, "missing");
  assert.equal(routeOf("/admin/plays/a/b").page, "missing");
  assert.equal(adminPath("overview"), "/admin");
  assert.equal(adminPath("plays", "a/b"), "/admin/plays/a%2Fb");
});

test("bytes and shares", () => {
  assert.deepEqual([0, 1023, 1536, 5 << 20, 3 * 2 ** 30].map(size), ["0 B", "1023 B", "2 KiB", "5 MiB", "3.0 GiB"]);
  assert.deepEqual([share(1, 0), share(3, 2), share(-1, 2), share(1, 4)], [0, 1, 0, 0.25]);
  assert.equal(percent(1, 3), "33 %");
});

test("cores come from two answers, of machines that were there in both", () => {
  const before = answer("2026-01-02T00:00:00Z", play("a", { cpuSeconds: 10 }), play("b", { cpuSeconds: 90 }), play("c", { machines: 0 }));
  const now = answer("2026-01-02T00:00:10Z", play("a", { cpuSeconds: 15 }), play("b", { cpuSeconds: 1 }), play("c", { cpuSeconds: 9 }), play("d"));
  assert.deepEqual([...cores(before, now)], [["a", 0.5], ["b", 0]]);
  assert.equal(cores(null, now).size, 0);
  assert.equal(cores(now, now).size, 0);
});

test("plays are found by person, state and words, and sorted", () => {
  const plays = [
    play("1", { memory: 5, createdAt: "2026-01-01" }),
    play("2", { handle: "grace", title: "Nat", memory: 9, createdAt: "2026-01-03" }),
    play("3", { state: "FAILED", memory: null, bot: true, createdAt: "2026-01-02" }),
  ];
  const ids = (search: string): string => matching(plays, wishOf(search), new Map([["1", 2]])).map((each) => each.id).join("");
  assert.equal(ids(""), "231", "youngest first");
  assert.equal(ids("?sort=memory"), "213");
  assert.equal(ids("?sort=memory&up=1"), "312");
  assert.equal(ids("?sort=cpu"), "123");
  assert.equal(ids("?find=GRACE+nat"), "2");
  assert.equal(ids("?find=bot"), "3");
  assert.equal(ids("?state=FAILED"), "3");
  assert.equal(ids("?sort=nonsense"), "231");
});

test("an address says what is wished for, and nothing that is usual", () => {
  for (const search of ["", "?find=ada", "?state=FAILED&sort=memory", "?sort=memory&up=1", "?up=0"]) assert.equal(searchOf(wishOf(search)), search);
});

test("the disk as branches, the largest first", () => {
  const use = (kind: string, name: string, own: number) => ({ kind, name, own, shared: 0, note: "" });
  const branches = tree([use("play", "a", 1), use("image", "x", 5), use("play", "b", 3), use("later", "y", 0)]);
  assert.deepEqual(branches.map((branch) => [branch.title, branch.own, branch.uses.map((each) => each.name).join("")]), [["Images", 5, "x"], ["Plays", 4, "ba"], ["later", 0, "y"]]);
});

test("many are named in part and asked for in parts", () => {
  assert.deepEqual(named(["a", "b", "c"], 2), { names: ["a", "b"], more: 1 });
  assert.deepEqual([...batches([1, 2, 3, 4, 5], 2)], [[1, 2], [3, 4], [5]]);
});

test("a diary in words", () => {
  const entry = (kind: string, what: string, more = {}) => told({ at: "", kind, what, who: "", ...more });
  assert.equal(entry("asked", "snapshot", { who: "ada", detail: "one" }).text, "ada took the snapshot “one”");
  assert.equal(entry("asked", "stop").text, "Somebody who is gone stopped it");
  assert.equal(entry("asked", "dance", { who: "ada" }).text, "ada asked for dance");
  assert.equal(entry("machine", "ready", { detail: "node-01" }).text, "node-01 is ready");
  assert.deepEqual(entry("trouble", "start", { detail: "no" }), { look: "failed", text: "The box did not do it: start", detail: "no", code: "" });
  const failed = entry("state", "FAILED", { reason: "machine-gone", detail: "node-01 died" });
  assert.deepEqual([failed.look, failed.text, failed.detail], ["failed", "Failed", "A machine ended unexpectedly. node-01 died"]);
  assert.equal(entry("state", "WHATEVER").text, "WHATEVER");
});

test("a diary's times name the day once", () => {
  const at = (day: number, hour: number) => ({ at: new Date(2026, 0, day, hour).toISOString(), kind: "", what: "", who: "" });
  const said = times([at(2, 3), at(2, 4), at(3, 4), { at: "never", kind: "", what: "", who: "" }]);
  assert.ok(said[0]?.includes(",") && !said[1]?.includes(",") && said[2]?.includes(","));
  assert.equal(said[3], "");
});
