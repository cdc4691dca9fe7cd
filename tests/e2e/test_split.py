"""Views of a play side by side, or one below the other."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.e2e.conftest import open_context
from tests.e2e.fake_plays import running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.test_look import violations
from tests.e2e.test_play_page import type_line, wait_for_prompt

pytestmark = pytest.mark.e2e

TEXT = "([group, text]) => document.querySelector(`.panel.${group}:not([hidden]) labyard-terminal`)?.text?.().includes(text)"
SIZE = (
    "group => { const t = document.querySelector(`.panel.${group}:not([hidden]) labyard-terminal`);"
    " return [t.columns, t.lines]; }"
)


def arrange(page: Page, words: str, group: str = "first") -> None:
    bar = page.locator(f".tab-bar.{group}")
    bar.get_by_label("Arrange views").click()
    bar.get_by_role("button", name=words, exact=True).click()


def type_in(page: Page, group: str, line: str, text: str) -> None:
    page.locator(f".panel.{group}:not([hidden]) .xterm-helper-textarea").focus()
    page.keyboard.type(f"{line}\n")
    page.wait_for_function(TEXT, arg=[group, text])


def tabs(page: Page, group: str) -> Locator:
    return page.locator(f".tab-bar.{group}").get_by_role("tab")


@pytest.fixture
def split(page: Page, fake: FakeServer) -> Page:
    """Two terminals of the first machine, side by side; the second has the focus."""
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    type_line(page, "echo first-$((1+1))")
    arrange(page, "New terminal beside")
    expect(page.locator(".panel.second:not([hidden]) .xterm-helper-textarea")).to_be_focused()
    return page


def test_a_second_terminal_beside_the_first(split: Page) -> None:
    page = split
    type_in(page, "second", "echo second-$((1+1))", "second-2")
    type_in(page, "first", "echo again-$((1+1))", "again-2")
    assert page.evaluate(TEXT, ["first", "first-2"]), "what was there before is still there"
    expect(tabs(page, "first")).to_have_text(["node-01", "node-02", "node-03", "IDE node-01", "Map"])
    expect(tabs(page, "second")).to_have_text([re.compile("node-01 2")])
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot()  # drawn anew, the terminals too
        assert violations(page) == []
    page.reload()
    page.wait_for_function(TEXT, arg=["first", "again-2"])
    page.wait_for_function(TEXT, arg=["second", "second-2"])


def test_below_moved_by_keys_and_one_again(split: Page) -> None:
    page = split
    beside = page.evaluate(SIZE, "first")
    arrange(page, "One below the other", "second")
    page.wait_for_function(f"([group, columns]) => ({SIZE})(group)[0] > columns", arg=["first", beside[0]])
    below = page.evaluate(SIZE, "first")
    line = page.get_by_role("separator", name="Height of the upper views")
    line.focus()
    for _ in range(5):
        line.press("ArrowUp")
    page.wait_for_function(f"([group, lines]) => ({SIZE})(group)[1] < lines", arg=["first", below[1]])
    expect(line).to_have_attribute("aria-valuenow", "30")
    arrange(page, "All in one again", "second")
    expect(page.locator(".tab-bar")).to_have_count(1)
    expect(page.get_by_role("tab", name="node-01 2")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tab", name="node-01 2")).to_be_visible()


def test_what_is_put_across_goes_on(split: Page) -> None:
    """The same element with the same connection: a copy would have been sent everything anew."""
    page = split
    type_in(page, "first", "echo mark-$((1+1))", "mark-2")
    page.evaluate(
        "document.querySelector('.panel.first:not([hidden]) labyard-terminal').link = { kind: 'open', mine: 1 }"
    )
    arrange(page, "Put node-01 on the other side")
    expect(tabs(page, "second")).to_have_text(["node-01", re.compile("node-01 2")])
    assert page.evaluate("document.querySelector('.panel.second:not([hidden]) labyard-terminal').link.mine") == 1
    type_in(page, "second", "echo on-$((1+1))", "on-2")
    assert page.evaluate(TEXT, ["second", "mark-2"])
    expect(page.locator(".panel.first:not([hidden]) labyard-terminal")).to_be_visible()


def test_a_mouse_drags_tabs_across(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    drag(page, "Map", ".drop-zone.below")
    expect(page.locator(".panels")).to_have_class("panels below")
    expect(tabs(page, "second")).to_have_text(["Map"])
    expect(page.locator("labyard-lab-map")).to_be_visible()
    expect(page.locator(".panel.first labyard-terminal")).to_be_visible()
    drag(page, "node-02", ".drop-zone.second")
    expect(tabs(page, "second")).to_have_text(["node-02", "Map"])
    drag(page, "Map", None)
    expect(page.locator(".drop-zone")).to_have_count(0)
    expect(tabs(page, "second")).to_have_text(["node-02", "Map"])


def drag(page: Page, tab: str, zone: str | None) -> None:
    """`zone` None: it is let go where nothing can be put."""
    page.get_by_role("tab", name=tab, exact=True).hover()
    page.mouse.down()
    page.mouse.move(5, 5)
    page.mouse.move(8, 8)
    expect(page.locator(".drop-zone").first).to_be_visible()
    if zone is not None:
        box = page.locator(zone).bounding_box()
        assert box is not None
        for part in (0.4, 0.5):
            page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] * part)
    page.mouse.up()
    expect(page.locator(".drop-zone")).to_have_count(0)


def test_a_phone_shows_one_at_a_time(split: Page, browser: Browser, cookies: tuple[str, BrowserContext]) -> None:
    kept = split.context.storage_state()
    context = open_context(browser, cookies, viewport={"width": 390, "height": 800}, storage_state=kept)
    phone = context.new_page()
    phone.goto(split.url)
    wait_for_prompt(phone, "node-01")
    expect(phone.locator(".tab-bar")).to_have_count(1)
    expect(phone.get_by_role("tab", name="node-01 2")).to_be_visible()
    expect(phone.get_by_label("Arrange views")).to_be_hidden()
    expect(phone.locator(".panel:not([hidden])")).to_have_count(1)
    context.close()
