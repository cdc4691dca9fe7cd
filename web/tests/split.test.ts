import assert from "node:assert/strict";
import { test } from "node:test";
import { grouped, groupOf, put, readSplit, WHOLE } from "../src/play/split.ts";
import type { Tab } from "../src/play/tabs.ts";

const tabs = ["a/1", "b/1", "map"].map((key) => ({ kind: "other", key, label: key, needs: "" }) satisfies Tab);
const keys = (some: Tab[]): string[] => some.map((tab) => tab.key);

test("a tab goes across and back, in the order that tabs have", () => {
  const split = put(put(WHOLE, tabs, "map", "second"), tabs, "a/1", "second");
  const groups = grouped(tabs, split);
  assert.deepEqual([keys(groups.first), keys(groups.second)], [["b/1"], ["a/1", "map"]]);
  assert.equal(groupOf(groups, "map"), "second");
  assert.equal(groupOf(groups, "b/1"), "first");
  assert.deepEqual(keys(grouped(tabs, put(split, tabs, "a/1", "first")).second), ["map"]);
});

test("a group without tabs is none", () => {
  const one = put(WHOLE, tabs, "map", "second");
  assert.deepEqual(keys(grouped(tabs, put(one, tabs, "map", "first")).first), ["a/1", "b/1", "map"]);
  const all = ["a/1", "b/1", "map"].reduce((split, key) => put(split, tabs, key, "second"), WHOLE);
  assert.deepEqual([keys(grouped(tabs, all).first), keys(grouped(tabs, all).second)], [["a/1", "b/1", "map"], []]);
  assert.deepEqual(keys(grouped(tabs.slice(0, 2), one).second), [], "it was closed");
});

test("one that is put where it is stays there once", () => {
  const twice = put(put(WHOLE, tabs, "map", "second"), tabs, "map", "second");
  assert.deepEqual(twice.second, ["map"]);
});

test("what a browser kept may be anything", () => {
  assert.deepEqual(readSplit({}), WHOLE);
  assert.deepEqual(readSplit({ way: "across", share: 3, second: "map" }), WHOLE);
  assert.deepEqual(readSplit({ way: "below", share: 30, second: ["map", 4, null] }), { way: "below", share: 30, second: ["map"] });
  assert.equal(readSplit({ second: Array(500).fill("x") }).second.length, 64);
});
