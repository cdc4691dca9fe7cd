import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { MachineLoads, Play, TaskDetails } from "../src/api/types.ts";
import { plain } from "../src/play/console.ts";
import { bytes, cpuWords, memoryShare, memoryWords, usesOf, type MachineUse } from "../src/play/load.ts";
import { MOST, outcome, remembered, type Runs } from "../src/play/runs.ts";
import { BEHIND, closable, editorKey, missingEditors, tabsOf } from "../src/play/tabs.ts";
import { FONTS, THEMES, fontSize, fontStack, lineHeight, paletteOf } from "../src/play/terminal-themes.ts";

const MIB = 1 << 20;

function loads(at: number, cpuSeconds: number | null, more: object = {}): MachineLoads {
  return { at, machines: [{ name: "a", cpus: 2, cpuSeconds, memory: 100 * MIB, memoryTotal: 400 * MIB, ...more }] };
}

test("two answers make a share of all processors", () => {
  const none = new Map<string, MachineUse>();
  const first = usesOf(null, loads(10, 5), none);
  assert.equal(first.get("a")?.cpu, null);
  const second = usesOf(loads(10, 5), loads(13, 8), first);
  assert.equal(second.get("a")?.cpu, 0.5, "three seconds of six");
  assert.equal(usesOf(loads(10, 5), loads(13, 12), none).get("a")?.cpu, 1, "what emulates it is not its own");
  assert.equal(usesOf(loads(10, 5), loads(13, 1), none).get("a")?.cpu, null, "it is another process");
  assert.equal(usesOf(loads(13, 8), loads(13, 8), second).get("a")?.cpu, 0.5, "the same answer again");
  assert.equal(usesOf(loads(10, 5), loads(13, null), second).has("a"), false, "it is off");
  assert.equal(usesOf(loads(10, null), loads(13, 2), none).get("a")?.cpu, null, "it has just begun");
});

test("figures in words", () => {
  const use = (part: Partial<MachineUse>): MachineUse => ({ cpus: 2, cpu: 0.123, memory: 210 * MIB, total: 512 * MIB, ...part });
  assert.equal(cpuWords(use({})), "CPU 12 %");
  assert.equal(cpuWords(use({ cpu: null })), "CPU measuring");
  assert.equal(memoryWords(use({})), "210 of 512 MiB");
  assert.equal(memoryWords(use({ total: 1 << 30 })), "210 MiB of 1 GiB");
  assert.equal(memoryWords(use({ memory: 600 * MIB })), "512 of 512 MiB");
  assert.equal(memoryWords(use({ total: null })), "210 MiB of the box");
  assert.equal(memoryWords(use({ memory: null })), "not known");
  assert.equal(memoryShare(use({ total: 420 * MIB })), 0.5);
  assert.equal(memoryShare(use({ total: null })), null);
  assert.deepEqual([0, 1, 3 << 20, 1.5 * 2 ** 30, 8 * 2 ** 30].map(bytes), ["0 MiB", "1 MiB", "3 MiB", "1.5 GiB", "8 GiB"]);
});

test("a console without what is for terminals alone", () => {
  assert.equal(plain("\x1b[1;32mOK\x1b[0m started\r\n\x1b]0;title\x07next\r\n"), "OK started\nnext");
  assert.equal(plain("10 %\r50 %\r100 %\r\ndone"), "100 %\ndone", "what was written over is gone");
  assert.equal(plain("a\x00b\x7fc\x9bd\te\r"), "abcd\te");
  assert.equal(plain("\x1b"), "");
  const endless = `\x1b]0;${"x".repeat(5000)}`;
  assert.equal(plain(`${endless}\nafter`).endsWith("after"), true, "a string that never ends hides nothing");
  assert.equal(plain("<script>alert(1)</script>"), "<script>alert(1)</script>", "text is text");
  const began = performance.now();
  plain("\x1b[".repeat(130_000));
  plain("x\r".repeat(130_000));
  assert.ok(performance.now() - began < 2000);
});

test("runs that were told are remembered, the newest first, and not for ever", () => {
  const task = (runs: number, more: Partial<TaskDetails> = {}): TaskDetails =>
    ({ name: "check", machine: "a", init: false, helper: false, status: 30, version: runs, runs, lastRunAt: `2026-01-02T00:00:0${runs % 10}Z`, exitCode: 1, stdout: `run ${runs}`, ...more }) as TaskDetails;
  let known: Runs = new Map();
  for (let run = 1; run <= MOST + 3; run += 1) known = remembered(known, [task(run), task(run)]);
  const runs = known.get("check") ?? [];
  assert.equal(runs.length, MOST);
  assert.equal(runs[0]?.stdout, `run ${MOST + 3}`);
  assert.equal(remembered(known, [task(MOST + 3)]).get("check")?.length, MOST, "the same run is no other one");
  assert.equal(remembered(new Map(), [task(1, { lastRunAt: "" })]).size, 0);
  assert.equal(remembered(new Map(), [task(1, { withheld: true })]).size, 0);
  assert.equal(remembered(new Map(), [task(1, { stdout: "x".repeat(9000) })]).get("check")?.[0]?.stdout.length, 4096);
  assert.equal(outcome({ exitCode: 1, durationMs: 420 }), "exit 1 after 420 ms");
  assert.equal(outcome({ exitCode: 0, durationMs: 1840 }), "exit 0 after 1.8 s");
  assert.equal(outcome({ exitCode: 137, timedOut: true, durationMs: 60_000 }), "given up after 60 s");
});

test("an editor and the map are never out of reach", () => {
  const machines = [{ name: "a" }, { name: "b" }, { name: "quiet", noSSH: true }];
  const of = (tabs?: object[]): Play => ({ id: "0", playground: { name: "p", machines, ...(tabs ? { tabs } : {}) }, machines: machines.map(({ name }) => ({ name })), tasks: {} }) as unknown as Play;
  const keys = (play: Play, views: string[] = []): string[] => tabsOf(play, {}, views).map((tab) => tab.key);
  assert.deepEqual(keys(of()), ["a/1", "b/1", "ide/a", "map"], "the first machine's editor, where none is listed");
  const listed = of([{ kind: "terminal", machine: "a" }]);
  assert.deepEqual(keys(listed), ["a/1", "map"]);
  assert.deepEqual(missingEditors(tabsOf(listed, {}), ["a", "b"]), ["a", "b"]);
  assert.deepEqual(missingEditors(tabsOf(of(), {}), ["a", "b"]), ["b"]);
  assert.deepEqual(keys(listed, [editorKey("b"), editorKey("quiet"), editorKey("gone"), BEHIND, "nonsense"]), ["a/1", "ide/b", "map", "behind"]);
  assert.deepEqual(keys(of(), [editorKey("a")]), ["a/1", "b/1", "ide/a", "map"], "one that is there already");
  assert.deepEqual(tabsOf(listed, { a: [2] }, [editorKey("b"), BEHIND]).filter(closable).map((tab) => tab.key), ["a/2", "ide/b", "behind"]);
});

test("terminals' colours: the page's own are the same, and all can be read", () => {
  const css = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");
  const [light = "", dark = ""] = css.split("@media");
  const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
  const token = (text: string, name: string): string => new RegExp(`--term-${name}: (#[0-9a-f]{6});`).exec(text)?.[1] ?? "";
  for (const [text, theme] of [[light, THEMES.light], [dark, THEMES.dark]] as const) {
    assert.deepEqual([theme.bg, theme.fg, theme.cursor, theme.selection], ["bg", "fg", "cursor", "selection"].map((name) => token(text, name)));
    assert.deepEqual([...theme.colours], [...names, ...names.map((name) => `bright-${name}`)].map((name) => token(text, name)));
  }
  for (const theme of Object.values(THEMES)) {
    assert.equal(theme.colours.length, 16);
    assert.ok(contrast(theme.fg, theme.bg) >= 4.5, `${theme.name}: ${contrast(theme.fg, theme.bg)}`);
    assert.ok(contrast(theme.fg, theme.selection) >= 4.5, `${theme.name}, selected: ${contrast(theme.fg, theme.selection)}`);
  }
});

test("what is remembered of terminals may be anything", () => {
  assert.equal(paletteOf("page"), null);
  assert.equal(paletteOf("toString"), null);
  assert.equal(paletteOf("dark"), THEMES.dark);
  assert.deepEqual([9, 14.4, 99, Number.NaN].map(fontSize), [10, 14, 28, 14]);
  const page = { shipped: "ours, mono", system: "mono" };
  for (const font of ["page", "constructor", "fira"]) assert.equal(fontStack(font, page), "ours, mono");
  assert.equal(fontStack("page", page, false), "mono", "it is not there yet");
  assert.equal(fontStack("system", page), "mono");
  assert.equal(fontStack("menlo", page), `${FONTS.menlo.stack}, ours, mono`);
  assert.deepEqual(["page", "fira", "system", "menlo"].map((font) => lineHeight(font, true)), [1, 1, 1.07, 1.07]);
  assert.equal(lineHeight("page", false), 1.07);
});

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [one, other].map(luminance).sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test("the shipped font has lines and blocks, is small, and is shown when it comes", () => {
  const style = readFileSync(new URL("../src/styles/mono.css", import.meta.url), "utf8");
  const faces = style.split("@font-face").slice(1);
  const files = faces.map((face) => /url\("(@fontsource\/[\w/-]+\.woff2)"\) format\("woff2"\)/.exec(face)?.[1] ?? "");
  assert.deepEqual(faces.map((face) => /font-weight: (\d+)/.exec(face)?.[1]), ["400", "400", "400", "700", "700", "700"]);
  for (const face of faces) assert.match(face, /font-display: swap;[^]*unicode-range: U\+/);
  assert.equal(faces.filter((face) => face.includes("U+2500-259F")).length, 2);
  const size = files.reduce((sum, file) => sum + readFileSync(new URL(`../node_modules/${file}`, import.meta.url)).length, 0);
  assert.ok(size <= 120_000, `${size} bytes`);
});
