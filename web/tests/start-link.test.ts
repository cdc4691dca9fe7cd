import assert from "node:assert/strict";
import { test } from "node:test";
import type { InitCondition } from "../src/api/types.ts";
import { badge, givenBy, placeOf, startPath } from "../src/play/start-link.ts";

const asks: InitCondition[] = [
  { key: "Runtime", default: "docker", options: ["docker", "podman"] },
  { key: "Nick name", nullable: true, validationRegex: "^[a-z]{2,8}$" },
  { key: "Version", default: "1" },
];

test("what an address starts", () => {
  assert.deepEqual(placeOf("debian", ""), { what: "playground", name: "debian" });
  assert.deepEqual(placeOf("challenges/nat", "?a=b"), { what: "lesson", kind: "challenges", name: "nat", module: "", lesson: "" });
  assert.deepEqual(placeOf("courses/nets/010.a/020.b", ""), { what: "lesson", kind: "courses", name: "nets", module: "010.a", lesson: "020.b" });
  assert.deepEqual(placeOf("courses/nets/020.b", ""), { what: "lesson", kind: "courses", name: "nets", module: "", lesson: "020.b" });
  assert.deepEqual(placeOf("git", "?url=https://x/y"), { what: "git", url: "https://x/y" });
  assert.deepEqual(placeOf("git", ""), { what: "playground", name: "git" }, "a playground may be called so");
  for (const nothing of ["", "challenges/nat/more", "courses/nets", "courses/nets/a/b/c", "vendors/x", "a/b"]) assert.equal(placeOf(nothing, ""), null, nothing);
});

test("a link and its form mean the same", () => {
  const chosen = { Runtime: "podman", "Nick name": "a&b=c", Version: "1" };
  const path = startPath("debian", asks, chosen);
  assert.equal(path, "/start/debian?Runtime=podman&Nick+name=a%26b%3Dc");
  assert.deepEqual(givenBy(new URL(path, "https://x").search, asks).values, { Runtime: "podman", "Nick name": "a&b=c" });
  assert.equal(startPath("challenges/n/a?t", asks, { Runtime: "docker" }), "/start/challenges/n/a%3Ft");
});

test("what a link gives is held to what is asked", () => {
  const given = givenBy("?Runtime=rkt&Nick+name=UP&Version=&colour=blue&colour=red&__proto__=x", asks);
  assert.deepEqual(given.values, { "Nick name": "UP", Version: "" });
  assert.deepEqual(given.unknown, ["colour", "__proto__"]);
  assert.deepEqual([...given.faults.keys()], ["Runtime", "Nick name", "Version"]);
  assert.match(given.faults.get("Runtime") ?? "", /rkt.*no option/);
  assert.equal(givenBy("?Nick+name=", asks).faults.size, 0, "it may be empty");
  const long = givenBy(`?Version=${"9".repeat(5000)}&${Array.from({ length: 100 }, (_, at) => `k${at}=1`).join("&")}`, asks);
  assert.equal(long.values["Version"]?.length, 1000);
  assert.equal(long.unknown.length, 8);
});

test("a badge holds whatever a title is", () => {
  assert.equal(badge("https://lab", "/start/x", "A lab"), "[![Start A lab](https://lab/badge.svg)](https://lab/start/x)");
  const hostile = badge("https://lab", "/start/x?a=(b)", "x](http://evil)\n[<b>`");
  assert.equal(hostile, "[![Start x\\](http://evil) \\[\\<b\\>\\`](https://lab/badge.svg)](https://lab/start/x?a=%28b%29)");
});
