"""The terminal on the page: lost connections, floods, clipboard, and work without a mouse."""

from __future__ import annotations

import hashlib

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.fake_plays import FakePlay, running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.fake_terminal import WINDOW
from tests.e2e.test_play_page import shown, type_line, wait_for_prompt, wait_for_text

pytestmark = pytest.mark.e2e


@pytest.fixture
def play(page: Page, fake: FakeServer) -> FakePlay:
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "web-01")
    return play


def test_a_lost_connection_comes_back_by_itself_with_everything_on_it(
    page: Page, play: FakePlay, fake: FakeServer
) -> None:
    type_line(page, "echo before-$((1+1))")
    wait_for_text(page, "before-2")
    fake.cut()
    expect(page.locator(".term-notice")).to_contain_text("Connection lost")
    expect(page.locator(".term-notice")).to_have_count(0)
    type_line(page, "echo after-$((1+1))")
    wait_for_text(page, "after-2")
    assert shown(page).count("before-2") == 1
    play.become("STOPPED", "stopped")  # the status comes through its own socket, which was cut too
    expect(page.locator(".ended")).to_be_visible()


def test_a_flood_is_taken_at_the_pace_of_the_page(page: Page, play: FakePlay, fake: FakeServer) -> None:
    type_line(page, "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo flood-$((1+1))")
    wait_for_text(page, "flood-2")
    terminal = fake.terminals[play.id, "web-01", "term-1"]
    assert terminal.most_owed < WINDOW + 64 * 1024
    assert all(viewer.acks <= 3_000_000 // (16 * 1024) for viewer in terminal.viewers)


def test_questions_in_the_replay_are_not_answered_again(page: Page, play: FakePlay) -> None:
    page.wait_for_timeout(500)  # what is answered right after an attach is taken for the answer to a replayed question
    # Without echo from the start: the answer may be here before `read` is.
    type_line(page, "stty -echo; printf '\\033[c'; read -rs -t 20 -n 7 _; stty echo; echo asked-$((1+1))")
    wait_for_text(page, "asked-2")
    page.reload()
    wait_for_text(page, "asked-2")
    type_line(page, "echo clean-$((1+1))")
    wait_for_text(page, "clean-2")
    assert "1;2c" not in shown(page)


def test_the_shell_knows_its_size_and_hears_of_changes(page: Page, play: FakePlay) -> None:
    page.set_viewport_size({"width": 900, "height": 600})
    size = "element => `size ${element.columns} ${element.lines}`"
    page.wait_for_function("() => document.querySelector('labyard-terminal').columns < 80")
    said = page.locator("labyard-terminal").first.evaluate(size)
    columns, lines = said.split()[1:]
    type_line(page, "echo size $(stty size)")
    wait_for_text(page, f"size {lines} {columns}")


def test_the_end_of_a_shell_is_said_and_a_new_one_is_a_click_away(page: Page, play: FakePlay) -> None:
    type_line(page, "exit 7")
    expect(page.locator(".term-notice")).to_contain_text("The shell ended with exit code 7")
    page.get_by_role("button", name="Open a new one").click()
    wait_for_prompt(page, "web-01")
    type_line(page, "echo again-$((1+1))")
    wait_for_text(page, "again-2")


def test_copy_and_paste(page: Page, play: FakePlay) -> None:
    type_line(page, "clear; echo copy-$((1+1))-me")
    wait_for_text(page, "copy-2-me")
    box = page.locator(".xterm-rows > div", has_text="copy-2-me").last.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + 12, box["y"] + box["height"] / 2)
    page.keyboard.press("Control+Shift+C")
    page.wait_for_function("() => navigator.clipboard.readText().then(text => text.includes('copy-2-me'))")
    page.evaluate("navigator.clipboard.writeText('echo pasted-$((1+1))')")
    page.keyboard.press("Control+Shift+V")
    page.keyboard.press("Enter")
    wait_for_text(page, "pasted-2")


def test_a_paste_of_ten_megabytes_arrives_whole(page: Page, play: FakePlay) -> None:
    """In messages that the server takes; the page and other terminals go on meanwhile."""
    pasted = "".join(chr(33 + at % 90) for at in range(10_000_000))
    type_line(page, f"stty raw -echo; echo re''ady; head -c {len(pasted)} | sha256sum; stty sane")
    wait_for_text(page, "ready")
    page.evaluate("pasted => navigator.clipboard.writeText(pasted)", pasted)
    page.keyboard.press("Control+Shift+V")
    page.get_by_role("tab", name="Database").click()
    wait_for_prompt(page, "db-01")
    type_line(page, "echo other-$((1+1))")
    wait_for_text(page, "other-2")
    page.get_by_role("tab", name="web-01").first.click()
    wait_for_text(page, hashlib.sha256(pasted.encode()).hexdigest())
    type_line(page, "echo alive-$((1+1))")
    wait_for_text(page, "alive-2")


def test_why_a_terminal_is_not_had_and_what_to_do_is_said(page: Page, play: FakePlay, fake: FakeServer) -> None:
    """Of a machine that is off it is tried again, and comes back with it; where there are too many it is not."""
    off = {"code": "conflict", "message": "web-01 is off", "hint": "restart it"}
    fake.refusal = off
    fake.cut()
    expect(page.locator(".term-notice")).to_contain_text("web-01 is off. restart it. Trying again")
    fake.refusal = None
    expect(page.locator(".term-notice")).to_have_count(0)
    type_line(page, "echo back-$((1+1))")
    wait_for_text(page, "back-2")
    fake.refusal = {"code": "too-many", "message": "there are 64 already", "hint": "end some"}
    fake.cut()
    expect(page.locator(".term-notice")).to_contain_text("there are 64 already. end some. too-many")
    fake.refusal = None
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".term-notice")).to_have_count(0)


def test_everything_without_a_mouse(visit: Visit, fake: FakeServer) -> None:
    page = visit.page
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "web-01")
    expect(page.locator(".xterm-helper-textarea").first).to_be_focused()  # nothing else had the focus
    page.keyboard.type("echo keys-$((1+1))")
    page.keyboard.press("Enter")
    wait_for_text(page, "keys-2")
    page.keyboard.press("Control+Shift+L")
    expect(page.get_by_role("tab", name="web-01")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Database")).to_be_focused()
    expect(page.get_by_role("tab", name="Database")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    wait_for_prompt(page, "db-01")
    page.keyboard.type("echo typed-$((1+1))")
    page.keyboard.press("Enter")
    wait_for_text(page, "typed-2")
    page.keyboard.press("Control+Shift+L")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_label("New terminal").first).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="web-01 2")).to_have_attribute("aria-selected", "true")
    wait_for_prompt(page, "web-01")
    page.keyboard.press("Control+Shift+L")
    page.keyboard.press("Delete")
    expect(page.get_by_role("tab", name="web-01 2")).to_have_count(0)
