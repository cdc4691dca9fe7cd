"""How the pages look: pictures of each in light and dark, wide and on a phone, and what a machine can judge of them.

The pictures go to `LABYARD_PICTURES`, else to a folder of the test run. They are for people; the tests fail on
accessibility errors and on pages wider than the screen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import ROOT, open_context
from tests.e2e.fake_looking import author_play, open_behind, open_menu
from tests.e2e.fake_plays import ended_play, failed_play, lesson_play, now, running_play, starting_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.hard_lesson import TASKS, hard_lesson, hard_play
from tests.e2e.play_views import ending_soon, running, web_page
from tests.e2e.test_play_page import wait_for_prompt

pytestmark = pytest.mark.e2e

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES = {"wide": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 780}}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def home(page: Page, fake: FakeServer) -> None:
    for play in (ended_play("STOPPED", "expired"), starting_play(), running_play("mini-lan")):
        fake.add(play)
    page.goto("/")
    expect(page.locator(".card").first).to_be_visible()


def account(page: Page, fake: FakeServer) -> None:
    page.goto("/account")
    expect(page.get_by_text("laptop").first).to_be_visible()


def playground(page: Page, fake: FakeServer) -> None:
    page.goto("/playgrounds/routing-lab")
    expect(page.get_by_role("table")).to_be_visible()


def parameters(page: Page, fake: FakeServer) -> None:
    page.goto("/playgrounds/debian")
    expect(page.get_by_label("Nickname")).to_be_visible()


def starting(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(starting_play()).id}")
    page.get_by_role("tab", name="node-02").click()
    expect(page.get_by_role("tabpanel", name="node-02")).to_contain_text("opens here")


def lesson(page: Page, fake: FakeServer) -> None:
    play = fake.add(lesson_play())
    page.goto(f"/plays/{play.id}")
    expect(page.get_by_role("heading", name="Let the inside out")).to_be_visible()
    expect(page.get_by_role("group", name="Task verify_forwarding")).to_contain_text("still 0")


def lesson_solved(page: Page, fake: FakeServer) -> None:
    lesson(page, fake)
    play = list(fake.plays.values())[-1]
    play.task("verify_forwarding", 40)
    play.task("verify_name", 35, hint="That was the name of db-01.")
    box = page.get_by_role("group", name="Task verify_name")
    expect(box).to_contain_text("Failed")
    box.scroll_into_view_if_needed()


def map_tab(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('routing-lab')).id}")
    page.get_by_role("tab", name="Map").click()
    expect(page.get_by_role("tabpanel", name="Map")).to_contain_text("10.0.1.2")
    expect(page.locator(".machine-rows")).to_contain_text("CPU 62 %")


def map_pointed(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(running_play('mini-lan')).id}")
    page.get_by_role("tab", name="Map").click()
    expect(page.locator(".machine-rows")).to_contain_text("CPU 62 %")
    page.locator("g[data-machine=node-02]").focus()


def console(page: Page, fake: FakeServer) -> None:
    map_tab(page, fake)
    page.get_by_role("button", name="Console log of db-01").click()
    expect(page.get_by_role("log")).to_contain_text("db-01 login")


def behind(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(author_play()).id}")
    open_behind(page)
    for key in ("task/verify_forwarding", "console/web-01"):
        page.locator(f"details[data-key='{key}'] summary").click()
    expect(page.get_by_role("log")).to_contain_text("web-01 login")


def terminal_settings(page: Page, fake: FakeServer) -> None:
    running(page, fake)
    open_menu(page)
    page.get_by_role("button", name="Terminal settings").click()
    expect(page.get_by_role("dialog", name="Terminals")).to_be_visible()


def new_tab(page: Page, fake: FakeServer) -> None:
    running(page, fake)
    page.get_by_label("New terminal or editor").first.click()
    expect(page.get_by_role("group", name="Editor of").get_by_text("db-01")).to_be_in_viewport(ratio=1)


def failed(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(failed_play()).id}")
    wait_for_prompt(page, "node-01")
    if page.get_by_role("button", name="Show").is_visible():
        page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("What failed")).to_contain_text("Connection refused")


def snapshots(page: Page, fake: FakeServer) -> None:
    play = fake.add(running_play("mini-lan"))
    play.snapshots += [{"name": name, "createdAt": now(), "size": 1 << 20} for name in ("before-upgrade", "clean")]
    page.goto(f"/plays/{play.id}")
    wait_for_prompt(page, "node-01")
    if page.get_by_role("button", name="About", exact=True).is_visible():
        page.get_by_role("button", name="About", exact=True).click()
    expect(page.get_by_role("list", name="Snapshots")).to_contain_text("before-upgrade")


def rewinding(page: Page, fake: FakeServer) -> None:
    snapshots(page, fake)
    page.get_by_role("button", name="Rewind to clean").click()
    expect(page.get_by_role("dialog")).to_contain_text("What came after is lost")


def stopped(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(ended_play('STOPPED', 'expired')).id}")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()


def question(page: Page, fake: FakeServer) -> None:
    stopped(page, fake)
    if (
        page.get_by_label("More", exact=True).first.is_visible()
        and not page.get_by_role("button", name="Destroy").is_visible()
    ):
        page.get_by_label("More", exact=True).first.click()
    page.get_by_role("button", name="Destroy").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()


def lessons(page: Page, fake: FakeServer) -> None:
    fake.teach(hard_lesson())  # long words in cards, too
    page.goto("/challenges")
    expect(page.locator(".card").first).to_be_visible()


def all_lessons(page: Page, fake: FakeServer) -> None:
    fake.teach()
    page.goto("/lessons?difficulty=easy&q=out")
    expect(page.locator(".card")).to_have_count(2)


def nothing_found(page: Page, fake: FakeServer) -> None:
    page.goto("/lessons?difficulty=easy&q=zebra")
    expect(page.get_by_role("button", name="Show all")).to_be_visible()


def sharing(page: Page, fake: FakeServer) -> None:
    parameters(page, fake)
    page.get_by_text("Let others start this").click()
    expect(page.get_by_label("For a README", exact=True)).to_be_visible()


def start_link(page: Page, fake: FakeServer) -> None:
    fake.add(running_play("debian"))
    page.goto("/start/debian?Nickname=Not+Good&Container+runtime=podman&Colour=blue")
    expect(page.locator(".field-fault")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("You have a play of it already")


def git_asked(page: Page, fake: FakeServer) -> None:
    page.goto("/start/git?url=https://git.example/ada/labs")
    expect(page.get_by_role("button", name="Fetch and look")).to_be_visible()


def git_choice(page: Page, fake: FakeServer) -> None:
    git_asked(page, fake)
    page.get_by_role("button", name="Fetch and look").click()
    expect(page.get_by_role("link", name="labs/nat")).to_be_visible()


def git_found(page: Page, fake: FakeServer) -> None:
    git_choice(page, fake)
    page.get_by_role("link", name="labs/lan").click()
    page.get_by_role("button", name="Fetch and look").click()
    expect(page.get_by_role("button", name="Start")).to_be_visible()


def my_progress(page: Page, fake: FakeServer) -> None:
    page.goto("/progress")
    expect(page.get_by_role("img", name="The last year")).to_be_visible()


def my_progress_table(page: Page, fake: FakeServer) -> None:
    my_progress(page, fake)
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("table")).to_be_visible()


def lesson_page(page: Page, fake: FakeServer) -> None:
    fake.lessons["challenges", "static-routes"].play = None  # tests before this one may have begun it
    page.goto("/challenges/static-routes")
    expect(page.get_by_role("button", name="Start: Routes by hand")).to_be_visible()
    expect(page.get_by_role("heading", name="Forward packets")).to_be_visible()


def refused(page: Page, fake: FakeServer) -> None:
    lesson_page(page, fake)
    page.get_by_label("Nickname").fill("Not Good 1")
    page.get_by_role("button", name="Start: Routes by hand").click()
    expect(page.locator(".field-fault")).to_be_visible()


def course(page: Page, fake: FakeServer) -> None:
    page.goto("/courses/networks")
    expect(page.get_by_role("link", name="Routes by hand")).to_be_visible()


def course_lesson(page: Page, fake: FakeServer) -> None:
    page.goto("/courses/networks?lesson=020.names/020.nobody-knows")
    expect(page.get_by_label("Nickname")).to_be_visible()
    expect(page.get_by_text("Silence.")).to_be_visible()


def path(page: Page, fake: FakeServer) -> None:
    page.goto("/skill-paths/out-of-here")
    expect(page.get_by_role("link", name="Let the inside out")).to_be_visible()


def hard(page: Page, fake: FakeServer) -> None:
    fake.teach(hard_lesson())
    page.goto(f"/plays/{fake.add(hard_play()).id}")
    expect(page.get_by_label("This attempt has failed")).to_be_visible()


def hard_contents(page: Page, fake: FakeServer) -> None:
    hard(page, fake)
    page.locator(".contents summary").click()
    expect(page.get_by_role("navigation", name="Contents")).to_be_visible()


def _hard_at(page: Page, fake: FakeServer, heading: str) -> None:
    hard_contents(page, fake)
    page.get_by_role("navigation", name="Contents").get_by_role("link", name=heading).click()
    expect(page.get_by_role("heading", name=heading)).to_be_in_viewport()


def hard_code(page: Page, fake: FakeServer) -> None:
    _hard_at(page, fake, "Code that is wider than the pane")


def hard_drawing(page: Page, fake: FakeServer) -> None:
    _hard_at(page, fake, "A drawing")
    expect(page.locator("lab-mermaid .frame img")).to_be_visible()
    expect(page.locator("lab-mermaid .trouble")).to_be_visible()


def hard_picture(page: Page, fake: FakeServer) -> None:
    _hard_at(page, fake, "A picture")


def hard_failed(page: Page, fake: FakeServer) -> None:
    hard(page, fake)
    page.get_by_role("group", name=f"Task {TASKS[20]}").scroll_into_view_if_needed()


def changed(page: Page, fake: FakeServer) -> None:
    fake.teach()
    fake.lessons["challenges", "nat-gateway"].digest = "two"
    play = fake.add(lesson_play())
    play.digest = "one"
    page.goto(f"/plays/{play.id}")
    expect(page.get_by_label("The lesson has changed")).to_be_visible()


def afresh(page: Page, fake: FakeServer) -> None:
    fake.teach()
    page.goto(f"/plays/{fake.add(lesson_play('static-routes')).id}")
    page.get_by_role("button", name="Start afresh").click()
    expect(page.get_by_role("dialog")).to_contain_text("Runtime")


def missing(page: Page, fake: FakeServer) -> None:
    page.goto("/nothing/here")
    expect(page.get_by_role("main")).to_contain_text("not-found")


VIEWS: list[Callable[[Page, FakeServer], None]] = [
    home,
    account,
    playground,
    parameters,
    starting,
    running,
    ending_soon,
    web_page,
    lesson,
    lesson_solved,
    lessons,
    all_lessons,
    nothing_found,
    sharing,
    start_link,
    git_asked,
    git_choice,
    git_found,
    my_progress,
    my_progress_table,
    lesson_page,
    refused,
    course,
    course_lesson,
    path,
    hard,
    hard_contents,
    hard_code,
    hard_drawing,
    hard_picture,
    hard_failed,
    changed,
    afresh,
    map_tab,
    map_pointed,
    console,
    behind,
    terminal_settings,
    new_tab,
    failed,
    snapshots,
    rewinding,
    stopped,
    question,
    missing,
]


@pytest.fixture(scope="package")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("LABYARD_PICTURES")
    folder = Path(given) if given else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module", params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def looked_at(browser: Browser, cookies: tuple[str, BrowserContext], size: str) -> Iterator[Page]:
    context = open_context(browser, cookies, viewport=SIZES[size], reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_view(
    looked_at: Page, fake: FakeServer, pictures: Path, size: str, view: Callable[[Page, FakeServer], None]
) -> None:
    page = looked_at
    page.emulate_media(color_scheme="light")
    view(page, fake)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=pictures / f"{view.__name__}-{scheme}-{size}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
        assert violations(page) == [], scheme


def violations(page: Page) -> list[str]:
    """What axe finds fault with."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate((ROOT / "web/node_modules/axe-core/axe.min.js").read_text())
    found: list[str] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(result => result.violations.map("
        "one => `${one.id}: ${one.nodes.map(node => `${node.target} ${node.failureSummary}`).join(' | ')}`))",
        RULES,
    )
    return found
