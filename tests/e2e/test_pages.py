"""Every page against the fake server: what it shows in each state, and what it sends."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import Visit, open_context
from tests.e2e.fake_plays import ended_play, failed_play, running_play, starting_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.test_play_page import wait_for_prompt

pytestmark = pytest.mark.e2e


def test_a_visitor_without_a_session_is_told_how_to_get_one(browser: Browser, fake: FakeServer) -> None:
    context = browser.new_context(base_url=fake.base_url)
    page = context.new_page()
    page.goto("/playgrounds/debian")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    expect(page.get_by_role("link", name="Sign in")).to_have_attribute("href", "/signin?next=%2Fplaygrounds%2Fdebian")
    context.close()


def test_who_is_signed_in_and_out_again(visit: Visit) -> None:
    page = visit.page
    page.goto("/")
    expect(page.get_by_role("banner")).to_contain_text("owner")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    visit.trouble = [line for line in visit.trouble if "401" not in line]  # chromium reports the answer itself


@pytest.mark.parametrize("path", ["/nothing/here", "/plays/ffffffffffffffffffffffff", "/playgrounds/nope"])
def test_what_does_not_exist_says_so_and_leads_on(visit: Visit, path: str) -> None:
    visit.page.goto(path)
    expect(visit.page.get_by_role("main")).to_contain_text("not-found")
    visit.page.get_by_role("main").get_by_role("link").click()
    expect(visit.page.get_by_role("heading", name="Playgrounds")).to_be_visible()
    visit.trouble = [line for line in visit.trouble if "404" not in line]  # chromium reports the answer itself


def test_the_catalog_can_be_searched_and_says_when_nothing_matches(page: Page, fake: FakeServer) -> None:
    page.goto("/")
    expect(page.locator(".card")).to_have_count(4)
    expect(page.locator("[data-playground=routing-lab] svg")).to_have_attribute(
        "aria-label", "Map: web-01, db-01 on frontend, backend"
    )
    page.get_by_label("Search playgrounds").fill("private database")
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_label("Search playgrounds").fill("zebra")
    expect(page.get_by_role("main")).to_contain_text("Nothing matches “zebra”")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".card")).to_have_count(4)


def test_my_plays_lead_back_to_them(page: Page, fake: FakeServer) -> None:
    play = fake.add(ended_play("STOPPED", "expired"))
    page.goto("/")
    row = page.locator(f"a[href='/plays/{play.id}']")
    expect(row).to_contain_text("reached the end of its time")
    row.click()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


def test_start_parameters_are_chosen_checked_and_sent(page: Page, fake: FakeServer) -> None:
    page.goto("/playgrounds/debian")
    page.get_by_label("Container runtime").select_option("podman")
    page.get_by_label("Nickname").fill("Not Good 1")
    page.get_by_role("button", name="Start Debian").click()
    assert page.get_by_label("Nickname").evaluate("field => field.validity.patternMismatch")
    page.get_by_label("Nickname").fill("ada")
    page.get_by_role("button", name="Start Debian").click()
    page.wait_for_url("**/plays/*")
    assert fake.started[-1] == {
        "playground": "debian",
        "initConditions": {"Container runtime": "podman", "Nickname": "ada"},
        "safetyDisclaimerConsent": True,
    }


def test_a_description_is_text_and_never_html(page: Page, fake: FakeServer) -> None:
    page.goto("/playgrounds/mini-lan")
    expect(page.locator(".prose")).to_contain_text("<script>alert(1)</script> stays text")
    expect(page.locator(".manifest")).to_contain_text("kind: playground\nname: mini-lan")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("kind: playground\nname: mini-lan\n")


def test_a_start_shows_machines_and_steps_with_times(page: Page, fake: FakeServer) -> None:
    play = fake.add(starting_play())
    page.goto(f"/plays/{play.id}")
    page.get_by_role("tab", name="node-02").click()
    panel = page.get_by_role("tabpanel", name="node-02")
    expect(panel).to_contain_text("The terminal of node-02 opens here when it is ready")
    play.message = "Waiting for room on this box, place 2."
    play.version += 1
    expect(panel.get_by_role("status")).to_contain_text("place 2")
    play.queue = {"place": 1, "startsIn": None, "startsBy": "2031-05-06T14:32:00Z"}
    play.version += 1
    expect(panel.get_by_role("status")).to_contain_text("place 1. It begins when a play ends:")
    expect(panel.get_by_role("status")).to_contain_text(":32 at the latest, if none is given more time.")
    play.queue = None
    expect(panel.locator("[data-machine=node-03]")).to_contain_text("Fetching image debian-12")
    expect(panel.locator("[data-machine=node-03] .step-time")).to_have_text(re.compile(r"^\d+ s$"))
    expect(panel.locator("[data-task=seed_data]")).to_contain_text("Waiting for prepare_hosts")
    expect(page.get_by_label("About this play")).to_contain_text("no KVM")
    play.machine("node-02", "RUNNING", ready=True)
    wait_for_prompt(page, "node-02")
    play.task("prepare_hosts", 40, lastDurationMs=2100)
    expect(page.get_by_label("About this play").locator("[data-task=prepare_hosts]")).to_contain_text("2.1 s")


def test_a_failure_names_task_machine_and_output_and_keeps_the_terminal(page: Page, fake: FakeServer) -> None:
    play = fake.add(failed_play())
    page.goto(f"/plays/{play.id}")
    card = page.get_by_label("What failed")
    expect(card).to_contain_text("load_schema on node-01 ended with exit code 3")
    expect(card).to_contain_text("loading schema.sql")
    expect(card).to_contain_text("Connection refused")
    expect(card).to_contain_text("init-task-failed")
    wait_for_prompt(page, "node-01")


def test_destroying_asks_once_naming_the_play_and_says_what_next(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    page.get_by_role("button", name="Destroy").click()
    dialog = page.get_by_role("dialog", name="Destroy “Routing lab”?")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    assert play.state == "RUNNING"
    page.get_by_role("button", name="Destroy").click()
    dialog.get_by_role("button", name="Destroy it").click()
    expect(page.get_by_role("link", name="Start a fresh one")).to_be_visible()
    expect(page.locator(".state")).to_have_attribute("data-state", "DESTROYED")


def test_a_play_that_ends_while_open_says_why_and_can_go_on(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "web-01")
    play.become("STOPPED", "expired")
    expect(page.locator(".ended")).to_contain_text(
        "reached the end of its time and was stopped; it can go on where it was"
    )
    page.get_by_role("button", name="Continue").click()
    wait_for_prompt(page, "web-01")


def test_an_action_the_server_lacks_is_said_in_its_words(visit: Visit, fake: FakeServer) -> None:
    page = visit.page
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    page.get_by_role("button", name="Reboot web-01").click()
    page.get_by_role("dialog").get_by_role("button", name="Reboot it").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The action machine.reboot is not built yet.")
    expect(alert).to_contain_text("not-built")
    visit.trouble = [line for line in visit.trouble if "501" not in line]


def test_the_map_is_alive_and_opens_terminals(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    page.get_by_role("tab", name="Map").click()
    picture = page.get_by_role("tabpanel", name="Map")
    for text in ("10.0.1.2", "10.0.2.3", "10.0.2.0/24 · private"):
        expect(picture).to_contain_text(text)
    play.machine("db-01", "REBOOTING")
    expect(picture.get_by_role("button", name="db-01 Rebooting")).to_be_visible()
    play.machine("db-01", "RUNNING", ready=True)
    picture.get_by_role("button", name=re.compile("^db-01 debian-12.*, Ready: open its terminal")).click()
    wait_for_prompt(page, "db-01")


def test_tabs_of_kinds_not_built_say_what_they_need(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    page.get_by_role("tab", name="Cluster").click()
    expect(page.get_by_role("tabpanel", name="Cluster")).to_contain_text("a Kubernetes explorer")


def test_on_a_phone_one_half_is_seen_and_the_key_bar_types(
    browser: Browser, cookies: tuple[str, BrowserContext], fake: FakeServer
) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    context = open_context(browser, cookies, **phone)
    page = context.new_page()
    play = fake.add(failed_play())
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "node-01")
    expect(page.get_by_label("What failed")).to_be_hidden()
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("sleep 60")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Ctrl", exact=True).tap()
    expect(page.get_by_role("button", name="Ctrl", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("c")
    page.wait_for_function("() => document.querySelector('labyard-terminal').text?.().includes('^C')")
    page.keyboard.type("echo key-$((1+1)) ")
    page.get_by_role("button", name="| pipe").tap()
    page.keyboard.type("tr k K")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('labyard-terminal').text?.().includes('Key-2')")
    page.get_by_role("button", name="Show").tap()
    expect(page.get_by_label("What failed")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
