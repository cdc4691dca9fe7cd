"""Finding and starting: filters that an address holds, links that start nothing by themselves, one's progress, repositories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Visit, pages_folder
from tests.e2e.fake_lessons import FakeLesson
from tests.e2e.fake_server import FakeServer
from tests.e2e.real_server import real_server
from tests.e2e.test_look import violations
from tests.support.git_server import GitServer, git_server
from tests.support.lessons import write_lessons
from tests.unit.server.conftest import DEMO

pytestmark = pytest.mark.e2e

ASKING = (
    DEMO.replace("name: demo", "name: asking")
    .replace("title: Demo of two machines", "title: One that asks")
    .replace(
        "playground:\n",
        "playground:\n  initConditions:\n    values:\n"
        "      - {key: Word, default: one, validationRegex: '^[a-z]+$'}\n      - {key: Size, options: [s, m], default: s}\n",
    )
)


@pytest.fixture
def taught(fake: FakeServer) -> Iterator[FakeServer]:
    fake.teach()
    yield fake
    fake.teach()


def test_filters_are_in_the_address(page: Page, taught: FakeServer) -> None:
    page.goto("/")
    page.get_by_role("link", name="Lessons", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("6 lessons")
    page.get_by_role("button", name="easy").click()
    page.wait_for_url("**/lessons?difficulty=easy")
    expect(page.locator(".card")).to_have_count(2)
    page.keyboard.press("/")
    expect(page.get_by_label("Search lessons")).to_be_focused()
    page.keyboard.type("inside")
    page.wait_for_url("**/lessons?q=inside&difficulty=easy")
    expect(page.get_by_role("status")).to_have_text("1 of 6 lessons")
    page.reload()
    expect(page.get_by_label("Search lessons")).to_have_value("inside")
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("link", name="Let the inside out").click()
    page.wait_for_url("**/challenges/nat-gateway")
    page.go_back()
    expect(page.locator(".card")).to_have_count(1)
    page.go_back()
    expect(page.get_by_role("status")).to_have_text("6 lessons")
    expect(page.get_by_label("Search lessons")).to_have_value("")


def test_kinds_keep_what_is_looked_for(page: Page, taught: FakeServer) -> None:
    page.goto("/lessons?status=solved")
    expect(page.locator(".card")).to_have_count(2)
    page.get_by_role("navigation", name="Kinds of lessons").get_by_role("link", name="Tutorials").click()
    page.wait_for_url("**/tutorials?status=solved")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.get_by_role("button", name="Solved")).to_have_attribute("aria-pressed", "true")


def test_where_nothing_is_found_it_says_the_way_out(page: Page, taught: FakeServer) -> None:
    page.goto("/challenges?difficulty=easy&status=solved&tag=none")
    expect(page.get_by_role("main")).to_contain_text("Nothing matches")
    page.get_by_role("button", name="Without none (0)").click()
    page.get_by_role("button", name="Without easy (1)").click()
    expect(page.locator("[data-lesson=static-routes]")).to_be_visible()
    page.goto("/challenges?q=zebra")
    page.get_by_role("button", name="Show all").click()
    page.wait_for_url("**/challenges")
    expect(page.locator(".card")).to_have_count(2)
    expect(page.get_by_label("Search challenges")).to_be_focused()


def test_by_the_keyboard_alone(page: Page, taught: FakeServer) -> None:
    page.goto("/challenges")
    page.get_by_label("Search challenges").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="easy")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="easy")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="easy")).to_be_focused()
    expect(page.locator(".card")).to_have_count(1)


def test_many_are_drawn_some_at_a_time(page: Page, taught: FakeServer) -> None:
    tags = [[f"tag-{at % 20}"] for at in range(300)]
    taught.teach(*(FakeLesson("challenges", f"n-{at}", f"Number {at}", tags=tags[at]) for at in range(300)))
    page.goto("/challenges")
    expect(page.locator(".card")).to_have_count(60)
    page.get_by_role("button", name="Show 60 more of 302").click()
    expect(page.locator(".card")).to_have_count(120)
    page.get_by_label("Search challenges").fill("number 29")
    expect(page.get_by_role("status")).to_have_text("13 of 302 challenges")
    expect(page.locator(".card").first).to_contain_text("Number 29")
    page.get_by_label("Search challenges").fill("")
    page.get_by_text("8 more", exact=True).click()
    page.get_by_role("button", name="tag-9 15").click()
    expect(page.locator(".card")).to_have_count(15)


def test_a_link_for_others_has_what_was_chosen(page: Page, fake: FakeServer) -> None:
    page.goto("/playgrounds/debian")
    page.get_by_text("Let others start this").click()
    link = page.get_by_label("Start link", exact=True)
    expect(link).to_have_text(re.compile("/start/debian$"))
    page.get_by_label("Container runtime").select_option("podman")
    page.get_by_label("Nickname").fill("ada")
    expect(link).to_have_text(re.compile(r"/start/debian\?Container\+runtime=podman&Nickname=ada$"))
    page.get_by_role("button", name="Copy: Start link").click()
    expect(page.get_by_role("status")).to_have_text("Start link copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == link.text_content()
    started = len(fake.started)
    page.goto(copied)
    expect(page.get_by_label("Container runtime")).to_have_value("podman")
    expect(page.get_by_label("Nickname")).to_have_value("ada")
    assert len(fake.started) == started, "looking starts nothing"
    page.get_by_role("button", name="Start Debian").click()
    page.wait_for_url("**/plays/*")
    assert fake.started[-1]["initConditions"] == {"Container runtime": "podman", "Nickname": "ada"}


def test_a_playground_leads_to_its_lessons(page: Page, taught: FakeServer) -> None:
    page.goto("/playgrounds/routing-lab")
    page.get_by_role("listitem").filter(has_text="Attempted").get_by_role("link", name="Let the inside out").click()
    page.wait_for_url("**/challenges/nat-gateway")


@pytest.mark.parametrize("place", ["nothing-here", "challenges/nothing", "courses/networks/x/y", "nonsense/a/b/c/d"])
def test_a_link_to_nothing_leads_on(visit: Visit, place: str) -> None:
    visit.page.goto(f"/start/{place}?a=b")
    expect(visit.page.get_by_role("main")).to_contain_text("not-found")
    visit.trouble = [line for line in visit.trouble if "404" not in line]


@dataclass
class Real:
    """`link`: signs in, once."""

    link: str
    base: str


@pytest.fixture
def repositories(tmp_path: Path) -> Iterator[GitServer]:
    (tmp_path / "served").mkdir()
    with git_server(tmp_path / "served") as server:
        server.add("labs", {"asking/manifest.yaml": ASKING.replace("name: asking", "name: from-git"), "README.md": "x"})
        yield server


@pytest.fixture
def real(tmp_path: Path, repositories: GitServer) -> Iterator[Real]:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "demo.yaml").write_text(DEMO)
    (tmp_path / "catalog" / "asking.yaml").write_text(ASKING)
    write_lessons(tmp_path / "content")
    places = (tmp_path, tmp_path / "catalog", pages_folder(), tmp_path / "content")
    with real_server(*places, git=repositories.settings) as link:
        yield Real(link, link.partition("/signin")[0])


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Visit]:
    """On a phone, not signed in."""
    context = browser.new_context(viewport={"width": 390, "height": 780})
    visit = Visit(context.new_page())
    yield visit
    context.close()


def test_from_a_link_through_signing_in_to_a_play_and_back_to_it(real: Real, stranger: Visit) -> None:
    page = stranger.page
    page.goto(f"{real.base}/start/asking?Word=two+words&Size=m&Colour=blue")
    expect(page.get_by_role("heading", name="Sign in to Labyard")).to_be_visible()
    page.goto(real.link)
    page.wait_for_url("**/start/asking?Word=two+words&Size=m&Colour=blue")
    expect(page.get_by_role("heading", name="Start One that asks?")).to_be_visible()
    expect(page.locator(".note")).to_contain_text("This link also sets Colour")
    expect(page.locator(".field-fault")).to_contain_text("The link says “two words”")
    assert violations(page) == []
    page.get_by_label("Word").fill("two")
    page.get_by_role("button", name="Start One that asks").click()
    page.wait_for_url("**/plays/*")
    play = page.url.partition("#")[0].partition("?")[0]
    page.goto(f"{real.base}/start/asking")
    expect(page.locator(".note")).to_contain_text("You have a play of it already")
    page.locator(".note").get_by_role("link", name="One that asks").click()
    page.wait_for_url(f"{play}*")
    assert [line for line in stranger.trouble if "401" not in line] == []


def test_lessons_are_started_by_links_and_make_progress(real: Real, stranger: Visit) -> None:
    page = stranger.page
    page.goto(real.link)
    page.wait_for_url("**/")
    page.goto(f"{real.base}/progress")
    expect(page.get_by_role("main")).to_contain_text("Nothing yet")
    page.goto(f"{real.base}/start/courses/nodes/first/one")
    page.get_by_role("button", name="Start: The first lesson").click()
    page.wait_for_url("**/plays/*")
    play = page.url
    page.goto(f"{real.base}/start/courses/nodes/first/one")
    expect(page.get_by_role("main")).to_contain_text("A play of it runs already")
    page.get_by_role("button", name="Go on: The first lesson").click()
    page.wait_for_url(play)
    page.goto(f"{real.base}/tutorials/agreeing")
    page.get_by_role("button", name="Mark as completed").click()
    expect(page.get_by_role("button", name="Mark as completed")).to_have_count(0)
    page.goto(f"{real.base}/progress")
    expect(page.get_by_role("img", name="The last year: active on 1 day")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="How two nodes agree")).to_contain_text("Completed")
    expect(page.get_by_role("listitem").filter(has_text="Tutorials")).to_contain_text("1 of 1")
    expect(page.get_by_role("listitem").filter(has_text="All about nodes")).to_contain_text("0 of 2")
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("row")).to_have_count(2)
    assert violations(page) == []
    page.get_by_role("link", name="The first lesson").click()
    page.wait_for_url("**/courses/nodes?lesson=first*")
    assert stranger.trouble == []


def test_from_a_repository_to_a_play(real: Real, stranger: Visit, repositories: GitServer) -> None:
    page = stranger.page
    page.goto(real.link)
    page.wait_for_url("**/")
    page.goto(f"{real.base}/start/git?url={repositories.url('labs')}")
    expect(page.get_by_role("button", name="Fetch and look")).to_be_visible()
    assert repositories.asked == [], "looking at the link fetches nothing"
    page.get_by_role("button", name="Fetch and look").click()
    page.get_by_role("link", name="asking").click()
    page.get_by_role("button", name="Fetch and look").click()
    page.get_by_label("Size").select_option("m")
    assert violations(page) == []
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/plays/*")
    page.goto(f"{real.base}/start/git?url=http://127.0.0.1/x")
    page.get_by_role("button", name="Fetch and look").click()
    expect(page.get_by_role("alert")).to_contain_text("only `https://` is taken")
    # What does not come from the catalog has no description there, which the play's page asks for (404).
    assert [line for line in stranger.trouble if "422" not in line and "404" not in line] == []
