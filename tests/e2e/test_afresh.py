"""Beginning anew: what is asked, what is lost, what is said when it does not work; and the parameters of a start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from starlette.responses import JSONResponse

from tests.e2e.conftest import Visit
from tests.e2e.fake_plays import FakePlay, lesson_play
from tests.e2e.fake_server import FakeServer, error

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def fresh(fake: FakeServer) -> Iterator[None]:
    fake.teach()
    fake.started.clear()
    fake.changed.clear()
    yield
    fake.refuse_next = None


def at(page: Page, fake: FakeServer, challenge: str = "nat-gateway") -> FakePlay:
    play = fake.add(lesson_play(challenge))
    page.goto(f"/plays/{play.id}")
    expect(page.locator(".lesson-foot")).to_be_visible()
    return play


def refusal(*problems: str) -> JSONResponse:
    told = [{"file": "parameters", "line": 1, "column": 1, "message": each, "hint": None} for each in problems]
    body: dict[str, Any] = {"code": "spec", "message": "the manifest has problems", "hint": None, "problems": told}
    return JSONResponse({"error": body}, 422)


def fault(page: Page, label: str) -> Locator:
    """What is said of a field, found as a screen reader finds it."""
    field = page.get_by_label(label)
    expect(field).to_have_attribute("aria-invalid", "true")
    return page.locator(f"#{field.get_attribute('aria-describedby')}")


def test_it_asks_once_and_says_what_is_lost(page: Page, fake: FakeServer) -> None:
    play = at(page, fake)
    page.get_by_role("button", name="Start afresh").click()
    dialog = page.get_by_role("dialog", name="Start afresh?")
    expect(dialog).to_contain_text("its 2 machines")
    expect(dialog).to_contain_text("What you have solved stays solved.")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    assert (play.state, fake.started) == ("RUNNING", [])

    page.get_by_role("button", name="Start afresh").click()
    dialog.get_by_role("button", name="Start afresh").click()
    page.wait_for_url(lambda url: "/plays/" in url and not url.endswith(play.id))
    expect(page.get_by_role("heading", name="Let the inside out")).to_be_visible()
    assert play.state == "DESTROYED"
    assert fake.started == [{"lesson": "challenge/nat-gateway", "initConditions": {}, "safetyDisclaimerConsent": True}]


def test_a_lesson_of_a_course_begins_anew_as_itself(page: Page, fake: FakeServer) -> None:
    play = fake.add(lesson_play(""))
    play.course, play.path = "networks", "020.names/010.a-name"
    page.goto(f"/plays/{play.id}")
    page.get_by_role("button", name="Start afresh").click()
    page.get_by_role("dialog").get_by_role("button", name="Start afresh").click()
    page.wait_for_url(lambda url: "/plays/" in url and not url.endswith(play.id))
    assert [each["lesson"] for each in fake.started] == ["course/networks/020.names/010.a-name"]


def test_a_failed_attempt_says_why_and_offers_another(page: Page, fake: FakeServer) -> None:
    play = at(page, fake)
    expect(page.get_by_label("This attempt has failed")).to_have_count(0)
    play.tasks["verify_name"]["hint"] = "The gateway was <b>removed</b>."
    play.task("verify_name", 35)
    notice = page.get_by_label("This attempt has failed")
    expect(notice).to_contain_text("verify_name")
    expect(notice).to_contain_text("The gateway was <b>removed</b>.")
    notice.get_by_role("button", name="Start afresh").click()
    expect(page.get_by_role("dialog")).to_be_visible()


@pytest.mark.parametrize(("state", "reason"), [("DESTROYED", "destroyed"), ("STOPPED", "expired")])
def test_an_attempt_that_ended_offers_another(page: Page, fake: FakeServer, state: str, reason: str) -> None:
    play = at(page, fake)
    play.become(state, reason)
    ended = page.locator(".ended")
    ended.get_by_role("button", name="Start afresh").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nothing of this attempt is left." if state == "DESTROYED" else "are deleted")
    dialog.get_by_role("button", name="Start afresh").click()
    page.wait_for_url(lambda url: "/plays/" in url and not url.endswith(play.id))
    assert play.state == "DESTROYED"


def test_what_was_ended_is_not_ended_twice_when_the_new_one_is_refused(visit: Visit, fake: FakeServer) -> None:
    page = visit.page
    play = at(page, fake, "static-routes")
    page.get_by_role("button", name="Start afresh").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Runtime").select_option("podman")
    page.route(
        "**/api/plays",
        lambda route: route.fulfill(status=422, body=bytes(refusal("`podman` is no option of `Runtime`").body)),
        times=1,
    )
    dialog.get_by_role("button", name="Start afresh").click()
    expect(fault(page, "Runtime")).to_have_text("`podman` is no option of `Runtime`")
    expect(dialog.get_by_role("button", name="Keep it")).to_have_count(0)
    dialog.get_by_label("Runtime").select_option("docker")
    dialog.get_by_role("button", name="Start afresh").click()
    page.wait_for_url(lambda url: "/plays/" in url and not url.endswith(play.id))
    assert fake.started[-1]["initConditions"] == {"Runtime": "docker"}
    visit.trouble = [line for line in visit.trouble if "422" not in line]  # chromium reports the answer itself


def test_a_box_without_room_keeps_the_question_open(visit: Visit, fake: FakeServer) -> None:
    page = visit.page
    at(page, fake)
    page.get_by_role("button", name="Start afresh").click()
    dialog = page.get_by_role("dialog")
    fake.refuse_next = error(409, "conflict", "This play cannot be destroyed now.", "Wait a moment.")
    dialog.get_by_role("button", name="Start afresh").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This play cannot be destroyed now.")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_visible()
    visit.trouble = [line for line in visit.trouble if "409" not in line]


def test_the_parameters_of_a_lesson_are_chosen_checked_and_sent(visit: Visit, fake: FakeServer) -> None:
    page = visit.page
    page.goto("/challenges/static-routes")
    start = page.get_by_role("button", name="Start: Routes by hand")
    page.get_by_label("Runtime").select_option("podman")
    page.get_by_label("Nickname").fill("Not Good 1")
    start.click()
    expect(fault(page, "Nickname")).to_have_text("It must match ^[a-z]{2,8}$")
    expect(page.get_by_label("Nickname")).to_be_focused()
    assert fake.changed == []
    page.get_by_label("Nickname").fill("ada")
    fake.refuse_next = refusal("`Runtime` is no value for `Nickname`", "the start parameter `Runtime` is needed")
    start.click()
    expect(fault(page, "Nickname")).to_have_text("`Runtime` is no value for `Nickname`")
    expect(fault(page, "Runtime")).to_have_text("the start parameter `Runtime` is needed")
    start.click()
    page.wait_for_url("**/plays/*")
    assert fake.changed[-1] == {"started": True, "initConditions": {"Runtime": "podman", "Nickname": "ada"}}
    visit.trouble = [line for line in visit.trouble if "422" not in line]


def test_a_card_of_the_catalog_leads_to_the_questions(page: Page, fake: FakeServer) -> None:
    page.goto("/challenges")
    card = page.locator("[data-lesson=static-routes]")
    expect(card.get_by_role("button")).to_have_count(0)
    card.get_by_role("link", name="Choose and start").click()
    expect(page.get_by_label("Nickname")).to_be_visible()


def test_what_runs_asks_nothing(page: Page, fake: FakeServer) -> None:
    lesson = fake.lessons["challenges", "static-routes"]
    lesson.play = fake.add(lesson_play("static-routes"))
    page.goto("/challenges/static-routes")
    expect(page.get_by_role("button", name="Go on: Routes by hand")).to_be_visible()
    expect(page.get_by_label("Nickname")).to_have_count(0)
