"""What is looked at: the map with what machines take, their consoles, what is behind a play's tasks, how terminals look."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import open_context
from tests.e2e.fake_looking import author_play, open_behind, open_menu
from tests.e2e.fake_plays import FakePlay, lesson_play, running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.test_look import violations
from tests.e2e.test_play_page import wait_for_prompt

pytestmark = pytest.mark.e2e


def on_the_map(page: Page, play: FakePlay) -> None:
    page.goto(f"/plays/{play.id}")
    page.get_by_role("tab", name="Map").click()
    expect(page.get_by_role("list", name="Machines, and what they take")).to_be_visible()


def test_what_machines_take_in_words_and_at_a_point(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("routing-lab"))
    on_the_map(page, play)
    rows = page.get_by_role("list", name="Machines, and what they take").get_by_role("listitem")
    expect(rows.first).to_contain_text(re.compile(r"CPU 7 %.*212 MiB of 1 GiB", re.DOTALL))
    expect(rows.last).to_contain_text(re.compile(r"CPU 62 %.*362 MiB of 1 GiB", re.DOTALL))
    card, figures = page.locator("g[data-machine=web-01]"), page.locator("g[data-machine=web-01] + .figures")
    expect(card.locator(".facts")).to_be_visible()
    expect(figures).to_be_hidden()
    card.hover()
    expect(figures).to_be_visible()
    expect(figures).to_contain_text("CPU 7 %")
    expect(card.locator(".facts")).to_be_hidden()
    page.mouse.move(0, 0)
    page.get_by_role("tab", name="Map").focus()
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.dataset.machine ?? ''") != "db-01":
        page.keyboard.press("Tab")
    other = page.locator("g[data-machine=db-01] + .figures")
    expect(other).to_be_visible()
    expect(other).to_contain_text("CPU 62 %")
    assert page.evaluate("document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Database")).to_have_attribute("aria-selected", "true")


def test_on_a_touch_screen_figures_are_there_without_pointing(
    browser: Browser, cookies: tuple[str, BrowserContext], fake: FakeServer
) -> None:
    context = open_context(browser, cookies, viewport={"width": 390, "height": 780}, has_touch=True, is_mobile=True)
    page = context.new_page()
    on_the_map(page, fake.add(running_play("routing-lab")))
    expect(page.locator("g[data-machine=web-01] + .figures")).to_be_visible()
    expect(page.locator("g[data-machine=web-01] .facts")).to_be_hidden()
    page.locator("g[data-machine=web-01]").tap()
    expect(page.get_by_role("tab", name="web-01")).to_have_attribute("aria-selected", "true")
    context.close()


def test_a_machine_that_is_off_takes_nothing(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("routing-lab"))
    on_the_map(page, play)
    rows = page.get_by_role("list", name="Machines, and what they take").get_by_role("listitem")
    expect(rows.last).to_contain_text("362 MiB")
    play.machine("db-01", "STOPPED")
    expect(rows.last).to_contain_text("It takes nothing.")
    expect(rows.first).to_contain_text("CPU 7 %")


def test_nobody_looks_nobody_asks(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("routing-lab"))
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "web-01")
    assert play.id not in fake.looked, "the map is not seen"
    page.get_by_role("tab", name="Map").click()
    expect(page.get_by_role("list", name="Machines, and what they take")).to_contain_text("CPU 7 %")
    hide = """hidden => {
        Object.defineProperty(document, 'visibilityState', {get: () => hidden ? 'hidden' : 'visible', configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(hide, True)
    page.wait_for_timeout(300)  # one that was on its way
    asked = len(fake.looked)
    page.wait_for_timeout(4500)
    assert len(fake.looked) == asked
    page.evaluate(hide, False)
    page.wait_for_timeout(1000)
    assert len(fake.looked) > asked
    page.get_by_role("tab", name="web-01").click()
    page.wait_for_timeout(300)
    asked = len(fake.looked)
    page.wait_for_timeout(4500)
    assert len(fake.looked) == asked, "another tab is looked at"


def test_the_console_of_a_machine(page: Page, fake: FakeServer) -> None:
    on_the_map(page, fake.add(running_play("routing-lab")))
    page.get_by_role("button", name="Console log of db-01").click()
    dialog = page.get_by_role("dialog", name="Console of db-01")
    log = dialog.get_by_role("log")
    expect(log).to_contain_text("[  OK  ] Reached target multi-user.target")
    expect(log).to_contain_text("Debian GNU/Linux 12 <b>db-01</b> ttyS0")
    expect(dialog.get_by_role("link", name="Download it")).to_have_attribute("download", "db-01-console.log")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_an_editor_is_never_out_of_reach(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    expect(page.get_by_role("tab")).to_have_text(["node-01", "node-02", "node-03", "IDE node-01", "Map"])
    page.goto(f"/plays/{fake.add(running_play('routing-lab')).id}")
    wait_for_prompt(page, "web-01")
    expect(page.get_by_role("tab")).to_have_text(["web-01", "Database", "Cluster", "Map"])
    page.get_by_label("New terminal or editor").first.click()
    assert violations(page) == []
    page.get_by_role("group", name="Editor of").get_by_role("button", name="db-01").click()
    expect(page.get_by_role("tab", name="IDE db-01")).to_have_attribute("aria-selected", "true")
    page.reload()
    expect(page.get_by_role("tab", name="IDE db-01")).to_be_visible()
    page.get_by_role("tab", name="IDE db-01").click()
    expect(
        page.locator(".panel:not([hidden]) labyard-ide:focus-within")
    ).to_be_visible()  # it takes the focus once it is there
    page.get_by_role("tab", name="IDE db-01").press("Delete")
    expect(page.get_by_role("tab", name="IDE db-01")).to_have_count(0)


def test_what_tasks_ran_and_printed_is_for_their_author(page: Page, fake: FakeServer) -> None:
    play = fake.add(author_play())
    page.goto(f"/plays/{play.id}")
    open_behind(page)
    panel = page.get_by_role("tabpanel", name="Tasks and consoles")
    check = panel.locator("details[data-key='task/verify_forwarding']")
    expect(check.locator("summary")).to_contain_text(re.compile(r"on web-01.*exit 1 after 40 ms", re.DOTALL))
    check.locator("summary").click()
    expect(check.get_by_role("group", name="Script", exact=True)).to_contain_text("sysctl -n net.ipv4.ip_forward")
    expect(check.get_by_role("group", name="Errors")).to_have_text("it is <b>0</b>\n")
    play.task("verify_forwarding", 30, exitCode=2, stderr="now it is 2\n", runs=9, lastRunAt="2026-01-02T10:00:09Z")
    expect(check.get_by_role("group", name="Errors").first).to_have_text("now it is 2\n")
    expect(check.locator(".fold-runs")).to_contain_text("it is <b>0</b>")
    panel.locator("details[data-key='console/db-01'] summary").click()
    expect(panel.get_by_role("log")).to_contain_text("db-01 login:")
    assert violations(page) == []
    page.reload()
    expect(page.get_by_role("tab", name="Tasks and consoles")).to_be_visible()


def test_learners_do_not_get_to_see_it(page: Page, fake: FakeServer) -> None:
    play = author_play()
    for task in play.tasks:
        play.output.setdefault(task, {}).update(withheld=True, run="", stdout="", stderr="")
    fake.add(play)
    page.goto(f"/plays/{play.id}")
    page.evaluate(f"localStorage.setItem('labyard.views.{play.id}', JSON.stringify({{views: ['behind']}}))")
    page.reload()
    expect(page.get_by_role("heading", name="Let the inside out")).to_be_visible()
    open_menu(page)
    expect(page.get_by_role("button", name="What happened so far")).to_be_visible()
    expect(page.get_by_role("button", name="Tasks and consoles")).to_have_count(0)
    expect(page.get_by_role("tab", name="Tasks and consoles")).to_have_count(0)


def test_a_lesson_points_at_a_machine(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(lesson_play()).id}")
    expect(page.get_by_role("heading", name="Let the inside out")).to_be_visible()
    page.locator("labyard-lesson-pane").evaluate(
        "pane => pane.dispatchEvent(new CustomEvent('open-tab', {bubbles: true, composed: true, "
        "detail: {name: 'Map', machine: 'db-01', fresh: false}}))"
    )
    expect(page.locator("g[data-machine=db-01]")).to_have_class(re.compile("pointed"))
    expect(page.locator(".machine-rows li.pointed")).to_contain_text("db-01")


def test_how_terminals_look_is_remembered(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    open_menu(page)
    page.get_by_role("button", name="Terminal settings").click()
    dialog = page.get_by_role("dialog", name="Terminals")
    for _ in range(2):
        dialog.get_by_label("Size of text").fill("99")
        dialog.get_by_label("Size of text").press("Tab")
        expect(dialog.get_by_label("Size of text")).to_have_value("28")
    dialog.get_by_label("Colours").select_option("High contrast")
    dialog.get_by_label("Font").select_option("DejaVu Sans Mono")
    assert violations(page) == []
    dialog.get_by_role("button", name="Close").click()
    for _ in range(2):
        wait_for_prompt(page, "node-01")
        host = page.locator(".panel:not([hidden]) .term-host")
        expect(host).to_have_css("background-color", "rgb(0, 0, 0)")
        expect(host.locator(".xterm-rows")).to_have_css("font-size", "28px")
        assert "DejaVu Sans Mono" in str(host.locator(".xterm-rows").evaluate("it => getComputedStyle(it).fontFamily"))
        page.reload()
