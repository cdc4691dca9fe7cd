import assert from "node:assert/strict";
import { test } from "node:test";
import { named } from "../src/api/pieces.ts";
import type { Lesson, LessonPage, Play } from "../src/api/types.ts";
import { failures, lessonKey, outOfDate, taskBox } from "../src/play/lesson.ts";
import { outlineOf } from "../src/play/outline.ts";
import { chosenOf, sortProblems, usablePattern } from "../src/play/parameters.ts";
import { completeOf, courseLesson, isSolved, solutionCalled, solutionsOf } from "../src/play/reading.ts";
import { neighbours, wayOf } from "../src/play/way.ts";

const play = (part: Partial<Play> = {}): Play => ({ id: "0".repeat(24), playground: { name: "demo" }, machines: [], ...part });
const page = (part: Partial<LessonPage> = {}): LessonPage => ({ kind: "challenge", name: "x", title: "X", html: "", ...part });
const headings = (...levels: number[]) => levels.map((level, at) => ({ id: `lesson-${at}`, level, text: `H${at}` }));

test("a new attempt is asked for by the name of its lesson", () => {
  assert.equal(lessonKey(play()), "");
  assert.equal(lessonKey(play({ challengeName: "nat" })), "challenge/nat");
  assert.equal(lessonKey(play({ tutorialName: "nat" })), "tutorial/nat");
  assert.equal(lessonKey(play({ courseName: "linux", lessonPath: "boot/kernel" })), "course/linux/boot/kernel");
});

test("a play is out of date only when both sides say so", () => {
  assert.equal(outOfDate(page({ playDigest: "a" }), play({ playDigest: "b" })), true);
  for (const [one, other] of [["a", "a"], ["", "b"], ["a", ""]] as const) assert.equal(outOfDate(page({ playDigest: one }), play({ playDigest: other })), false);
  assert.equal(outOfDate(page(), play({ playDigest: "b" })), false);
});

test("what failed an attempt: neither preparation nor helpers", () => {
  const tasks = Object.fromEntries(
    [
      { name: "prepare", init: true, status: 35 },
      { name: "watch", helper: true, status: 35 },
      { name: "one", status: 35, hint: " It is gone.\n" },
      { name: "two", status: 40 },
    ].map((task) => [task.name, task]),
  );
  assert.deepEqual(failures(play({ tasks })), [{ name: "one", why: "It is gone." }]);
  assert.deepEqual(failures(play()), []);
});

test("a box beside no play waits without a word about one", () => {
  assert.deepEqual(taskBox({ name: "x", status: 30, hint: "secret" }, false), { state: "waiting", look: "idle", word: "Task", hint: "" });
});

test("contents: not of short texts, no deeper than helps, units with their own", () => {
  assert.deepEqual(outlineOf(page({ contents: headings(1, 2) })), []);
  assert.deepEqual(outlineOf(page({ contents: headings(2, 3, 4, 5, 2) })).map(({ id, depth }) => [id, depth]), [
    ["lesson-0", 0],
    ["lesson-1", 1],
    ["lesson-2", 2],
    ["lesson-4", 0],
  ]);
  const units = [{ name: "u1", title: "First", html: "", contents: headings(3) }, { name: "u2", title: "", html: "" }];
  assert.deepEqual(outlineOf(page({ contents: headings(1), units })), [
    { part: 0, id: "lesson-0", text: "H0", depth: 0 },
    { part: 1, id: "", text: "First", depth: 0 },
    { part: 1, id: "lesson-0", text: "H0", depth: 1 },
    { part: 2, id: "", text: "u2", depth: 0 },
  ]);
});

const course: Lesson = {
  name: "linux",
  modules: [
    { name: "a", title: "A", lessons: [{ name: "1", path: "a/1" }, { name: "2", path: "a/2", tasks: { prepare: { init: true }, check: {} } }] },
    { name: "b", title: "B", lessons: [{ name: "1", path: "b/1", tasks: { watch: { helper: true } } }, { name: "2", path: "b/2" }] },
  ],
  learning: {
    modules: {
      a: { lessons: { "1": { started: true, completed: true }, "2": { started: true, gates: [{ kind: "challenge", name: "x", passed: false }] } } },
      b: { lessons: { "1": { started: true, play: "p" } } },
    },
  },
};

test("a way: what runs is where one is, else the first that is not done", () => {
  const words = (piece: Lesson) => wayOf(piece).stretches.flatMap(({ stations }) => stations.map(({ path, word, here }) => [path, word, here]));
  assert.deepEqual(words(course), [
    ["a/1", "Complete", false],
    ["a/2", "Begun", false],
    ["b/1", "Running", true],
    ["b/2", "To do", false],
  ]);
  const { done, total, stretches } = wayOf(course);
  assert.deepEqual([done, total, stretches.map(({ title }) => title)], [1, 4, ["A", "B"]]);
  assert.deepEqual(words({ ...course, learning: null }).map(([, word, here]) => [word, here])[0], ["Next", true]);
});

test("units that embed nothing are read, and stand in nobody's way", () => {
  const gate = (passed: boolean) => ({ kind: "challenge", name: "x", passed });
  const units = [{ name: "intro" }, { name: "one", completed: true, gates: [gate(true)] }, { name: "two", gates: [gate(true), gate(false)] }];
  const { stretches, done, total } = wayOf({ name: "path", units });
  assert.deepEqual(stretches[0]?.stations.map(({ word, here }) => [word, here]), [["To read", false], ["Complete", false], ["Begun; go on here", true]]);
  assert.deepEqual([done, total], [1, 2]);
  assert.deepEqual(wayOf({ name: "nothing" }), { stretches: [], done: 0, total: 0 });
});

test("before and after, over the borders of modules", () => {
  const way = wayOf(course);
  assert.deepEqual(Object.values(neighbours(way, "a/2")).map((each) => each?.path), ["a/1", "b/1"]);
  assert.deepEqual(neighbours(way, "a/1").before, null);
  assert.deepEqual(neighbours(way, "nowhere"), { before: null, after: null });
});

test("a reader calls complete what checks nothing, and nothing else", () => {
  const of = (path: string) => completeOf(course, { kinds: "courses", name: "linux", path });
  assert.deepEqual(["a/1", "a/2", "b/1", "b/2", "c/9"].map(of), [true, null, false, false, null]);
  const tutorial = (part: Partial<Lesson>) => completeOf({ name: "t", ...part }, { kinds: "tutorials", name: "t", path: "" });
  assert.deepEqual([tutorial({ canStart: true, status: "completed" }), tutorial({ canStart: true, status: "todo" }), tutorial({})], [true, false, null]);
  assert.equal(completeOf({ name: "c", canStart: true }, { kinds: "challenges", name: "c", path: "" }), null);
  assert.equal(courseLesson(course, "b/2")?.module, "b");
});

test("what is left out has its default, what may be empty is said to be", () => {
  const parameters = [{ key: "a", default: "x", nullable: true }, { key: "b", nullable: true }, { key: "c", default: "y" }];
  assert.deepEqual(chosenOf(parameters, () => ""), { a: "" });
  assert.deepEqual(chosenOf(parameters, (key) => key.toUpperCase()), { a: "A", b: "B", c: "C" });
});

test("problems stand beside the field that they name last", () => {
  const parameters = [{ key: "Container runtime" }, { key: "b" }];
  const said = (message: string, file = "parameters") => ({ file, message, hint: null });
  const { faults, rest } = sortProblems(
    [said("`b` is no option of `Container runtime`"), said("the start parameter `b` is needed"), said("`b` is wrong", "manifest.yaml"), said("no key")],
    parameters,
  );
  assert.deepEqual([...faults.entries()], [["Container runtime", "`b` is no option of `Container runtime`"], ["b", "the start parameter `b` is needed"]]);
  assert.deepEqual(rest.map(({ message }) => message), ["`b` is wrong", "no key"]);
});

test("patterns that browsers can hold a field to", () => {
  assert.equal(usablePattern("^[a-z]{2,8}$"), "[a-z]{2,8}");
  assert.equal(usablePattern("b"), ".*(?:b).*");
  assert.equal(usablePattern("^a"), "a.*");
  assert.equal(usablePattern("("), null);
  assert.equal(usablePattern(null), null);
});

test("cards find what is written with `_` for `-`", () => {
  const known = new Map([["docker-101", { name: "docker-101" }], ["a_b", { name: "a_b" }]]);
  assert.deepEqual(["docker_101", "docker-101", "a_b", "c"].map((name) => named(known, name)?.name), ["docker-101", "docker-101", "a_b", undefined]);
});

test("solutions are those of the lesson that is read", () => {
  const lesson = (name: string, solutions?: string[]) => ({ name, path: `m/${name}`, ...(solutions ? { solutions } : {}) });
  const course: Lesson = { name: "c", modules: [{ name: "m", lessons: [lesson("one", ["solution"]), lesson("two")] }] };
  assert.deepEqual(solutionsOf(course, "m/one"), ["solution"]);
  for (const path of ["", "m/two", "m/none"]) assert.deepEqual(solutionsOf(course, path), []);
  assert.deepEqual(solutionsOf({ name: "x", solutions: ["solution", "solution-02"] }, ""), ["solution", "solution-02"]);
});

test("solved: once before, or in this play; what checks nothing has nothing to give away", () => {
  const tasks = { prepare: { init: true }, watch: { helper: true }, one: {}, two: {} };
  const about: Lesson = { name: "x", status: "attempted", tasks };
  const tried = (one: number, two: number) => play({ tasks: { prepare: { name: "prepare", init: true, status: 30 }, one: { name: "one", status: one }, two: { name: "two", status: two } } });
  assert.equal(isSolved(about, "", null), false);
  assert.equal(isSolved(about, "", play()), false);
  assert.equal(isSolved(about, "", tried(40, 30)), false);
  assert.equal(isSolved(about, "", tried(40, 35)), false);
  assert.equal(isSolved(about, "", tried(40, 40)), true);
  for (const status of ["solved", "completed"]) assert.equal(isSolved({ ...about, status }, "", tried(30, 30)), true);
  assert.equal(isSolved({ name: "x", status: "todo", tasks: { prepare: { init: true } } }, "", null), true);
  const course: Lesson = { name: "c", status: "completed", modules: [{ name: "m", lessons: [{ name: "one", path: "m/one", tasks }] }] };
  assert.equal(isSolved(course, "m/one", null), false);
  assert.equal(isSolved({ ...course, learning: { modules: { m: { lessons: { one: { completed: true } } } } } }, "m/one", null), true);
});

test("a solution is called by its name, and the only one has none", () => {
  assert.equal(solutionCalled("solution", 1), "the solution");
  assert.deepEqual(["solution", "solution-02", "solution-10"].map((name) => solutionCalled(name, 3)), ["solution", "solution 2", "solution 10"]);
});
