"""Views of a play's page, for test_look.py."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

from tests.e2e.fake_plays import PLAYGROUNDS, running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.test_play_page import type_line, wait_for_prompt, wait_for_text


def running(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('routing-lab')).id}")
    wait_for_prompt(page, "web-01")
    type_line(page, "for n in 1 2 3 4 5 6; do printf '\\033[3%dmcolour %d \\033[1mbright\\033[0m ' $n $n; done; echo")
    wait_for_text(page, "colour 6 bright")


def ending_soon(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("mini-lan"))
    play.ends = time.monotonic() + 595
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "node-01")
    expect(page.get_by_text("Less than 10 minutes left")).to_be_visible()


def web_page(page: Page, fake: FakeServer) -> None:
    """One that is not framed: nothing is asked of the world."""
    play = running_play("debian")
    tab = {"kind": "web-page", "id": "docs", "name": "Docs", "url": "http://labyard.localhost:8800/"}
    play.playground = {**PLAYGROUNDS["debian"], "tabs": [tab]}
    page.goto(f"/plays/{fake.add(play).id}")
    expect(page.frame_locator("iframe").get_by_text("This page is not shown here")).to_be_visible()
