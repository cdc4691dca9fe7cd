"""Solutions at the end of a lesson: closed until somebody asks, only for those who may, and there for good once open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import test_look
from tests.e2e.conftest import Visit
from tests.e2e.fake_lessons import FakeLesson, solution
from tests.e2e.fake_plays import FakePlay, lesson_play, running_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.lesson_text import SOLUTION
from tests.e2e.test_admin import Opener, Site, opened, signed_in, site
from tests.e2e.test_look import looked_at, pictures, size, violations
from tests.e2e.test_play_page import wait_for_prompt

__all__ = ["looked_at", "opened", "pictures", "signed_in", "site", "size"]  # fixtures

pytestmark = pytest.mark.e2e

TITLE = "The switch, and the name"


@pytest.fixture(autouse=True)
def fresh(fake: FakeServer) -> Iterator[None]:
    fake.teach()
    yield
    fake.teach()


@pytest.fixture
def lesson(fake: FakeServer) -> FakeLesson:
    return fake.lessons["challenges", "nat-gateway"]


@pytest.fixture
def play(page: Page, fake: FakeServer) -> FakePlay:
    play = fake.add(lesson_play())
    page.goto(f"/plays/{play.id}")
    expect(opener(page)).to_be_visible()
    return play


def opener(page: Page, what: str = "the solution") -> Locator:
    return page.get_by_role("button", name=f"Show {what}", exact=True)


def closer(page: Page, what: str = "the solution") -> Locator:
    return page.get_by_role("button", name=f"Hide {what}", exact=True)


def read(page: Page) -> Locator:
    return page.get_by_role("heading", name=TITLE)


def test_it_is_asked_once_before_it_is_shown(page: Page, play: FakePlay, lesson: FakeLesson) -> None:
    """By keys alone."""
    expect(opener(page)).to_have_attribute("aria-expanded", "false")
    opener(page).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Show the solution?")
    expect(dialog).to_contain_text("You have not solved it yet")
    expect(dialog.get_by_role("button", name="Not yet")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener(page)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # not yet
    expect(dialog).to_have_count(0)
    assert lesson.looked == 0, "it is loaded only when it is opened"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # show it
    expect(read(page)).to_be_visible()
    expect(closer(page)).to_be_focused()
    expect(closer(page)).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    expect(read(page)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(read(page)).to_be_visible()
    assert lesson.looked == 1


def test_it_reads_as_the_lesson_does(page: Page, play: FakePlay) -> None:
    wait_for_prompt(page, "web-01")
    opener(page).click()
    page.get_by_role("button", name="Show it").click()
    shown = page.locator("labyard-solutions")
    code = shown.locator("lab-code")
    code.hover()
    code.get_by_role("button", name="Copy").click()
    assert page.evaluate("navigator.clipboard.readText()") == "sysctl -w net.ipv4.ip_forward=1"
    page.get_by_role("tab", name="Map").click()
    shown.get_by_role("button", name="web-01").click()
    expect(page.get_by_role("tab", name="web-01")).to_have_attribute("aria-selected", "true")
    expect(shown.get_by_role("heading", name="And for good")).to_be_visible()


def test_it_stays_open_while_the_play_and_its_author_go_on(page: Page, play: FakePlay, lesson: FakeLesson) -> None:
    lesson.preview = True
    page.reload()
    opener(page).click()
    page.get_by_role("button", name="Show it").click()
    page.locator("labyard-solutions details summary").click()
    told = page.get_by_text("Put the line into a file")
    expect(told).to_be_visible()
    play.task("verify_forwarding", 40)
    expect(page.get_by_role("button", name="tasks 1/2")).to_be_visible()
    lesson.text = lesson.text.replace("You will also", "Soon you will")
    expect(page.get_by_text("Soon you will")).to_be_visible()
    expect(told).to_be_visible()
    # Its author looks again at what they have written.
    lesson.solutions = [solution("solution", SOLUTION.replace("kernel forwards", "system forwards"))]
    closer(page).click()
    opener(page).click()
    expect(page.get_by_text("The system forwards")).to_be_visible()


def test_who_has_solved_it_is_not_asked(page: Page, play: FakePlay, lesson: FakeLesson) -> None:
    play.task("verify_forwarding", 40)
    play.task("verify_name", 40)
    expect(page.get_by_role("button", name="tasks 2/2")).to_be_visible()
    opener(page).click()
    expect(read(page)).to_be_visible()
    lesson.told["status"] = "solved"
    page.goto("/challenges/nat-gateway")
    opener(page).click()
    expect(read(page)).to_be_visible()
    expect(page.locator("labyard-solutions").get_by_role("button", name="web-01")).to_be_disabled()


def test_several_are_shown_one_by_one(page: Page, lesson: FakeLesson) -> None:
    lesson.solutions.append(solution("solution-02", "Another way."))
    page.goto("/challenges/nat-gateway")
    opener(page, "solution 2").click()
    page.get_by_role("dialog", name="Show solution 2?").get_by_role("button", name="Show it").click()
    expect(page.get_by_text("Another way.")).to_be_visible()
    expect(read(page)).to_have_count(0)
    opener(page, "solution").click()
    expect(read(page)).to_be_visible()
    assert lesson.looked == 1
    closer(page, "solution 2").click()
    expect(page.get_by_text("Another way.")).to_have_count(0)
    expect(read(page)).to_be_visible()


def test_a_lesson_of_a_course_has_its_own(page: Page, fake: FakeServer) -> None:
    page.goto("/courses/networks?lesson=020.names/010.a-name")
    opener(page).click()
    page.get_by_role("button", name="Show it").click()
    expect(read(page)).to_be_visible()
    play = fake.add(running_play("routing-lab"))
    play.course, play.path = "networks", "020.names/010.a-name"
    page.goto(f"/plays/{play.id}")
    expect(opener(page)).to_be_visible()
    page.goto("/courses/networks?lesson=020.names/020.nobody-knows")
    expect(page.get_by_text("Silence.")).to_be_visible()
    expect(page.locator("labyard-solutions")).to_have_count(0)


def test_who_may_not_read_them_sees_nothing_of_them(page: Page, fake: FakeServer, lesson: FakeLesson) -> None:
    lesson.solutions = []
    page.goto("/challenges/nat-gateway")
    expect(page.get_by_role("heading", name="Say its name")).to_be_visible()
    expect(page.locator("labyard-solutions")).to_have_count(0)
    page.goto(f"/plays/{fake.add(lesson_play()).id}")
    expect(page.get_by_role("heading", name="Say its name")).to_be_visible()
    expect(page.get_by_role("button", name="Start afresh")).to_be_visible()
    expect(page.locator("labyard-solutions")).to_have_count(0)


def test_what_goes_wrong_is_told_where_it_was_asked(visit: Visit, play: FakePlay, lesson: FakeLesson) -> None:
    page = visit.page
    page.route("**/solutions", lambda route: route.abort())
    opener(page).click()
    page.get_by_role("button", name="Show it").click()
    alert = page.locator("labyard-solutions").get_by_role("alert")
    expect(alert).to_contain_text("The server cannot be reached.")
    expect(alert).to_contain_text("server-unreachable")
    page.unroute("**/solutions")
    lesson.solutions = []
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator("labyard-solutions")).to_contain_text("It is not there any more")
    visit.trouble = [line for line in visit.trouble if "ERR_FAILED" not in line]


def solution_shown(page: Page, fake: FakeServer) -> None:
    page.goto(f"/plays/{fake.add(lesson_play()).id}")
    opener(page).click()
    page.get_by_role("button", name="Show it").click()
    page.get_by_role("heading", name="And for good").scroll_into_view_if_needed()


def solution_asked(page: Page, fake: FakeServer) -> None:
    page.goto("/challenges/nat-gateway")
    opener(page).click()
    expect(page.get_by_role("dialog")).to_contain_text("You have not solved it yet")


@pytest.mark.parametrize("view", [solution_shown, solution_asked], ids=lambda view: view.__name__)
def test_it_looks_as_all_else_does(
    looked_at: Page, fake: FakeServer, pictures: Path, size: str, view: Callable[[Page, FakeServer], None]
) -> None:
    test_look.test_view(looked_at, fake, pictures, size, view)


def test_the_real_server_gives_them_to_whom_the_rule_lets(site: Site, opened: Opener, size: str) -> None:
    """Ada learns: nothing of a script reaches her, and nothing at all once the rule says so. Markup of others stays text."""
    files = {
        "index.md": CHALLENGE,
        "solution.md": HOSTILE,
        ".solution.sh": "touch /tmp/<b>done</b>\n",
        ".solution-02.sh": "true\n",
    }
    name = f"door-{size}"
    assert site.api.post("/api/challenges", json={"name": name}).status_code == 200
    for file, text in files.items():
        where = {"kind": "challenge", "name": name, "file": file}
        if file.endswith(".md"):
            answer = site.api.put("/api/content/markdown", json={**where, "content": text})
        else:
            answer = site.api.put(site.api.put("/api/content/files", json=where).json()["uploadUrl"], content=text)
        assert answer.status_code == 200, answer.text
    rules = f"/api/access/challenges/{name}"
    words = {permission: ["anyone"] for permission in ("canList", "canRead", "canStart", "canReadSolution")}
    assert site.api.patch(rules, json=words).status_code == 200

    page = opened(f"/challenges/{name}", who="ada", size=size)
    opener(page).click()
    assert violations(page) == []
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_role("heading", name="Knock")).to_be_visible()
    shown = page.locator("labyard-solutions")
    assert shown.locator("script, img, [onclick], [onerror]").count() == 0
    assert page.evaluate("window.stolen") is None
    expect(shown).not_to_contain_text("touch")
    assert violations(page) == []

    author = opened(f"/challenges/{name}", size=size)
    opener(author, "solution").click()
    author.get_by_role("button", name="Show it").click()
    author.get_by_text("The script of its bot").click()
    expect(author.get_by_text("touch /tmp/<b>done</b>")).to_be_visible()
    opener(author, "solution 2").click()
    expect(author.get_by_text("There is no text, only the script of its bot.")).to_be_visible()
    assert violations(author) == []

    assert site.api.patch(rules, json={"canReadSolution": ["owner"]}).status_code == 200
    page.reload()
    expect(page.get_by_text("Open it.")).to_be_visible()
    expect(shown).to_have_count(0)


CHALLENGE = """---
kind: challenge
title: A door
createdAt: 2026-01-02
difficulty: easy
categories: [linux]
playground: {name: tiny}
tasks:
  verify_open: {run: "false"}
---
Open it.

::simple-task
---
:tasks: tasks
:name: verify_open
---
#active
It is shut.
#completed
It is open.
::
"""
HOSTILE = """---
title: Knock
---
Say <img src=x onerror="window.stolen = 1"> and <script>window.stolen = 1</script> <b onclick="window.stolen = 1">so</b>.

[in](javascript:window.stolen=1)
"""
