"""What helps while one works: finding words in a terminal, and more time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.fake_plays import running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.test_play_page import type_line, wait_for_prompt, wait_for_text

pytestmark = pytest.mark.e2e


def test_words_are_found_in_what_has_scrolled_away(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    type_line(page, "echo needle-$((1+1)); seq 1 300; echo at-the-end-$((1+1))")
    wait_for_text(page, "at-the-end-2")
    page.locator(".panel:not([hidden]) .xterm-helper-textarea").focus()
    page.keyboard.press("Control+Shift+F")
    field = page.get_by_role("searchbox", name="Find in this terminal")
    expect(field).to_be_focused()
    top = "() => document.querySelector('.panel:not([hidden]) labyard-terminal').scrolled"
    before = page.evaluate(top)
    field.fill("needle-2")
    page.wait_for_function(f"before => ({top})() < before", arg=before)
    field.fill("no such words")
    expect(page.get_by_text("Not found")).to_be_visible()
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(page.locator(".panel:not([hidden]) .xterm-helper-textarea")).to_be_focused()


def test_one_more_hour(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("mini-lan"))
    page.goto(f"/plays/{play.id}")
    more = page.get_by_role("button", name=re.compile("left. Give it one more hour"))
    expect(more).to_contain_text(re.compile(r"^\s*(59:\d\d|1 h 00 min) left"))
    more.click()
    expect(more).to_contain_text(re.compile(r"^\s*(1 h 59 min|2 h 00 min) left"))
    assert play.minutes == 120
