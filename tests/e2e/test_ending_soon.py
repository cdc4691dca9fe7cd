"""The word ten and two minutes before a play's time runs out."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.fake_plays import FakePlay, running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.test_play_page import type_line, wait_for_prompt, wait_for_text

pytestmark = pytest.mark.e2e

TEN, TWO = "Less than 10 minutes left.", "Less than 2 minutes left."


def ending(fake: FakeServer, seconds: float) -> FakePlay:
    play = running_play("mini-lan")
    play.ends = time.monotonic() + seconds
    return fake.add(play)


def words(page: Page) -> Locator:
    return page.locator("labyard-ending-soon").get_by_role("status")


def test_it_comes_by_itself_takes_no_focus_and_stays_closed(page: Page, fake: FakeServer) -> None:
    play = ending(fake, 604)
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "node-01")
    type_line(page, "echo here-$((1+1))")
    wait_for_text(page, "here-2")
    expect(words(page)).to_be_empty()
    field = page.locator(".panel:not([hidden]) .xterm-helper-textarea")
    expect(words(page)).to_have_text(re.compile(rf"{TEN} At \d\d:\d\d this play is stopped; it can go on later"))
    expect(field).to_be_focused()
    said = words(page).text_content()
    expect(page.get_by_text(re.compile(r"^9:5[0-7] left$")).first).to_be_visible()
    assert words(page).text_content() == said, "what is read out once stays the same"
    page.get_by_role("button", name="Close this warning").click()
    expect(words(page)).to_be_empty()
    expect(field).to_be_focused()
    page.reload()
    wait_for_text(page, "here-2")
    expect(page.get_by_role("button", name=re.compile("9:.* left. Give it one more hour"))).to_be_visible()
    expect(words(page)).to_be_empty()

    play.ends = time.monotonic() + 122  # as it will be in a while: another end, in all but name
    page.reload()
    expect(words(page)).to_contain_text(TWO)
    page.get_by_role("button", name="Close this warning").focus()
    page.keyboard.press("Enter")
    expect(words(page)).to_be_empty()
    expect(page.get_by_role("button", name="Give it one more hour")).to_be_focused()


def test_one_more_hour_takes_it_away(page: Page, fake: FakeServer) -> None:
    play = ending(fake, 90)
    page.goto(f"/plays/{play.id}")
    expect(words(page)).to_contain_text(TWO)
    page.get_by_role("button", name="One more hour", exact=True).click()
    expect(words(page)).to_be_empty()
    expect(page.locator(".ending-acts")).to_have_count(0)
    assert play.minutes == 120


def test_stop_keeping_everything(page: Page, fake: FakeServer) -> None:
    play = ending(fake, 300)
    page.goto(f"/plays/{play.id}")
    expect(words(page)).to_contain_text(TEN)
    page.get_by_role("button", name="Stop, keeping everything").click()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    expect(words(page)).to_be_empty()
    assert play.state == "STOPPED"
