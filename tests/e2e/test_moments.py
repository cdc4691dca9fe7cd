"""Forks, snapshots and rewinds on a play's page, against the fake server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Visit, open_context
from tests.e2e.fake_plays import ended_play, failed_play, running_play, starting_play
from tests.e2e.fake_server import FakeServer, error
from tests.e2e.test_play_page import wait_for_prompt

pytestmark = pytest.mark.e2e


def test_a_fork_opens_the_new_play_and_the_first_goes_on(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("mini-lan"))
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "node-01")
    page.get_by_role("button", name="Fork", exact=True).click()
    page.wait_for_url(re.compile(rf"/plays/(?!{play.id})[0-9a-f]{{24}}$"))
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
    wait_for_prompt(page, "node-01")
    expect(page.get_by_label("About this play").get_by_role("link", name="another play")).to_have_attribute(
        "href", f"/plays/{play.id}"
    )
    assert play.state == "RUNNING"
    page.go_back()
    wait_for_prompt(page, "node-01")
    expect(page.get_by_role("button", name="Fork", exact=True)).to_be_enabled()


def test_snapshots_are_taken_rewound_to_and_removed(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "web-01")
    side = page.get_by_label("About this play")
    expect(side).to_contain_text("None yet.")
    field = side.get_by_label("Name of the snapshot")
    field.fill("Not Good")
    field.press("Enter")
    expect(side).to_contain_text("Small letters, digits")
    expect(field).to_be_focused()
    assert play.snapshots == []
    field.fill("before-upgrade")
    field.press("Enter")
    expect(side).to_contain_text("Taking the snapshot “before-upgrade”…")
    kept = side.get_by_role("list", name="Snapshots")
    expect(kept).to_contain_text("before-upgrade")
    expect(kept).to_contain_text("just now")
    side.get_by_role("button", name="Take a snapshot").click()
    expect(kept.locator("li")).to_have_count(2)
    assert [each["name"] for each in play.snapshots] == ["before-upgrade", "snapshot-2"]

    side.get_by_role("button", name="Rewind to before-upgrade").click()
    dialog = page.get_by_role("dialog", name="Rewind to “before-upgrade”?")
    expect(dialog).to_contain_text("What came after is lost, unless you take a snapshot of it first.")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    assert fake.rewound == []
    side.get_by_role("button", name="Rewind to before-upgrade").click()
    dialog.get_by_role("button", name="Rewind it").click()
    expect(page.locator(".state[data-state=STARTING]")).to_be_visible()
    expect(page.locator(".state[data-state=RUNNING]")).to_be_visible()
    assert fake.rewound == ["before-upgrade"]

    side.get_by_role("button", name="Remove the snapshot before-upgrade").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove it").click()
    expect(kept.locator("li")).to_have_count(1)


def test_what_cannot_be_done_now_says_why(page: Page, fake: FakeServer) -> None:
    play = fake.add(starting_play())
    play.keep("early")
    page.goto(f"/plays/{play.id}")
    side = page.get_by_label("About this play")
    expect(side).to_contain_text("It is still starting: wait until it runs.")
    for button in (
        page.get_by_role("button", name="Fork", exact=True),
        side.get_by_role("button", name="Take a snapshot"),
        side.get_by_role("button", name="Rewind to early"),
    ):
        expect(button).to_be_disabled()
    play.become("RUNNING")
    expect(side.get_by_role("button", name="Take a snapshot")).to_be_enabled()
    play.become("STOPPING", "stopped")
    expect(side).to_contain_text("It is being stopped")
    expect(side.get_by_role("button", name="Rewind to early")).to_be_disabled()


def test_a_stopped_play_continues_and_can_be_kept(page: Page, fake: FakeServer) -> None:
    play = fake.add(ended_play("STOPPED", "stopped"))
    page.goto(f"/plays/{play.id}")
    expect(page.locator(".ended")).to_contain_text("it can go on where it was")
    page.get_by_label("About this play").get_by_role("button", name="Take a snapshot").click()
    expect(page.get_by_role("list", name="Snapshots")).to_contain_text("snapshot-1")
    expect(page.get_by_role("button", name="Fork", exact=True)).to_be_enabled()
    page.get_by_role("button", name="Continue").click()
    wait_for_prompt(page, "web-01")


def test_a_failed_play_has_to_be_stopped_first(page: Page, fake: FakeServer) -> None:
    play = fake.add(failed_play())
    page.goto(f"/plays/{play.id}")
    expect(page.get_by_label("About this play")).to_contain_text("It failed: stop it first.")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_enabled()


def test_what_the_server_refuses_is_said_in_its_words(visit: Visit, fake: FakeServer) -> None:
    page = visit.page
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    side = page.get_by_label("About this play")
    fake.refuse_next = error(409, "too-many", "this play has 2 snapshots already", "remove some")
    side.get_by_role("button", name="Take a snapshot").click()
    alert = side.get_by_role("alert")
    for words in ("this play has 2 snapshots already", "remove some", "too-many"):
        expect(alert).to_contain_text(words)
    fake.refuse_next = error(409, "too-many", "you have 1000 plays already", "destroy some")
    page.get_by_role("button", name="Fork", exact=True).click()
    expect(page.locator(".failure")).to_contain_text("you have 1000 plays already")
    expect(page.get_by_role("button", name="Fork", exact=True)).to_be_enabled()
    visit.trouble = [line for line in visit.trouble if "409" not in line]


def test_by_thumb(browser: Browser, cookies: tuple[str, BrowserContext], fake: FakeServer) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    context = open_context(browser, cookies, **phone)
    page = context.new_page()
    play = fake.add(running_play("mini-lan"))
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "node-01")
    page.get_by_role("button", name="About", exact=True).tap()
    page.get_by_role("button", name="Take a snapshot").tap()
    expect(page.get_by_role("list", name="Snapshots")).to_contain_text("snapshot-1")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("More", exact=True).first.tap()
    page.get_by_role("group", name="More").get_by_role("button", name="Fork", exact=True).tap()
    page.wait_for_url(re.compile(rf"/plays/(?!{play.id})[0-9a-f]{{24}}$"))
    context.close()
