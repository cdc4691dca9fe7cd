"""An author at work: the page follows, and what its reader did to it stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit
from tests.e2e.fake_lessons import FakeLesson
from tests.e2e.fake_plays import FakePlay, lesson_play
from tests.e2e.fake_server import FakeServer
from tests.e2e.lesson_text import LESSON
from tests.e2e.test_play_page import type_line, wait_for_prompt, wait_for_text

pytestmark = pytest.mark.e2e

MORE = "\n\n".join(f"Paragraph {number}." for number in range(40))
TEXT = LESSON.replace("## Say its name", f"{MORE}\n\n## Say its name")


@pytest.fixture
def lesson(fake: FakeServer) -> Iterator[FakeLesson]:
    lesson = FakeLesson("challenges", "draft", "A draft", TEXT)
    lesson.preview = True
    fake.teach(lesson)
    yield lesson
    fake.teach()


@pytest.fixture
def play(page: Page, fake: FakeServer, lesson: FakeLesson) -> FakePlay:
    play = fake.add(lesson_play("draft"))
    page.goto(f"/plays/{play.id}")
    expect(page.get_by_role("heading", name="A draft")).to_be_visible()
    return play


def seen(page: Page, text: str) -> float:
    """Where on the screen a text is."""
    box = page.get_by_text(text, exact=True).bounding_box()
    assert box is not None
    return box["y"]


def test_the_page_follows_its_author(page: Page, play: FakePlay, lesson: FakeLesson) -> None:
    lesson.title = "A better draft"
    lesson.text = TEXT.replace("You will also", "Soon you will") + "\n## One more\n"
    expect(page.get_by_role("heading", name="A better draft")).to_be_visible()
    expect(page.get_by_text("Soon you will")).to_be_visible()
    page.locator(".contents summary").click()
    expect(page.get_by_role("navigation", name="Contents").get_by_role("link", name="One more")).to_be_visible()


def test_what_its_reader_did_stays(page: Page, play: FakePlay, lesson: FakeLesson) -> None:
    wait_for_prompt(page, "web-01")
    type_line(page, "echo still-the-same-terminal")
    wait_for_text(page, "still-the-same-terminal")
    page.locator("details.hint summary").click()
    page.get_by_role("tab", name="With iptables").click()
    answer = page.get_by_role("group", name="Task verify_name").get_by_role("textbox")
    answer.fill("half an ans")
    answer.evaluate("field => field.setSelectionRange(2, 5)")
    page.evaluate("window.kept = document.querySelector('labyard-terminal')")
    before = answer.bounding_box()

    above = "\n\n".join(f"New line {number}." for number in range(15))
    fold = '::hint-box{summary="A new first hint"}\nNew.\n::'
    task = "::simple-task\n---\n:tasks: tasks\n:name: verify_first\n---\n#active\nA new first task.\n::"
    tasks = 'tasks:\n  verify_first: {machine: web-01, run: "true"}'
    lesson.text = TEXT.replace("## Forward packets", f"{above}\n\n{fold}\n\n{task}\n\n## Forward packets").replace(
        "tasks:", tasks, 1
    )
    expect(page.get_by_text("New line 14.")).to_have_count(1)

    expect(answer).to_be_focused()
    assert answer.input_value() == "half an ans"
    assert answer.evaluate("field => [field.selectionStart, field.selectionEnd]") == [2, 5]
    after = answer.bounding_box()
    assert before is not None and after is not None and abs(after["y"] - before["y"]) < 2, "it moved under the reader"
    expect(page.get_by_role("tab", name="With iptables")).to_have_attribute("aria-selected", "true")
    hints = page.locator("details.hint")
    assert [each.get_attribute("open") is not None for each in hints.all()] == [False, True]
    expect(page.get_by_role("group", name="Task verify_first")).to_contain_text("Not part of this play")
    expect(page.get_by_role("group", name="Task verify_forwarding")).to_contain_text("still 0")
    assert page.evaluate("window.kept === document.querySelector('labyard-terminal')")
    wait_for_text(page, "still-the-same-terminal")


def test_the_first_line_that_is_seen_stays_where_it_is(page: Page, play: FakePlay, lesson: FakeLesson) -> None:
    page.get_by_text("Paragraph 20.", exact=True).scroll_into_view_if_needed()
    before = seen(page, "Paragraph 20.")
    lesson.text = TEXT.replace("## Forward packets", "\n\n".join(["Pushed."] * 9) + "\n\n## Forward packets")
    expect(page.get_by_text("Pushed.").first).to_be_attached()
    assert abs(seen(page, "Paragraph 20.") - before) < 2


def test_what_did_not_change_is_not_sent_again(page: Page, play: FakePlay, lesson: FakeLesson) -> None:
    with page.expect_response(lambda answer: answer.url.endswith("/draft/page") and answer.status == 304):
        pass
    page.evaluate("window.first = document.querySelector('article.lesson p')")
    asked = lesson.asked
    page.wait_for_function("() => performance.now() > 0")
    with page.expect_response(lambda answer: answer.url.endswith("/draft/page")):
        pass
    assert lesson.asked > asked
    assert page.evaluate("window.first === document.querySelector('article.lesson p')")


def test_only_previews_are_asked_for_again(page: Page, fake: FakeServer, lesson: FakeLesson) -> None:
    lesson.preview = False
    page.goto(f"/plays/{fake.add(lesson_play('draft')).id}")
    expect(page.get_by_role("heading", name="A draft")).to_be_visible()
    page.wait_for_timeout(2500)
    assert lesson.asked == 1


def test_a_file_that_is_half_written_leaves_the_page_as_it_was(
    visit: Visit, fake: FakeServer, lesson: FakeLesson
) -> None:
    page = visit.page
    page.goto(f"/plays/{fake.add(lesson_play('draft')).id}")
    expect(page.get_by_role("heading", name="A draft")).to_be_visible()
    del fake.lessons["challenges", "draft"]
    with page.expect_response(lambda answer: answer.url.endswith("/draft/page") and answer.status == 404):
        pass
    expect(page.get_by_role("heading", name="A draft")).to_be_visible()
    lesson.title = "Whole again"
    fake.lessons["challenges", "draft"] = lesson
    expect(page.get_by_role("heading", name="Whole again")).to_be_visible()
    visit.trouble = [line for line in visit.trouble if "404" not in line]


def test_drawings_and_cards_follow(page: Page, play: FakePlay, lesson: FakeLesson) -> None:
    lesson.text = "```mermaid\nflowchart LR\n  before --> after\n```\n"
    drawing = page.get_by_role("img", name="Drawing: before, after")
    expect(drawing).to_be_visible()
    lesson.text = "```mermaid\nflowchart LR\n  before --> changed\n```\n"
    expect(page.get_by_role("img", name="Drawing: before, changed")).to_be_visible()


def test_a_play_of_other_tasks_is_told_calmly(page: Page, play: FakePlay, lesson: FakeLesson, fake: FakeServer) -> None:
    notice = page.get_by_label("The lesson has changed")
    play.digest = "one"
    lesson.digest = "one"
    page.reload()
    expect(page.get_by_role("heading", name="A draft")).to_be_visible()
    expect(notice).to_have_count(0)
    lesson.digest = "two"
    expect(notice).to_contain_text("Tasks or machines changed since this play began")
    notice.get_by_role("button", name="Start afresh").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@pytest.mark.parametrize(("theirs", "ours"), [(None, "two"), ("one", None), (None, None)])
def test_what_nobody_knows_is_not_doubted(
    page: Page, fake: FakeServer, lesson: FakeLesson, theirs: str | None, ours: str | None
) -> None:
    play = fake.add(lesson_play("draft"))
    play.digest, lesson.digest = theirs, ours
    page.goto(f"/plays/{play.id}")
    expect(page.get_by_role("group", name="Task verify_name")).to_be_attached()
    expect(page.get_by_label("The lesson has changed")).to_have_count(0)


def test_a_lesson_page_follows_as_well(page: Page, fake: FakeServer, lesson: FakeLesson) -> None:
    page.goto("/challenges/draft")
    expect(page.get_by_text("You will also")).to_be_visible()
    lesson.text = TEXT.replace("You will also", "Soon you will")
    expect(page.get_by_text("Soon you will")).to_be_visible()
