"""What is read: its contents, its cards, lessons on their own pages, and the ways of courses and paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.fake_lessons import FakeLesson
from tests.e2e.fake_plays import lesson_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.hard_lesson import TASKS, hard_lesson, hard_play

pytestmark = pytest.mark.e2e

LONG = "\n\n".join(f"Paragraph {number}." for number in range(60))
TABBED = """
# Above

::details-box{summary="Further down"}
# Within a fold
Folded.
::

::tabbed
---
tabs:
  - {name: one, title: One}
  - {name: two, title: Two}
---
#one
First.
#two
# Behind a tab
Second.
::
"""


@pytest.fixture(autouse=True)
def fresh(fake: FakeServer) -> Iterator[None]:
    fake.teach()
    yield


def test_the_list_of_contents_leads_there_by_keys_alone(page: Page, fake: FakeServer) -> None:
    fake.teach(hard_lesson())
    page.goto(f"/plays/{fake.add(hard_play()).id}")
    summary = page.locator(".contents summary")
    summary.focus()
    page.keyboard.press("Enter")
    listed = page.get_by_role("navigation", name="Contents").get_by_role("link")
    expect(listed).to_have_count(5)
    page.keyboard.press("Escape")
    expect(listed.first).to_be_hidden()
    expect(summary).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(listed.nth(3)).to_be_focused()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="A picture")
    expect(heading).to_be_focused()
    expect(heading).to_be_in_viewport()
    expect(listed.first).to_be_hidden()
    top = page.locator(".contents").bounding_box()
    place = heading.bounding_box()
    assert top is not None and place is not None and place["y"] >= top["y"] + top["height"], "it is not under the list"
    page.keyboard.press("Tab")
    assert "Enlarge" in str(page.evaluate("document.activeElement.shadowRoot.activeElement.textContent")), (
        "on from there"
    )


def test_contents_lead_into_what_is_folded_or_behind_a_tab(page: Page, fake: FakeServer) -> None:
    fake.teach(FakeLesson("challenges", "folded", "Folded", LONG + TABBED + LONG))
    page.goto("/challenges/folded")
    for name in ("Within a fold", "Behind a tab"):
        page.locator(".contents summary").click()
        page.get_by_role("navigation", name="Contents").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name)).to_be_in_viewport()
        expect(page.get_by_role("heading", name=name)).to_be_focused()


def test_a_short_text_has_no_contents(page: Page, fake: FakeServer) -> None:
    page.goto("/tutorials/a-tour-of-nat")
    expect(page.get_by_text("Read on.")).to_be_visible()
    expect(page.locator(".contents")).to_have_count(0)
    page.goto("/tutorials/only-to-read")
    expect(page.locator(".contents")).to_have_count(1)


def test_cards_say_what_they_point_to(page: Page, fake: FakeServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(Path(request.url).name))
    page.goto("/skill-paths/out-of-here")
    cards = page.locator("[data-lesson=nat] lab-card")
    expect(cards.nth(0)).to_contain_text("Completed")
    expect(cards.nth(0).get_by_role("link", name="A tour of NAT")).to_be_visible()
    expect(cards.nth(1)).to_contain_text("easy")
    expect(cards.nth(1)).to_contain_text("Attempted")
    expect(cards.nth(1)).to_contain_text("A private network")
    expect(cards.nth(2).get_by_role("link", name="nobody-wrote-this")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert (asked.count("challenges"), asked.count("tutorials")) == (1, 1), "one question per kind"
    cards.nth(1).get_by_role("link").click()
    page.wait_for_url("**/challenges/nat-gateway")
    expect(page.get_by_role("heading", level=1)).to_have_text("Let the inside out")
    assert asked.count("me") == 1, "without loading the pages anew"


def test_a_description_shows_its_code(page: Page, fake: FakeServer) -> None:
    page.goto("/challenges")
    expect(page.get_by_role("listitem").filter(has_text="Let the inside out").locator("p code")).to_have_text("ping")
    page.goto("/challenges/nat-gateway")
    expect(page.locator("p.lead code")).to_have_text("ping")


def test_hostile_titles_stay_text(page: Page, fake: FakeServer) -> None:
    bad = "<img src=x onerror=alert(1)>"
    fake.lessons["challenges", "nat-gateway"].title = bad
    fake.lessons["challenges", "nat-gateway"].told["description"] = bad
    page.goto("/skill-paths/out-of-here")
    expect(page.locator("[data-lesson=nat] lab-card").nth(1)).to_contain_text(bad)
    page.goto("/courses/networks")
    expect(page.get_by_role("link", name=bad)).to_be_visible()


def test_without_the_catalog_cards_keep_their_names(page: Page, fake: FakeServer) -> None:
    page.route("**/api/challenges", lambda route: route.fulfill(status=200, body="not JSON"))
    page.goto("/skill-paths/out-of-here")
    card = page.locator("[data-lesson=nat] lab-card").nth(1)
    expect(card.get_by_role("link", name="nat-gateway")).to_be_visible()
    expect(page.locator("[data-lesson=nat] lab-card").nth(0)).to_contain_text("A tour of NAT")


def test_a_way_shows_where_one_is_and_what_is_still_in_it(page: Page, fake: FakeServer) -> None:
    page.goto("/courses/networks")
    expect(page.get_by_text("2 of 5 complete")).to_be_visible()
    here = page.locator("[aria-current=step]")
    expect(here).to_have_count(1)
    expect(here).to_contain_text("A name for it")
    expect(here).to_contain_text("go on here")
    expect(here.get_by_role("link", name="Let the inside out")).to_be_visible()
    expect(here.get_by_role("link", name="Routes by hand")).to_have_attribute("href", "/challenges/static-routes")
    expect(page.get_by_role("button", name="Start")).to_have_count(1)
    page.get_by_role("link", name="What is on the wire").click()
    expect(page.get_by_text("Frames.")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_have_count(0)
    page.get_by_role("navigation", name="Lessons").get_by_role("link", name="A name for it").click()
    page.wait_for_url("**/courses/networks?lesson=020.names%2F010.a-name")
    expect(page.get_by_role("heading", level=1)).to_have_text("A name for it")
    page.get_by_role("button", name="Start: A name for it").click()
    page.wait_for_url("**/plays/*")
    assert fake.changed[-1]["modules"] == {"020.names": {"lessons": {"010.a-name": {"started": True}}}}
    expect(
        page.get_by_role("navigation", name="Lessons").get_by_role("link", name="What is on the wire")
    ).to_be_visible()
    page.get_by_role("navigation", name="Course").get_by_role("link", name="Networks from the cable up").click()
    expect(page.locator("[aria-current=step]")).to_contain_text("Running")
    expect(page.get_by_role("button", name="Go on: A name for it")).to_be_visible()


def test_stations_of_a_path_open_in_their_place(page: Page, fake: FakeServer) -> None:
    page.goto("/skill-paths/out-of-here")
    expect(page.get_by_text("1 of 2 complete")).to_be_visible()
    expect(page.locator("[data-lesson=nat]").get_by_text("A packet that comes")).to_be_visible()
    behind = page.locator("[data-lesson=kernel]")
    expect(behind.get_by_text("A packet that comes")).to_be_hidden()
    behind.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(behind.get_by_text("A packet that comes")).to_be_visible()


def test_a_reader_says_when_a_tutorial_is_done(page: Page, fake: FakeServer) -> None:
    fake.lessons["tutorials", "a-tour-of-nat"].told["status"] = "todo"
    page.goto("/tutorials/a-tour-of-nat")
    page.get_by_role("button", name="Mark as completed").click()
    expect(page.get_by_role("button", name="Mark as completed")).to_have_count(0)
    expect(page.get_by_text("Completed").first).to_be_visible()
    assert fake.changed[-1] == {"completed": True}
    page.goto("/tutorials/only-to-read")
    expect(page.get_by_text("Read this.")).to_be_visible()
    expect(page.get_by_role("button", name="Mark as completed")).to_have_count(0)


def test_a_lesson_is_read_before_it_is_started(page: Page, fake: FakeServer) -> None:
    page.goto("/challenges/nat-gateway")
    box = page.get_by_role("group", name="Task verify_name")
    expect(page.get_by_text("What does web-01 call its own gateway?")).to_be_visible()
    expect(box.get_by_role("textbox")).to_have_count(0)
    expect(page.get_by_role("button", name="one more terminal")).to_be_disabled()
    page.get_by_role("button", name="Start: Let the inside out").click()
    page.wait_for_url("**/plays/*")
    expect(page.get_by_role("button", name="one more terminal")).to_be_enabled()


def test_thirty_tasks_are_gone_through_one_by_one(page: Page, fake: FakeServer) -> None:
    fake.teach(hard_lesson())
    page.goto(f"/plays/{fake.add(hard_play()).id}")
    button = page.get_by_role("button", name="tasks 15/30")
    for name in (TASKS[15], TASKS[16]):
        button.click()
        expect(page.get_by_role("group", name=f"Task {name}")).to_be_in_viewport()


def test_the_status_of_the_lessons_is_one_link_away(page: Page, fake: FakeServer) -> None:
    page.goto("/")
    page.get_by_role("link", name="Status").click()
    expect(page.get_by_role("heading", name="What the bots found")).to_be_visible()


def test_a_play_of_a_lesson_nobody_knows_any_more_still_plays(visit: Visit, fake: FakeServer) -> None:
    page = visit.page
    page.goto(f"/plays/{fake.add(lesson_play('nobody-knows')).id}")
    expect(page.locator("labyard-lesson-pane")).to_contain_text("No such lesson.")
    expect(page.get_by_role("tab", name="web-01")).to_be_visible()
    visit.trouble = [line for line in visit.trouble if "404" not in line]  # chromium reports the answers itself
