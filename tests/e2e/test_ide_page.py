"""The editor tab in a real browser, over machines made of nothing."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Visit, pages_folder
from tests.e2e.ide import SomebodyElse, make_file, row, save, text, tree
from tests.e2e.real_server import real_server
from tests.e2e.test_look import SCHEMES, SIZES, pictures, violations

__all__ = ["pictures"]  # a fixture

pytestmark = pytest.mark.e2e

MANIFEST = """kind: playground
name: desk
title: A desk
playground:
  networks: [{name: local, subnet: 172.16.0.0/24}]
  machines:
    - name: node-01
      users: [{name: laborant, default: true}, {name: root}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
  tabs:
    - {kind: ide, machine: node-01}
    - {machine: node-01}
"""
HOME = "/home/laborant"
REFUSED = re.compile("responded with a status of (404|409|412)")


def picture() -> bytes:
    """A red dot, as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40, 40, 8, 2, 0, 0, 0)
    lines = (b"\0" + b"\xc0\x20\x20" * 40) * 40
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """At the editor of a fresh play. Refused saves are told by the browser, too: they are no trouble."""
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "desk.yaml").write_text(MANIFEST)
    with real_server(tmp_path, catalog, pages_folder()) as link:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        visit = Visit(context.new_page())
        page = visit.page
        page.goto(link)
        page.get_by_role("button", name="Start").click()
        page.wait_for_url("**/plays/*")
        expect(page.get_by_label("Folder", exact=True)).to_have_value(HOME)
        yield visit
        context.close()
    assert [each for each in visit.trouble if not REFUSED.search(each)] == []


@pytest.fixture
def page(visit: Visit) -> Page:
    return visit.page


@pytest.fixture
def other(page: Page) -> SomebodyElse:
    return SomebodyElse(page, "node-01", "owner-token")


def test_made_written_saved_and_found_again(page: Page, other: SomebodyElse) -> None:
    expect(page.get_by_text("This folder is empty.")).to_be_visible()
    make_file(page, "hello.py")
    expect(text(page)).to_be_focused()
    page.keyboard.type("print('hello')")
    expect(page.locator(".ide-file.selected")).to_contain_text("not saved")
    expect(page.locator(".ide-saved")).to_have_text("Not saved")
    save(page)
    assert other.read(f"{HOME}/hello.py") == b"print('hello')"
    expect(text(page).locator("span").filter(has_text="hello").first).to_be_visible()
    page.reload()
    expect(text(page)).to_have_text("print('hello')")
    expect(row(page, "hello.py")).to_be_visible()


def test_somebody_else_changed_it_and_nothing_is_lost(page: Page, other: SomebodyElse) -> None:
    make_file(page, "notes.txt")
    page.keyboard.type("mine")
    save(page)
    dialog = page.get_by_role("dialog")
    path = f"{HOME}/notes.txt"

    other.write(path, b"theirs")
    page.keyboard.type(" too")
    page.keyboard.press("Control+s")
    expect(dialog).to_contain_text("was changed by somebody else")
    dialog.get_by_role("button", name="Compare").click()
    expect(dialog.locator(".cm-mergeView")).to_contain_text("theirs")
    expect(dialog.locator(".cm-mergeView")).to_contain_text("mine too")
    dialog.get_by_role("button", name="Go on editing").click()
    assert other.read(path) == b"theirs"
    expect(text(page)).to_have_text("mine too")

    page.get_by_role("button", name="Somebody else changed it").click()
    dialog.get_by_role("button", name="Take theirs").click()
    expect(text(page)).to_have_text("theirs")
    expect(page.locator(".ide-saved")).to_have_text("Saved")

    text(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" and mine")
    other.write(path, b"once more")
    page.keyboard.press("Control+s")
    dialog.get_by_role("button", name="Keep mine").click()
    expect(page.locator(".ide-saved")).to_have_text("Saved")
    assert other.read(path) == b"theirs and mine"


def test_what_others_change_is_shown_where_nothing_is_to_be_lost(page: Page, other: SomebodyElse) -> None:
    make_file(page, "log.txt")
    other.write(f"{HOME}/log.txt", b"from elsewhere")
    page.wait_for_timeout(2100)  # it is not looked at more often
    tree(page).focus()
    expect(text(page)).to_have_text("from elsewhere")
    other.create(f"{HOME}/another.txt", b"x")
    page.get_by_role("button", name="Refresh").click()
    expect(row(page, "another.txt")).to_be_visible()


def test_lines_of_windows_and_bytes_that_are_no_text(page: Page, other: SomebodyElse) -> None:
    other.create(f"{HOME}/dos.txt", b"\xef\xbb\xbfone\r\ntwo\r\n")
    other.create(f"{HOME}/mixed.txt", b"one\r\ntwo\nthree\r")
    other.create(f"{HOME}/latin.txt", b"gr\xfc\xdfe")
    other.create(f"{HOME}/program", b"\x7fELF\0\0\0")
    page.get_by_role("button", name="Refresh").click()
    for name, before, after in (
        ("dos.txt", b"\xef\xbb\xbfone\r\ntwo\r\n", b"\xef\xbb\xbfone\r\ntwo\r\n!"),
        ("mixed.txt", b"one\r\ntwo\nthree\r", b"one\r\ntwo\nthree\r!"),
    ):
        row(page, name).click()
        expect(text(page)).to_be_focused()
        assert other.read(f"{HOME}/{name}") == before
        page.keyboard.press("Control+End")
        page.keyboard.type("!")
        save(page)
        assert other.read(f"{HOME}/{name}") == after
    row(page, "latin.txt").click()
    expect(page.locator(".ide-status")).to_contain_text("no UTF-8: read only")
    row(page, "program").click()
    expect(page.locator(".shown-file")).to_contain_text("no text")


def test_pictures_are_shown_and_drawings_are_text(page: Page, other: SomebodyElse) -> None:
    other.create(f"{HOME}/dot.txt", picture())
    other.create(f"{HOME}/drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    page.get_by_role("button", name="Refresh").click()
    row(page, "dot.txt").click()
    shown = page.get_by_role("img", name="dot.txt")
    expect(shown).to_be_visible()
    page.wait_for_function("() => document.querySelector('.ide-picture img').naturalWidth === 40")
    row(page, "drawing.svg").click()
    expect(text(page)).to_contain_text("<script>alert(1)</script>")


def test_ten_thousand_files_by_keyboard(page: Page, other: SomebodyElse) -> None:
    other.folder(f"{HOME}/many")
    for number in range(1200):
        other.create(f"{HOME}/many/file-{number:05}", b"")
    page.get_by_role("button", name="Refresh").click()
    expect(row(page, "many")).to_be_visible()
    tree(page).focus()
    page.keyboard.press("Home")
    expect(row(page, "many")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowRight")
    expect(row(page, "file-00000")).to_be_visible()
    page.keyboard.press("End")
    expect(row(page, "file-01199")).to_have_attribute("aria-posinset", "1200")
    assert tree(page).locator(".tree-row").count() < 100
    page.keyboard.press("Enter")
    expect(page.locator(".ide-file.selected")).to_contain_text("file-01199")
    expect(text(page)).to_be_focused()
    page.keyboard.press("Control+Shift+KeyE")
    expect(tree(page)).to_be_focused()
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete it").click()
    expect(page.locator(".ide-file")).to_have_count(0)
    page.keyboard.press("Control+Shift+KeyE")
    page.keyboard.press("Home")
    page.keyboard.press("F2")
    page.get_by_role("dialog").get_by_role("textbox").fill("renamed")
    page.keyboard.press("Enter")
    expect(row(page, "renamed")).to_be_visible()


def test_a_large_log_in_parts(page: Page, other: SomebodyElse) -> None:
    log = b"".join(b"line %07d of a log that has become long\n" % number for number in range(60_000))
    other.create(f"{HOME}/large.log", log)
    page.get_by_role("button", name="Refresh").click()
    row(page, "large.log").click()
    content = page.locator("labyard-large-pane .cm-content")
    expect(content).to_contain_text("line 0000000 of")
    page.get_by_role("button", name="End", exact=True).click()
    expect(content).to_contain_text("line 0059999 of")
    page.get_by_role("button", name="Follow").click()
    other.write(f"{HOME}/large.log", log + b"and one more line\n")
    expect(content).to_contain_text("and one more line")
    page.get_by_role("button", name="Follow").click()

    page.keyboard.press("Control+Shift+KeyF")
    page.get_by_label("Text to look for").fill("line 0030000")
    page.keyboard.press("Enter")
    page.locator(".search-line").click()
    expect(content).to_contain_text("line 0030000 of")


def test_search_goes_to_the_line(page: Page, other: SomebodyElse) -> None:
    other.create(f"{HOME}/a.py", b"x = 1\n" * 200 + b"needle = 2\n")
    other.folder(f"{HOME}/sub")
    other.create(f"{HOME}/sub/b.py", b"the Needle\n")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_label("Text to look for").fill("needle")
    page.keyboard.press("Enter")
    expect(page.locator(".search-said").first).to_contain_text("2 lines in 2 files")
    page.get_by_label("Capitals matter").check()
    page.get_by_label("Text to look for").press("Enter")
    expect(page.locator(".search-line")).to_have_count(1)
    page.locator(".search-line").click()
    expect(page.locator(".ide-place")).to_contain_text("Line 201, column")
    expect(text(page).locator(".cm-line").filter(has_text="needle = 2")).to_be_visible()
    page.get_by_label("Expression").check()
    page.get_by_label("Text to look for").fill("(")
    page.get_by_label("Text to look for").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("regular expression")


def test_the_terminal_below_and_the_way_out(page: Page) -> None:
    page.wait_for_function("() => document.querySelector('labyard-ide labyard-terminal')?.text?.().includes('$')")
    page.get_by_role("button", name="Hide the terminal").click()
    expect(page.locator("labyard-ide labyard-terminal")).to_have_count(0)
    make_file(page, "a.txt")
    page.keyboard.press("Control+Backquote")
    expect(page.locator("labyard-ide labyard-terminal")).to_be_visible()
    text(page).focus()
    page.keyboard.press("Control+Shift+KeyL")
    expect(page.get_by_role("tab", name="IDE")).to_be_focused()
    page.keyboard.press("Enter")
    expect(text(page)).to_be_focused()


def test_what_is_not_saved_is_asked_for(page: Page, other: SomebodyElse) -> None:
    make_file(page, "a.txt")
    page.keyboard.type("text")
    page.get_by_role("button", name="Close a.txt").click()
    page.get_by_role("dialog").get_by_role("button", name="Go on editing").click()
    expect(text(page)).to_have_text("text")
    page.get_by_role("button", name="Close a.txt").click()
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".ide-file")).to_have_count(0)
    assert other.read(f"{HOME}/a.txt") == b"text"


def test_what_is_not_saved_outlives_a_stop_of_the_play(page: Page, other: SomebodyElse) -> None:
    make_file(page, "a.txt")
    page.keyboard.type("not saved")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Continue").click()
    expect(text(page)).to_have_text("not saved")
    expect(page.locator(".ide-saved")).to_have_text("Not saved")
    text(page).focus()
    save(page)
    assert other.read(f"{HOME}/a.txt") == b"not saved"


def test_uploads_and_downloads(page: Page, other: SomebodyElse, tmp_path: Path) -> None:
    (tmp_path / "there.bin").write_bytes(bytes(range(256)) * 8192)
    page.get_by_label("Upload files").set_input_files(tmp_path / "there.bin")
    expect(row(page, "there.bin")).to_be_visible()
    assert other.read(f"{HOME}/there.bin") == bytes(range(256)) * 8192
    row(page, "there.bin").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes() == bytes(range(256)) * 8192
    page.get_by_label("Upload files").set_input_files(tmp_path / "there.bin")
    expect(page.get_by_role("alert")).to_contain_text("is there already")


def test_on_a_phone_one_part_at_a_time(page: Page, other: SomebodyElse) -> None:
    other.create(f"{HOME}/a.txt", b"small")
    page.set_viewport_size({"width": 390, "height": 780})
    page.get_by_role("button", name="Refresh").click()
    row(page, "a.txt").click()
    expect(text(page)).to_have_text("small")
    expect(tree(page)).to_be_hidden()
    parts = page.get_by_label("Parts of the editor")
    parts.get_by_role("button", name="Shell").click()
    expect(page.locator("labyard-ide labyard-terminal")).to_be_visible()
    expect(text(page)).to_be_hidden()
    parts.get_by_role("button", name="Files").click()
    expect(tree(page)).to_be_visible()


def test_a_folder_that_is_not_there_is_told(page: Page) -> None:
    page.get_by_label("Folder", exact=True).fill("/no/such/folder")
    page.get_by_label("Folder", exact=True).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("no such")


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_how_it_looks(page: Page, other: SomebodyElse, size: str, pictures: Path) -> None:
    other.folder(f"{HOME}/src")
    other.create(
        f"{HOME}/src/server.py", b'import http.server\n\nPORT = 8080  # where it listens\nprint("hello", PORT)\n'
    )
    other.create(f"{HOME}/large.log", b"a line of a log\n" * 100_000)
    page.get_by_role("button", name="Refresh").click()
    row(page, "large.log").click()
    expect(page.locator("labyard-large-pane .cm-content")).to_contain_text("a line of a log")
    row(page, "src").click()
    row(page, "server.py").click()
    expect(text(page)).to_contain_text("where it listens")
    text(page).focus()
    page.keyboard.type("# new\n")
    page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
    for name in ("server.py", "large.log", "search"):
        if name == "search":
            page.keyboard.press("Control+Shift+KeyF")
            page.get_by_label("Text to look for").fill("hello")
            page.keyboard.press("Enter")
            expect(page.locator(".search-line")).to_have_count(1)
        else:
            page.locator(".ide-file").filter(has_text=name).get_by_role("button").first.click()
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=pictures / f"ide-{name}-{scheme}-{size}.png")
            assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
            assert violations(page) == [], (name, scheme)
