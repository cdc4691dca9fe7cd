import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry, Listing } from "../src/api/files.ts";
import { bytesOf, difference, indentOf, pictureType, sizeWord, textOf, wholeLines } from "../src/ide/content.ts";
import { inSight, join, lacking, merged, named, nameTrouble, PAGE, parentOf, rowsOf, within, type Folder } from "../src/ide/tree.ts";
import { tabsOf } from "../src/play/tabs.ts";
import type { Play } from "../src/api/types.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const entry = (name: string, kind: Entry["kind"] = "file"): Entry => ({ name, kind, size: 1, modified: 0, mode: 0o644, target: null, odd: false });
const listing = (path: string, entries: Entry[], part: Partial<Listing> = {}): Listing => ({
  path, version: "1", total: entries.length, offset: 0, cut: false, writable: true, entries, ...part,
});

test("text comes back byte for byte, whatever ends its lines", () => {
  for (const text of ["", "one", "one\ntwo\n", "one\r\ntwo\r\n", "a\r\nb\nc", "old\rmac", "\ufeffmark\n", "\r\n", "\n\r\n"]) {
    const read = textOf(bytes(text));
    assert.ok(read);
    assert.deepEqual(bytesOf(read.text, read.crlf), bytes(text), JSON.stringify(text));
  }
  assert.equal(textOf(bytes("a\r\nb"))?.crlf, true);
  assert.equal(textOf(new Uint8Array([97, 0, 98])), null);
  assert.equal(textOf(new Uint8Array([0x67, 0xfc]))?.broken, true);
});

test("pictures are told by what they begin with, and drawings are none", () => {
  assert.equal(pictureType(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0])), "image/png");
  assert.equal(pictureType(new Uint8Array([0xff, 0xd8, 0xff, 0xe0])), "image/jpeg");
  assert.equal(pictureType(bytes("GIF89a")), "image/gif");
  assert.equal(pictureType(bytes("RIFF....WEBP")), "image/webp");
  for (const text of ["<svg xmlns='http://www.w3.org/2000/svg'/>", "<html>", "", "RIFF....WAVE"]) assert.equal(pictureType(bytes(text)), null);
});

test("the step of indentation is the least there is", () => {
  assert.equal(indentOf("a:\n    b\n        c\n"), "    ");
  assert.equal(indentOf("a:\n  b\n    c\n"), "  ");
  assert.equal(indentOf("a:\n\tb\n"), "\t");
  assert.equal(indentOf("nothing"), "  ");
});

test("a difference makes one text of the other", () => {
  for (const [before, after] of [["", "a"], ["a", ""], ["abc", "abXc"], ["aaa", "aaaa"], ["abcabc", "abc"], ["same", "same"], ["x", "y"]] as const) {
    const { from, to, insert } = difference(before, after);
    assert.equal(before.slice(0, from) + insert + before.slice(to), after);
  }
  assert.deepEqual(difference("one two three", "one 2 three"), { from: 4, to: 7, insert: "2" });
});

test("a part of a log has whole lines, unless one is longer than all of it", () => {
  const part = bytes("ne 1\nline 2\nlin");
  const middle = wholeLines(part, 100, 1000);
  assert.deepEqual([middle.from, middle.until, new TextDecoder().decode(middle.bytes)], [105, 112, "line 2\n"]);
  assert.equal(new TextDecoder().decode(wholeLines(part, 0, 1000).bytes), "ne 1\nline 2\n");
  assert.equal(new TextDecoder().decode(wholeLines(part, 985, 1000).bytes), "line 2\nlin");
  assert.equal(wholeLines(bytes("xxxx"), 10, 1000).bytes.length, 4);
  assert.deepEqual(wholeLines(new Uint8Array(), 0, 0).until, 0);
});

test("sizes are said in words", () => {
  assert.deepEqual([10, 2048, 50 << 20, 3 * 2 ** 30].map(sizeWord), ["10 bytes", "2.0 KiB", "50 MiB", "3.0 GiB"]);
});

test("of a large folder only parts are known, and asked for where they are seen", () => {
  const part = listing("/home", [entry("a", "folder"), entry("b")], { total: 10_000 });
  const folders = new Map<string, Folder>([["/home", merged(undefined, part)]]);
  const rows = rowsOf("/home", folders, new Set());
  assert.equal(rows.length, 10_000);
  const { from, until } = inSight(rows.length, 28 * 5000, 560, 28);
  assert.ok(until - from < 50);
  assert.deepEqual(lacking(rows.slice(from, until)), [{ path: "/home", offset: 9 * PAGE }, { path: "/home", offset: 10 * PAGE }]);
  const chosen = (rows[5000] as { path: string }).path;
  assert.equal(named(chosen, folders), chosen);
  folders.set("/home", merged(folders.get("/home"), listing("/home", [entry("late")], { total: 10_000, offset: 5000 })));
  assert.equal(named(chosen, folders), "/home/late");
  assert.equal(folders.get("/home")?.entries[1]?.name, "b", "what was known stays");
  folders.set("/home", merged(folders.get("/home"), listing("/home", [entry("c")], { version: "2", total: 3 })));
  assert.deepEqual(folders.get("/home")?.entries.map((each) => each?.name), ["c", undefined, undefined], "a changed folder is asked for anew");
});

test("what is open is below its folder", () => {
  const folders = new Map([
    ["/", merged(undefined, listing("/", [entry("etc", "folder"), entry("file")]))],
    ["/etc", merged(undefined, listing("/etc", [entry("passwd")]))],
  ]);
  const rows = rowsOf("/", folders, new Set(["/etc"]));
  assert.deepEqual(rows.map((row) => [row.path, row.depth, row.open]), [["/etc", 1, true], ["/etc/passwd", 2, false], ["/file", 1, false]]);
});

test("paths and names", () => {
  assert.deepEqual([join("/", "a"), join("/a", "b"), parentOf("/a/b"), parentOf("/a")], ["/a", "/a/b", "/a", "/"]);
  assert.ok(within("/a/b", "/a") && within("/a", "/") && !within("/ab", "/a"));
  for (const name of ["", ".", "..", "a/b", "x".repeat(256)]) assert.ok(nameTrouble(name), name);
  assert.equal(nameTrouble(".bashrc"), null);
});

test("a tab of the kind ide is an editor of its machine, the first one where none is said", () => {
  const machines = [{ name: "a" }, { name: "b" }, { name: "quiet", noSSH: true }];
  const tabs = [{ kind: "ide" }, { kind: "ide", machine: "b", name: "b" }, { kind: "ide", machine: "b", name: "Code" }, { kind: "ide", machine: "quiet" }];
  const play = { id: "0", playground: { name: "p", machines, tabs }, machines: machines.map(({ name }) => ({ name })), tasks: {} } as unknown as Play;
  assert.deepEqual(
    tabsOf(play, {}).map((tab) => [tab.kind, tab.label, "machine" in tab ? tab.machine : ""]),
    [["ide", "IDE a", "a"], ["ide", "IDE b", "b"], ["ide", "Code", "b"], ["other", "ide", ""], ["map", "Map", ""]],
  );
});
