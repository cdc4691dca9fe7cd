import assert from "node:assert/strict";
import { test } from "node:test";
import { pause } from "../src/api/backoff.ts";
import { applied } from "../src/api/live.ts";
import { isReport } from "../src/api/terminal-link.ts";
import type { Play, Playground, PlaygroundTab } from "../src/api/types.ts";
import { commandsOf, lessonOf, lessonProgress, looksRight, nextOpen, tabFor, taskBox } from "../src/play/lesson.ts";
import { manifestOf } from "../src/play/manifest.ts";
import { layout } from "../src/play/map-layout.ts";
import { freeName, goOnWord, nameTrouble, whyNotKept } from "../src/play/moments.ts";
import { ending, machineLook, openInitTasks, remark, stateOf, terminalMachines } from "../src/play/state.ts";
import { nextTerminal, portAddress, safeLink, tabsOf, webPageAddress } from "../src/play/tabs.ts";
import { ago, clock, elapsed, left, minutesOf } from "../src/play/time.ts";
import { choiceOf, permissionsOf, wordsOf } from "../src/play/who-may.ts";
import { lessonPath, routeOf } from "../src/router.ts";
import { blocks, spans } from "../src/text/markdown.ts";
import { yaml } from "../src/text/yaml.ts";

const playground: Playground = {
  name: "routing-lab",
  networks: [
    { name: "frontend", subnet: "10.0.1.0/24" },
    { name: "backend", subnet: "10.0.2.0/24", private: true },
  ],
  machines: [
    { name: "web-01", network: { interfaces: [{ network: "frontend", address: "10.0.1.2/24" }, { network: "backend" }] } },
    { name: "db-01", network: { interfaces: [{ network: "backend", address: "10.0.2.3/24" }] } },
    { name: "quiet-01", noSSH: true, network: { interfaces: [{ network: "unlisted" }] } },
  ],
};

function play(part: Partial<Play> = {}): Play {
  return { id: "0".repeat(24), playground, machines: (playground.machines ?? []).map(({ name }) => ({ name })), tasks: {}, ...part };
}

test("addresses mean pages", () => {
  assert.deepEqual(routeOf("/"), { page: "home" });
  assert.deepEqual(routeOf("/plays/abc/"), { page: "play", id: "abc" });
  assert.deepEqual(routeOf("/playgrounds/a%20b"), { page: "playground", name: "a b" });
  assert.deepEqual(routeOf("/playgrounds/%E0%A4%A"), { page: "playground", name: "%E0%A4%A" });
  assert.deepEqual(routeOf("/skill-paths"), { page: "lessons", kind: "skill-paths" });
  assert.deepEqual(routeOf("/challenges/two-nodes"), { page: "lesson", kind: "challenges", name: "two-nodes", path: "" });
  assert.deepEqual(routeOf("/courses/nodes", "?lesson=first%2Fone"), { page: "lesson", kind: "courses", name: "nodes", path: "first/one" });
  assert.equal(lessonPath("courses", "a b", "first/one"), "/courses/a%20b?lesson=first%2Fone");
  assert.equal(routeOf("/status").page, "missing", "a page of the server's own");
  for (const path of ["/challenges/a/b", "/plays", "/plays/a/b", "/other/a"]) assert.equal(routeOf(path).page, "missing");
});

test("the last state event wins and none means created", () => {
  assert.equal(stateOf(play()), "CREATED");
  assert.equal(stateOf(play({ status: { stateEvents: [{ state: "STARTING" }, { state: "RUNNING" }] } })), "RUNNING");
});

test("a machine that runs is not ready until its condition says so", () => {
  const machine = { name: "a", state: "RUNNING" as const, conditions: [{ name: "Ready", status: "False" }], stage: "waiting for login" };
  assert.deepEqual(machineLook(machine), { look: "working", word: "Waiting for login" });
  assert.equal(machineLook({ ...machine, conditions: [{ name: "Ready", status: "True" }] }).word, "Ready");
  assert.equal(machineLook(undefined).look, "idle");
});

test("a moment can be kept of what runs or is stopped, and else there is a reason", () => {
  const inState = (state: string, machines: string[] = []): Play =>
    play({ status: { stateEvents: [{ state: state as "RUNNING" }], machines: machines.map((word, place) => ({ name: playground.machines?.[place]?.name ?? "", state: word as "STOPPED" })) } });
  for (const state of ["RUNNING", "STOPPED"]) assert.equal(whyNotKept(inState(state)), null);
  for (const state of ["CREATED", "STARTING", "WARMING_UP"]) assert.match(whyNotKept(inState(state)) ?? "", /wait until it runs/);
  assert.match(whyNotKept(inState("STOPPING")) ?? "", /being stopped/);
  assert.match(whyNotKept(inState("FAILED", ["RUNNING", "STOPPED", "STOPPED"])) ?? "", /stop it first/);
  assert.equal(whyNotKept(inState("FAILED", ["STOPPED", "STOPPED", "STOPPED"])), null);
  assert.match(whyNotKept(inState("DESTROYED")) ?? "", /Nothing/);
});

test("names of snapshots", () => {
  const taken = [{ name: "one", createdAt: "" }, { name: "snapshot-3", createdAt: "" }];
  for (const name of ["a", "before-upgrade", "1.2_x", "x".repeat(63)]) assert.equal(nameTrouble(name, taken), null);
  for (const name of ["", "A", "-a", "a b", "../x", "x".repeat(64), "ä"]) assert.match(nameTrouble(name, taken) ?? "", /Small letters/);
  assert.match(nameTrouble("one", taken) ?? "", /already/);
  assert.equal(freeName([]), "snapshot-1");
  assert.equal(freeName(taken), "snapshot-4");
});

test("what was stopped continues, what went down with its box starts again", () => {
  assert.equal(goOnWord(play({ status: { reason: "stopped" } })), "Continue");
  assert.equal(goOnWord(play({ status: { reason: "host-restarted" } })), "Start it again");
  assert.equal(goOnWord(play()), "Start it again");
});

test("an ending has a sentence whatever the server sends", () => {
  const failed = (status: object): Play => play({ status: { stateEvents: [{ state: "FAILED" }], ...status } });
  assert.match(ending(failed({ reason: "machine-gone", message: "node-01 exited with 1" }))?.sentence ?? "", /ended unexpectedly/);
  assert.equal(ending(failed({ reason: "machine-gone", message: "A machine ended unexpectedly. node-01 exited with 1" }))?.detail, "node-01 exited with 1");
  assert.equal(ending(failed({ reason: "from-the-future", message: "Said so." }))?.sentence, "Said so.");
  assert.match(ending(failed({}))?.sentence ?? "", /gave no reason/);
  assert.equal(ending(play({ status: { stateEvents: [{ state: "RUNNING" }] } })), null);
});

test("messages of the play socket replace what they name and nothing else", () => {
  const before = play({ tasks: { a: { name: "a", init: true, status: 10, machine: "web-01" } } });
  const after = applied(before, { kind: "task", task: { name: "a", status: 30 } });
  assert.deepEqual(after.tasks, { a: { name: "a", init: true, status: 30, machine: "web-01" } });
  assert.equal(openInitTasks(after).length, 1);
  assert.equal(applied(before, { kind: "novelty" }), before);
  assert.equal(applied(play({ tasks: null }), { kind: "task", task: { name: "b", status: 30 } }).tasks?.["b"]?.status, 30);
});

test("tabs: one terminal per machine that has one, more when opened, the map last", () => {
  assert.deepEqual(terminalMachines(play()), ["web-01", "db-01"]);
  assert.deepEqual(tabsOf(play(), {}).map((tab) => tab.key), ["web-01/1", "db-01/1", "ide/web-01", "map"]);
  const more = tabsOf(play(), { "web-01": [1, 2, 4], gone: [2] });
  assert.deepEqual(more.map((tab) => tab.key), ["web-01/1", "db-01/1", "web-01/2", "web-01/4", "ide/web-01", "map"]);
  assert.equal(nextTerminal(more, "web-01"), 3);
  assert.equal(nextTerminal(more, "db-01"), 2);
});

test("tabs of the playground keep their order, ports have an address, and what is not built says what it needs", () => {
  const listed = { ...playground, tabs: [{ kind: "ide", machine: "web-01", name: "Code" }, { kind: "http-port", machine: "web-01", number: 80, name: "Web" }, { machine: "db-01" }, { machine: "quiet-01" }] };
  const [ide, web, db, last] = tabsOf(play({ playground: listed }), {});
  assert.ok(ide?.kind === "ide" && ide.machine === "web-01");
  assert.ok(web?.kind === "port");
  const pages = { protocol: "http:", host: "labyard.localhost:8800" };
  assert.equal(portAddress("0123", web, pages), "http://80-web-01-0123.labyard.localhost:8800/");
  assert.equal(db?.key, "db-01/1");
  assert.equal(last?.kind, "map");
});

test("a page of another site is shown where its address is one, by the server's name of the tab", () => {
  const tab = (more: object): object => ({ kind: "web-page", id: "docs", name: "Docs", url: "https://example.org/a", ...more });
  const listed = { ...playground, tabs: [tab({}), tab({ url: "javascript:alert(1)" }), tab({ id: "" })] as PlaygroundTab[] };
  const [docs, hostile, unnamed] = tabsOf(play({ playground: listed }), {});
  assert.deepEqual(docs, { kind: "web-page", key: "tab-0", label: "Docs", id: "docs", address: "https://example.org/a" });
  assert.equal(webPageAddress("0123", { id: "docs" }), "/plays/0123/web-pages/docs");
  assert.equal(webPageAddress("../x", { id: "a/b" }), "/plays/..%2Fx/web-pages/a%2Fb");
  assert.equal(hostile?.kind, "other");
  assert.equal(unnamed?.kind, "other");
});

test("only web addresses become links", () => {
  assert.equal(safeLink("javascript:alert(1)"), null);
  assert.equal(safeLink(undefined), null);
  assert.equal(safeLink("https://example.org"), "https://example.org/");
});

test("the map shows every cable inside the picture, also of networks nobody declared", () => {
  for (const small of [true, false]) {
    const drawn = layout(playground, small);
    assert.deepEqual(drawn.networks.map((network) => network.name), ["frontend", "backend", "unlisted"]);
    const cables = drawn.machines.flatMap((machine) => machine.cables);
    assert.equal(cables.length, 4);
    for (const cable of cables) assert.ok(cable.x > drawn.gutter && cable.x < drawn.width && cable.from < cable.to && cable.to < drawn.height);
  }
  assert.equal(new Set(layout(playground).machines[0]?.cables.map((cable) => cable.labelY)).size, 2);
  assert.equal(layout({ name: "empty" }).machines.length, 0);
});

test("markdown is blocks of text, never HTML", () => {
  assert.deepEqual(blocks("# A\ntext\nmore\n\n- one\n  goes on\n- two\n```sh\n<b>&\n```\nend"), [
    { kind: "heading", text: "A" },
    { kind: "paragraph", text: "text more" },
    { kind: "list", ordered: false, items: ["one goes on", "two"] },
    { kind: "code", text: "<b>&" },
    { kind: "paragraph", text: "end" },
  ]);
  assert.deepEqual(blocks("~~~\nnever closed"), [{ kind: "code", text: "never closed" }]);
  assert.deepEqual(spans("a `b` [c](https://d) [e](javascript:f) [g](//h)"), [
    { kind: "text", text: "a " },
    { kind: "code", text: "b" },
    { kind: "text", text: " " },
    { kind: "link", text: "c", href: "https://d" },
    { kind: "text", text: " [e](javascript:f) [g](//h)" },
  ]);
});

test("manifests are printed without what the server says about nothing", () => {
  const text = manifestOf({ ...playground, title: "", tabs: null, id: "x" } as Playground);
  assert.match(text, /^kind: playground\nname: routing-lab\nplayground:\n {2}networks:\n {4}- name: frontend\n/);
  assert.doesNotMatch(text, /title|tabs|id:/);
});

test("YAML quotes what would be read back as something else", () => {
  const value = { version: "6.1", address: "10.0.0.1", on: "off", empty: "", script: "set -e\n\necho 'a: b'\n", list: [1, [], { a: null, b: false }] };
  assert.equal(
    yaml(value),
    'version: "6.1"\naddress: 10.0.0.1\n"on": "off"\nempty: ""\nscript: |\n  set -e\n\n  echo \'a: b\'\nlist:\n  - 1\n  - []\n  - a: null\n    b: false\n',
  );
});

test("times are short", () => {
  assert.deepEqual(["0s", "8h", "1h30m", "90s", "1h1s", "soon"].map(minutesOf), [0, 480, 90, 2, 61, 0]);
  assert.deepEqual([0, 59_999, 65_000, 3_725_000].map(elapsed), ["0 s", "59 s", "1:05 min", "1:02 h"]);
  assert.deepEqual([-5, 3_492_000, 7_500_000, 260_000_000].map(left), ["0:00 left", "58:12 left", "2 h 05 min left", "3 days left"]);
  assert.deepEqual([10_000, 300_000, 90 * 60_000].map(ago), ["just now", "5 min ago", "1 h ago"]);
});

test("waits grow to ten seconds and no further", () => {
  assert.deepEqual([0, 1, 5, 50].map((attempt) => pause(attempt, 0.5)), [300, 700, 10_000, 10_000]);
});

test("a terminal's own answers are told from typing", () => {
  for (const report of ["\x1b[?1;2c", "\x1b[>0;276;0c", "\x1b[12;40R", "\x1b[0n", "\x1b]11;rgb:00/00/00\x1b\\", "\x1bP1$r0m\x1b\\"]) assert.ok(isReport(report), report);
  for (const typed of ["a", "\x1b", "\x1b[A", "\x1b[1;5C", "\x1bOP", "\x1b[3~"]) assert.ok(!isReport(typed), typed);
});

test("text is readable on its ground in light and in dark", async () => {
  const { readFile } = await import("node:fs/promises");
  const css = await readFile(new URL("../src/styles/tokens.css", import.meta.url), "utf8");
  const [light, dark] = css.split("@media") as [string, string];
  const read = (text: string): Record<string, string> => Object.fromEntries([...text.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]));
  for (const tokens of [read(light), { ...read(light), ...read(dark) }]) {
    for (const ground of ["bg", "surface", "raised"]) {
      for (const ink of ["text", "muted", "accent"]) assert.ok(contrast(tokens[ink], tokens[ground]) >= 4.5, `${ink} on ${ground}`);
      assert.ok(contrast(tokens["line-strong"], tokens[ground]) >= 3, `line-strong on ${ground}`);
    }
    for (const [ink, ground] of [["on-accent", "accent"], ["surface", "failed"], ["text", "failed-soft"], ["failed", "surface"], ["text", "accent-soft"]] as const) {
      assert.ok(contrast(tokens[ink], tokens[ground]) >= 4.5, `${ink} on ${ground}`);
    }
  }
});

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(one = "", other = ""): number {
  const luminance = (hex: string): number => {
    const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * (parts[0] ?? 0) + 0.7152 * (parts[1] ?? 0) + 0.0722 * (parts[2] ?? 0);
  };
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x) as [number, number];
  return (a + 0.05) / (b + 0.05);
}

const task = (name: string, status: number, more: object = {}) => ({ name, status, ...more });
const solving = play({
  challengeName: "nat-gateway",
  tasks: {
    prepare: task("prepare", 40, { init: true }),
    watch: task("watch", 30, { helper: true }),
    one: task("one", 40),
    two: task("two", 30),
    three: task("three", 20),
    four: task("four", 35),
  },
});

test("the lesson of a play", () => {
  assert.equal(lessonOf(play()), null);
  assert.deepEqual(lessonOf(solving), { kinds: "challenges", name: "nat-gateway", path: "" });
  assert.deepEqual(lessonOf(play({ courseName: "linux", lessonPath: "boot/kernel" })), { kinds: "courses", name: "linux", path: "boot/kernel" });
});

test("tasks of a lesson: neither preparation nor helpers count, failed ones are not open", () => {
  assert.deepEqual(lessonProgress(solving), { done: 1, total: 4, failed: true });
  const shown = ["prepare", "one", "two", "three", "four", "nobody"];
  assert.equal(nextOpen(shown, solving, null), "two");
  assert.equal(nextOpen(shown, solving, "two"), "three");
  assert.equal(nextOpen(shown, solving, "three"), "two");
  assert.equal(nextOpen(["two"], solving, "two"), "two");
  assert.equal(nextOpen(["one", "four"], solving, null), null);
});

test("a box says how its task stands", () => {
  const said = (status: number, more: object = {}) => taskBox(task("x", status, more));
  assert.equal(taskBox(undefined).state, "unknown");
  assert.deepEqual(said(30, { hint: " Look at the routes.\n" }), { state: "open", look: "working", word: "Open", hint: "Look at the routes." });
  assert.equal(said(30, { init: true }).word, "Being prepared");
  assert.equal(said(20).word, "Waiting for another task");
  assert.deepEqual(said(40, { hint: "old" }), { state: "completed", look: "done", word: "Completed", hint: "" });
  assert.match(said(35).hint, /Start afresh/);
});

test("words of a lesson lead to a tab, or to a new terminal", () => {
  const tabs = tabsOf(play(), {});
  const machines = ["web-01", "db-01"];
  const wish = (part: object) => tabFor({ machine: "", name: "", fresh: false, ...part }, tabs, machines);
  assert.deepEqual(wish({ machine: "db-01" }), { key: "db-01/1" });
  assert.deepEqual(wish({ machine: "db-01", fresh: true }), { machine: "db-01" });
  assert.deepEqual(wish({ name: "Map" }), { key: "map" });
  assert.deepEqual(wish({}), { key: "web-01/1" });
  assert.equal(wish({ name: "Nowhere" }), null);
  assert.equal(wish({ machine: "other-01" }), null);
});

test("what is copied of a console are its commands", () => {
  assert.equal(commandsOf("$ ip route\ndefault via 10.0.0.1\n$ id\n"), "ip route\nid");
  assert.equal(commandsOf("no prompt\n"), "no prompt\n");
});

test("an answer is looked at before it is sent", () => {
  assert.equal(looksRight("gw-01", "^[a-z0-9-]+$"), true);
  assert.equal(looksRight("gw 01", "^[a-z0-9-]+$"), false);
  assert.equal(looksRight("", ""), false);
  assert.equal(looksRight("x", "("), true);
});

test("who waits for room is told a guess in the server's words, and a bound as a time of the clock here", () => {
  const waits = (queue: object, message = "Waiting for room on this box, place 2.") => remark({ ...play(), status: { stateEvents: [{ state: "CREATED" }], message, queue: { place: 2, ...queue } } } as Play);
  assert.equal(waits({ startsIn: 240, startsBy: null }), "Waiting for room on this box, place 2.");
  assert.equal(waits({ startsBy: "never" }), "Waiting for room on this box, place 2.");
  const soon = new Date(Date.now() + 1000);
  assert.equal(waits({ startsBy: soon.toISOString() }), `Waiting for room on this box, place 2. It begins when a play ends: ${clock(soon)} at the latest, if none is given more time.`);
  const now = new Date(2031, 4, 6, 23, 5);
  assert.equal(clock(new Date(2031, 4, 6, 4, 5), now), "04:05");
  assert.match(clock(new Date(2031, 4, 7, 4, 5), now), /7.*, 04:05$/);
});

test("words of who may are a choice, and back", () => {
  assert.deepEqual(choiceOf([]), { choice: "owner", text: "" });
  assert.deepEqual(choiceOf(["owner", "authenticated"]), { choice: "anyone", text: "" });
  assert.deepEqual(choiceOf(["anyone", "nobody"]), { choice: "nobody", text: "" });
  assert.deepEqual(choiceOf(["instructor", "owner"]), { choice: "instructor", text: "" });
  assert.deepEqual(choiceOf(["user:ada", "github:bob", "owner", "instructor"]), { choice: "some", text: "ada, github:bob, instructor" });
  assert.deepEqual(wordsOf("anyone", "ada"), ["anyone"]);
  assert.deepEqual(wordsOf("some", " ada; @bob,ada  github:eve instructor"), ["user:ada", "user:bob", "github:eve", "instructor"]);
  assert.deepEqual(wordsOf("some", " , "), ["owner"]);
  for (const words of [["user:ada", "instructor"], ["anyone"], ["nobody"], ["owner"], ["instructor"]]) assert.deepEqual(wordsOf(choiceOf(words).choice, choiceOf(words).text), words);
  assert.deepEqual([permissionsOf("playgrounds").length, permissionsOf("challenges").length], [3, 4]);
});
