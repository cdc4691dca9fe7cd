"""The monospace font that comes with the pages: drawn with, measured with, and waited for no longer than it is worth."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.e2e.conftest import open_context
from tests.e2e.fake_looking import open_menu
from tests.e2e.fake_plays import running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.test_play_page import type_line, wait_for_prompt, wait_for_text

pytestmark = pytest.mark.e2e

ROWS = ".panel:not([hidden]) .xterm-rows"
CELL = f"""() => {{
  const row = document.querySelector("{ROWS}").getBoundingClientRect();
  const terminal = document.querySelector('.panel:not([hidden]) labyard-terminal');
  return row.width / terminal.columns;
}}"""
DRAWING = "\033[2J\033[H┌─┬═╗ ▁▄█▓░ -> != \033[1mbold ├┤\033[0m ēő done\n"
FIRA = re.compile(r'^"Fira Code"')


def drawn_with(page: Page, selector: str) -> set[str]:
    """The fonts that a browser draws an element's letters with, as their files call themselves."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    node = devtools.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    fonts = devtools.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    devtools.detach()
    return {str(font["familyName"]) for font in fonts}


@pytest.fixture
def context(browser: Browser, cookies: tuple[str, BrowserContext]) -> Iterator[BrowserContext]:
    context = open_context(browser, cookies, viewport={"width": 1280, "height": 800})
    yield context
    context.close()


def test_terminals_are_drawn_and_measured_with_it_lines_and_blocks_too(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    octal = "".join(f"\\{byte:03o}" for byte in DRAWING.encode())  # whatever the shell's language
    type_line(page, f"printf '{octal}'")
    wait_for_text(page, "done")
    expect(page.locator(ROWS)).to_have_css("font-family", FIRA)
    assert {name.partition(" Light")[0] for name in drawn_with(page, f"{ROWS} > div")} == {"Fira Code"}
    assert page.evaluate(CELL) == pytest.approx(14 * 0.6, abs=0.5), "six tenths of its size, as its letters are"
    expect(page.locator(ROWS)).to_have_css("font-variant-ligatures", "none")


def test_one_that_is_slow_holds_no_prompt_up_and_is_measured_when_it_comes(
    context: BrowserContext, fake: FakeServer
) -> None:
    page = context.new_page()
    held: list[Route] = []
    page.route("**/*.woff2", lambda route: held.append(route))  # noqa: PLW0108 - it marks what it is given
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    assert held, "it was asked for"
    expect(page.locator(ROWS)).not_to_have_css("font-family", FIRA)
    expect(page.locator(".panel:not([hidden]) .xterm-helper-textarea")).to_be_focused()
    for route in held:
        route.continue_()
    expect(page.locator(ROWS)).to_have_css("font-family", FIRA)
    assert page.evaluate(CELL) == pytest.approx(14 * 0.6, abs=0.5)
    type_line(page, "stty size | sed s/^/now-/")
    lines = page.evaluate("() => document.querySelector('.panel:not([hidden]) labyard-terminal').lines")
    wait_for_text(page, f"now-{lines} ")


def test_where_it_cannot_be_had_the_computers_own_stands_in(context: BrowserContext, fake: FakeServer) -> None:
    page = context.new_page()
    page.route("**/*.woff2", lambda route: route.abort())
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    expect(page.locator(ROWS)).to_have_css("font-family", re.compile("^ui-monospace"))
    type_line(page, "echo works-$((1+1))")
    wait_for_text(page, "works-2")


def test_the_first_page_fetches_what_it_writes_with_alone(context: BrowserContext, fake: FakeServer) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/lessons")
    expect(page.locator(".card").first).to_be_visible()
    assert not [url for url in asked if url.endswith(".woff2") and "latin-400" not in url]


def test_the_computers_own_is_a_choice(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    wait_for_prompt(page, "node-01")
    expect(page.locator(ROWS)).to_have_css("font-family", FIRA)
    open_menu(page)
    page.get_by_role("button", name="Terminal settings").click()
    choice = page.get_by_role("dialog").get_by_label("Font")
    expect(choice.locator("option:checked")).to_have_text("Fira Code, which comes with the page")
    choice.select_option("This computer's own")
    expect(page.locator(ROWS)).to_have_css("font-family", re.compile("^ui-monospace"))
    choice.select_option("Fira Code, which comes with the page")
    expect(page.locator(ROWS)).to_have_css("font-family", FIRA)
