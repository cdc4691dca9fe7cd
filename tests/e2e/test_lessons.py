"""The pages of lessons against the real server: found, started, gone on with, and no worse to look at than the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Visit, pages_folder
from tests.e2e.real_server import real_server
from tests.e2e.test_look import violations
from tests.support.lessons import TWO_NODES, write_lessons
from tests.unit.server.conftest import DEMO

pytestmark = pytest.mark.e2e

# A browser cannot hold a field to it: in its dialect a bare `-` in a class is an error.
ASKS = """playground:
  name: demo
  initConditions: {values: [{key: Word, default: one, validationRegex: "^[a-z-]+$"}, {key: Size, options: [s, m]}]}
"""


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "demo.yaml").write_text(DEMO)
    write_lessons(tmp_path / "content")
    asking = tmp_path / "content/challenges/asking/index.md"
    asking.parent.mkdir()
    asking.write_text(TWO_NODES.replace("playground:\n  name: demo\n", ASKS).replace("beginners", "asking"))
    with real_server(tmp_path, tmp_path / "catalog", pages_folder(), tmp_path / "content") as link:
        yield link


def test_from_the_catalog_of_lessons_to_their_plays(browser: Browser, link: str) -> None:
    context = browser.new_context()
    visit = Visit(context.new_page())
    page = visit.page
    page.goto(link)
    page.get_by_role("link", name="Lessons").click()
    expect(page.locator("[data-lesson=broken]")).to_contain_text("unknown key `nonsense`")
    expect(page.locator("[data-lesson=broken]").get_by_role("button")).to_have_count(0)
    page.get_by_label("Search lessons").fill("beginners")
    expect(page.locator(".card")).to_have_count(1)
    card = page.locator("[data-lesson=two-nodes]")
    expect(card).to_contain_text("To do")
    assert violations(page) == []
    card.get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    play = page.url
    page.goto(link.partition("/signin")[0] + "/challenges/two-nodes")
    expect(page.get_by_role("main")).to_contain_text("Attempted")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(play)
    page.goto(link.partition("/signin")[0] + "/courses/nodes")
    expect(page.locator("[data-lesson='first/two']").get_by_role("button")).to_have_count(0)
    expect(page.locator("[data-lesson='first/one']").get_by_role("link", name="Two nodes that agree")).to_be_visible()
    assert violations(page) == []
    page.locator("[data-lesson='first/one']").get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    assert page.url != play
    page.goto(link.partition("/signin")[0] + "/skill-paths/up")
    expect(page.get_by_role("main")).to_contain_text("Where to begin")
    page.goto(link.partition("/signin")[0] + "/tutorials/nothing")
    expect(page.get_by_role("main")).to_contain_text("not-found")
    context.close()
    assert [line for line in visit.trouble if "404" not in line] == []


def test_beginning_anew_with_other_parameters(browser: Browser, link: str) -> None:
    """What the real server refuses stands beside its field; the attempt that ends is gone, the new one is of the lesson."""
    context = browser.new_context()
    visit = Visit(context.new_page())
    page = visit.page
    page.goto(link)
    base = link.partition("/signin")[0]
    page.goto(f"{base}/challenges/asking")
    page.get_by_label("Word").fill("ONE")
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".field-fault")).to_contain_text("`ONE` is no value for `Word`")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert violations(page) == []
    page.get_by_label("Word").fill("two")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    first = page.url
    page.get_by_role("button", name="Start afresh").click()
    page.get_by_label("Size").select_option("m")
    page.get_by_role("dialog").get_by_role("button", name="Start afresh").click()
    page.wait_for_url(lambda url: "/plays/" in url and url != first)
    expect(page.get_by_role("heading", name="Two nodes that agree").last).to_be_visible()
    page.goto(first)
    expect(page.locator(".state[data-state=DESTROYED]")).to_be_visible()
    context.close()
    assert [line for line in visit.trouble if "422" not in line] == []
