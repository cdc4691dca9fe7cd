import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chosenIn, find, indexed, NOTHING, searchOf, toggled, wishOf, type Findable } from "../src/play/finding.ts";
import { routeOf } from "../src/router.ts";

interface Cases {
  items: Findable[];
  cases: { why: string; address: string; found: string[] }[];
}

const { items, cases } = JSON.parse(readFileSync(new URL("../../tests/cases/finding.json", import.meta.url), "utf8")) as Cases;
const entries = indexed(items);
const names = (search: string): string[] => find(entries, wishOf(search)).hits.map(({ name }) => name);

for (const { why, address, found } of cases) test(`found: ${why}`, () => assert.deepEqual(names(address), found));

test("an address says what is looked for, and nothing else", () => {
  for (const { address } of cases) assert.equal(searchOf(wishOf(address)), address);
  assert.deepEqual(wishOf("?nonsense=1&q=&tag="), NOTHING);
  assert.equal(searchOf({ ...NOTHING, words: "  " }), "");
});

test("an address of anybody's is bounded", () => {
  const wish = wishOf(`?q=${"x".repeat(9000)}&${Array.from({ length: 500 }, (_, at) => `tag=${at}`).join("&")}&tag=${"y".repeat(900)}`);
  assert.equal(wish.words.length, 200);
  assert.equal(wish.chosen.tag.length, 16);
});

test("an offer counts what would be shown with it, whatever else is chosen in its facet", () => {
  const offers = (search: string, facet: "difficulty" | "category" | "status") => find(entries, wishOf(search)).offers[facet].map(({ value, count, chosen }) => [value, count, chosen]);
  assert.deepEqual(offers("", "difficulty"), [["easy", 3, false], ["medium", 2, false], ["hard", 1, false]]);
  assert.deepEqual(offers("?difficulty=hard", "difficulty"), [["easy", 3, false], ["medium", 2, false], ["hard", 1, true]]);
  assert.deepEqual(offers("?difficulty=hard", "category"), [["linux", 1, false], ["networking", 1, false]]);
  assert.deepEqual(offers("?q=dns", "status"), [["attempted", 1, false], ["solved", 1, false]]);
  assert.deepEqual(offers("?category=cooking", "category")[3], ["cooking", 0, true]);
});

test("a filter that is chosen again is taken back", () => {
  const once = toggled(NOTHING, "tag", "dns");
  assert.deepEqual(chosenIn(once), [["tag", "dns"]]);
  assert.deepEqual(toggled(once, "tag", "dns"), NOTHING);
});

test("every offer keeps its promise, among 2,000", () => {
  const many = Array.from({ length: 2000 }, (_, at): Findable => ({
    name: `lesson-${at}`,
    title: `Lesson ${at} about ${["names", "routes", "disks", "logs"][at % 4]}`,
    description: "One of many.",
    categories: [["linux", "networking", "containers"][at % 3] ?? ""],
    tags: [`tag-${at % 40}`],
    difficulty: ["easy", "medium", "hard"][at % 3 === 0 ? 0 : at % 2] ?? "",
    status: ["todo", "attempted", "solved", "completed"][at % 7] ?? "todo",
  }));
  const all = indexed(many);
  assert.equal(find(all, NOTHING).hits.length, 2000);
  assert.deepEqual(find(all, wishOf("?q=lesson+1234")).hits.map(({ name }) => name), ["lesson-1234"]);
  const wish = wishOf("?q=route&difficulty=easy");
  const { offers, hits } = find(all, wish);
  assert.ok(hits.length > 0);
  for (const [facet, values] of Object.entries(offers) as ["tag", (typeof offers)["tag"]][]) {
    for (const { value, count } of values) {
      const alone = { ...wish, chosen: { ...wish.chosen, [facet]: [value] } };
      assert.equal(find(all, alone).hits.length, count, `${facet} ${value}`);
    }
  }
});

test("addresses of the catalog, of progress and of starts", () => {
  assert.deepEqual(routeOf("/lessons"), { page: "lessons", kind: "" });
  assert.deepEqual(routeOf("/progress"), { page: "progress" });
  assert.deepEqual(routeOf("/start/debian", "?Runtime=a"), { page: "start", place: "debian", search: "?Runtime=a" });
  assert.deepEqual(routeOf("/start/courses/nets/010.a/020.b"), { page: "start", place: "courses/nets/010.a/020.b", search: "" });
  assert.deepEqual(routeOf("/start"), { page: "missing", path: "/start" });
});
