"""A lesson beside its play: boxes that follow the play's tasks, answers, and the way from a text to a terminal."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.fake_plays import FakePlay, lesson_play, running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.test_play_page import wait_for_prompt

pytestmark = pytest.mark.e2e


@pytest.fixture
def play(page: Page, fake: FakeServer) -> FakePlay:
    play = fake.add(lesson_play())
    page.goto(f"/plays/{play.id}")
    expect(page.get_by_role("heading", name="Let the inside out")).to_be_visible()
    return play


def test_a_box_follows_its_task(page: Page, play: FakePlay) -> None:
    box = page.get_by_role("group", name="Task verify_forwarding")
    expect(box.get_by_role("status").first).to_contain_text("Open")
    expect(box).to_contain_text("net.ipv4.ip_forward is still 0.")
    expect(page.get_by_text("Waiting until")).to_be_visible()
    expect(page.get_by_text("Forwarding is on.")).to_be_hidden()
    expect(page.get_by_role("button", name="tasks 0/2")).to_be_visible()

    play.task("verify_forwarding", 40)
    expect(box.get_by_role("status").first).to_contain_text("Completed")
    expect(page.get_by_text("Forwarding is on.")).to_be_visible()
    expect(page.get_by_text("Waiting until")).to_be_hidden()
    expect(box).not_to_contain_text("still 0")
    expect(page.get_by_role("button", name="tasks 1/2")).to_be_visible()


def test_the_next_open_task_comes_into_view(page: Page, play: FakePlay) -> None:
    page.set_viewport_size({"width": 1280, "height": 420})
    play.task("verify_forwarding", 40)
    page.get_by_role("button", name="tasks 1/2").click()
    expect(page.get_by_role("group", name="Task verify_name")).to_be_in_viewport()


def test_a_link_within_the_lesson_scrolls(page: Page, play: FakePlay) -> None:
    page.set_viewport_size({"width": 1280, "height": 420})
    page.get_by_role("link", name="say its name").click()
    expect(page.get_by_role("heading", name="Say its name")).to_be_in_viewport()
    assert page.url.endswith(f"/plays/{play.id}")


def test_an_answer_goes_to_the_server(page: Page, play: FakePlay) -> None:
    box = page.get_by_role("group", name="Task verify_name")
    box.get_by_role("textbox").fill("not <right>")
    box.get_by_role("button", name="Check").click()
    expect(box).to_contain_text("does not look like the answer")
    assert play.answers == []
    box.get_by_role("textbox").fill("gw-01")
    box.get_by_role("textbox").press("Enter")
    expect(box).to_contain_text("Sent.")
    assert play.answers == [("verify_name", "gw-01")]


def test_words_open_terminals(page: Page, play: FakePlay) -> None:
    wait_for_prompt(page, "web-01")
    page.get_by_role("button", name="one more terminal").click()
    expect(page.get_by_role("tab", name="db-01 2")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="web-01", exact=True).click()
    expect(page.get_by_role("tab", name="web-01")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("heading", name="Let the inside out")).to_be_visible()


def test_a_sub_tab_shows_one_way(page: Page, play: FakePlay) -> None:
    expect(page.get_by_text("nft list ruleset")).to_be_visible()
    page.get_by_role("tab", name="With nft").press("ArrowRight")
    expect(page.get_by_text("iptables -S")).to_be_visible()
    expect(page.get_by_text("nft list ruleset")).to_be_hidden()


def test_code_is_copied_without_its_prompt(page: Page, play: FakePlay) -> None:
    code = page.locator("lab-code[language=console]")
    code.hover()
    code.get_by_role("button", name="Copy").click()
    expect(code).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "ip route"


def test_what_is_wrong_with_a_lesson_is_seen(page: Page, play: FakePlay) -> None:
    expect(page.locator("lab-problem")).to_contain_text("there is no component `::slides`")


def test_the_divider_is_remembered(page: Page, play: FakePlay) -> None:
    line = page.get_by_role("separator", name="Width of the left half")
    before = page.locator(".left-half").bounding_box()
    for _ in range(4):
        line.press("ArrowRight")
    after = page.locator(".left-half").bounding_box()
    assert before is not None and after is not None
    assert after["width"] == before["width"] + 64
    page.reload()
    expect(page.get_by_role("heading", name="Let the inside out")).to_be_visible()
    assert page.locator(".left-half").bounding_box() == after


def test_a_phone_shows_one_after_the_other(page: Page, play: FakePlay) -> None:
    page.set_viewport_size({"width": 390, "height": 780})
    expect(page.get_by_role("tab", name="web-01")).to_be_hidden()
    page.get_by_role("button", name="Terminal", exact=True).click()
    expect(page.get_by_role("tab", name="web-01")).to_be_visible()
    expect(page.get_by_role("heading", name="Let the inside out")).to_be_hidden()
    page.get_by_role("button", name="tasks 0/2").click()
    expect(page.get_by_role("group", name="Task verify_forwarding")).to_be_in_viewport()


def test_a_play_without_a_lesson_has_no_pane(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    expect(page.locator("labyard-lesson-pane")).to_have_count(0)
    expect(page.get_by_role("button", name="tasks")).to_have_count(0)
