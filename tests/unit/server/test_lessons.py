from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.lessons import TWO_NODES
from tests.unit.server.conftest import House
from tests.unit.server.test_access import by_cookie, signed_in
from tests.unit.server.test_plays import PLAY, RFC3339, check_types, until

from labyard.play.status import TaskStatus

AUTHOR = {"userId": str, "official": bool, "name": str, "displayName": str}
PIECE = {
    "name": str, "title": str, "description": str, "categories": [str], "tags": [str], "authors": [AUTHOR],
    "pageUrl": str, "createdAt": RFC3339, "updatedAt": RFC3339, "difficulty": str, "needs": str, "playground": str,
    "problems": [str],
}  # fmt: skip
CHALLENGE = {
    **PIECE, "attemptCount": int, "completionCount": int, "completedAt": str, "status": str, "tasks": dict,
}  # fmt: skip


async def get(house: House, address: str, **query: Any) -> Any:
    answer = await house.http.get(address, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def patch(house: House, path: str, **body: Any) -> Any:
    answer = await house.http.patch(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_catalog_has_the_types_labctl_decodes(house: House) -> None:
    broken, whole = await get(house, "/api/challenges")
    check_types(whole, CHALLENGE)
    assert whole["play"] is None and whole["status"] == "todo" and whole["completedAt"] == ""
    assert whole["authors"][0]["official"] is True
    assert set(whole["tasks"]) == {"init_files", "init_more", "keep_going", "check_one", "check_two"}
    assert broken["name"] == "broken" and not broken["canStart"]
    assert any("unknown key `nonsense`" in line for line in broken["problems"])
    for kinds, name in (("tutorials", "agreeing"), ("courses", "nodes"), ("skill-paths", "up")):
        (only,) = await get(house, f"/api/{kinds}")
        check_types(only, PIECE)
        assert only["name"] == name and only["problems"] == []
    assert await get(house, "/api/roadmaps") == [] and await get(house, "/api/trainings") == []


async def test_the_catalog_is_filtered(house: House) -> None:
    async def names(**query: Any) -> list[str]:
        return [each["name"] for each in await get(house, "/api/challenges", **query)]

    assert await names(category="linux") == ["two-nodes"]
    assert await names(category=["security", "linux"]) == ["two-nodes"]
    assert await names(status="todo") == ["broken", "two-nodes"]
    assert await names(status=["attempted", "solved"]) == []
    assert (await house.http.get("/api/challenges", params={"status": "perhaps"})).status_code == 400


async def test_starting_and_ending_a_challenge(house: House) -> None:
    told = await patch(house, "/api/challenges/two-nodes", started=True, safetyDisclaimerConsent=True)
    play = told["play"]
    check_types(play, PLAY)
    assert (play["challengeName"], play["tutorialName"], play["courseName"]) == ("two-nodes", "", "")
    assert play["challenge"] == {"name": "two-nodes", "title": "Two nodes that agree"}
    assert play["title"] == "Two nodes that agree" and play["playground"]["name"] == "demo"
    kinds = {name: (task["init"], task["helper"]) for name, task in play["tasks"].items()}
    assert list(kinds)[:2] == ["init_a", "init_b"], "the playground's own come first"
    assert kinds["init_files"] == (True, False) and kinds["keep_going"] == (False, True)
    assert kinds["check_one"] == (False, False)
    again = await patch(house, "/api/challenges/two-nodes", started=True)
    assert again["play"]["id"] == play["id"] and again["status"] == "attempted"
    assert again["attempts"] == again["attemptCount"] == 1
    ended = await patch(house, "/api/challenges/two-nodes", started=False)
    assert ended["play"]["id"] == play["id"]
    await until(house, play["id"], "DESTROYED")
    assert (await get(house, "/api/challenges/two-nodes"))["play"] is None
    assert (await patch(house, "/api/challenges/two-nodes", started=False))["play"] is None


async def test_two_who_start_at_the_same_time_get_the_same_play(house: House) -> None:
    told = await asyncio.gather(*(patch(house, "/api/challenges/two-nodes", started=True) for _ in range(4)))
    assert len({each["play"]["id"] for each in told}) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"lesson": "challenge/absent"}, 404),
        ({"lesson": "challenge/broken"}, 422),
        ({"lesson": "course/nodes"}, 400),
        ({"lesson": "course/nodes/first/none"}, 404),
        ({"lesson": "course/nodes/first/two"}, 409),
        ({"lesson": "nonsense"}, 400),
        ({"lesson": "challenge/two-nodes", "playground": "demo"}, 400),
        ({"lesson": "challenge/two-nodes", "machines": [{"name": "node-01"}]}, 400),
    ],
)
async def test_what_cannot_be_played(house: House, body: dict[str, Any], status: int) -> None:
    answer = await house.http.post("/api/plays", json=body)
    assert answer.status_code == status, answer.text
    assert not house.host.journal.plays


async def test_a_task_that_does_not_fit_its_playground_is_told_with_its_place(house: House) -> None:
    file = house.content / "challenges" / "two-nodes" / "index.md"
    file.write_text(TWO_NODES.replace("machine: node-02, needs", "machine: node-03, needs"))
    (_, told) = await get(house, "/api/challenges")
    line = 1 + TWO_NODES[: TWO_NODES.index("check_two")].count("\n")
    (problem,) = told["problems"]
    assert problem.startswith(f"challenges/two-nodes/index.md:{line}:") and "no machine `node-03`" in problem
    answer = await house.http.patch("/api/challenges/two-nodes", json={"started": True})
    assert answer.status_code == 422 and answer.json()["error"]["problems"][0]["line"] == line


async def test_what_a_start_asks_is_told_and_taken(house: House) -> None:
    assert (await get(house, "/api/challenges/two-nodes"))["initConditions"] == {"values": []}
    asked = "playground:\n  name: demo\n  initConditions: {values: [{key: Word, options: [one, two], default: one}]}\n"
    file = house.content / "challenges" / "two-nodes" / "index.md"
    file.write_text(TWO_NODES.replace("playground:\n  name: demo\n", asked))
    (only,) = (await get(house, "/api/challenges/two-nodes"))["initConditions"]["values"]
    assert (only["key"], only["options"], only["default"], only["nullable"]) == ("Word", ["one", "two"], "one", False)
    (first, second) = (await get(house, "/api/courses/nodes"))["modules"][0]["lessons"]
    assert first["initConditions"] == {"values": []} and second["initConditions"] is None
    refused = {"started": True, "initConditions": {"Word": "three"}}
    answer = await house.http.patch("/api/challenges/two-nodes", json=refused)
    (problem,) = answer.json()["error"]["problems"]
    assert answer.status_code == 422 and problem["message"] == "`three` is no option of `Word`"
    assert problem["file"] == "parameters", "pages show it beside its field"
    assert (await patch(house, "/api/challenges/two-nodes", started=True, initConditions={"Word": "two"}))["play"]


async def test_pages_and_solutions(house: House) -> None:
    page = await get(house, "/api/challenges/two-nodes/page")
    assert page["kind"] == "challenge" and page["title"] == "Two nodes that agree" and "Say hello." in page["html"]
    assert page["tasks"]["keep_going"] == {"init": False, "helper": True}
    lesson = await get(house, "/api/courses/nodes/page", path="first/one")
    assert lesson["kind"] == "lesson" and set(lesson["tasks"]) == {"check"}
    assert [unit["title"] for unit in lesson["units"]] == ["More about it"]
    (unit,) = (await get(house, "/api/skill-paths/up/page"))["units"]
    assert unit["title"] == "Where to begin"
    for path in ("/api/challenges/absent/page", "/api/courses/nodes/page?path=first/none", "/api/nonsense/x/page"):
        assert (await house.http.get(path)).status_code == 404
    first, second = await get(house, "/api/challenges/two-nodes/solutions")
    assert (first["name"], first["title"], first["script"]) == (
        "solution",
        "The short way",
        "# session: node-01\ntrue\n",
    )
    assert "Do it." in first["html"]
    assert (second["name"], second["html"], second["script"]) == ("solution-02", "", "false\n")
    assert (await get(house, "/api/challenges/two-nodes"))["solutions"] == ["solution", "solution-02"]
    assert await get(house, "/api/courses/nodes/solutions", path="first/one") == []


async def test_only_static_files_are_served_and_nothing_in_them_runs(house: House) -> None:
    root = "/content/files/challenges/two-nodes"
    answer = await house.http.get(f"{root}/__static__/picture.svg")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/svg+xml"
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy and "script-src" not in policy and "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await house.http.get(f"{root}/__static__/picture.svg", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    folder = house.content / "challenges" / "two-nodes"
    (folder / "__static__" / "link.txt").symlink_to(folder / "secret.txt")
    (folder / "__static__" / ".hidden").write_text("x")
    (folder / "__static__" / "odd.exe").write_text("x")
    odd = await house.http.get(f"{root}/__static__/odd.exe")
    assert odd.headers["content-disposition"].startswith("attachment")
    page = by_cookie(await signed_in(house))
    assert (await house.http.get(f"{root}/index.md")).status_code == 200, "to programs of its author: `content pull`"
    del house.http.headers["Authorization"]
    for path in (
        "secret.txt", "index.md", ".solution.sh", "__static__/../secret.txt", "__static__/%2e%2e/secret.txt",
        "__static__%2f..%2fsecret.txt", "__static__/link.txt", "__static__/.hidden", "__static__", "__static__/",
        "__static__//etc/passwd", "__static__/absent.png",
    ):  # fmt: skip
        answer = await house.http.get(f"{root}/{path}", headers=page)
        assert answer.status_code == 404, path
    assert (await house.http.get(f"{root}/__static__/picture.svg", headers=page)).status_code == 200
    assert (await house.http.get(f"{root}/__static__/picture.svg")).status_code == 401


async def solved(house: House, play: dict[str, Any], *tasks: str) -> None:
    await until(house, play["id"], "RUNNING")
    for task in tasks:
        house.host.set_task(play["id"], task, status=TaskStatus.COMPLETED)


async def until_told(house: House, address: str, fact: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(5):
        while not fact(told := await get(house, address)):  # noqa: ASYNC110 - it is asked, as pages do
            await asyncio.sleep(0.02)
    return told


async def test_a_challenge_is_solved_on_the_server_alone(house: House) -> None:
    address = "/api/challenges/two-nodes"
    play = (await patch(house, address, started=True))["play"]
    answer = await house.http.patch(address, json={"completed": True})
    assert answer.status_code == 409, "older clients say so themselves; it changes nothing"
    assert (await get(house, address))["completedAt"] == ""
    await solved(house, play, "check_one", "check_two")
    told = await until_told(house, address, lambda now: now["completedAt"] != "")
    check_types(told["completedAt"], RFC3339)
    assert told["status"] == "solved" and told["completionCount"] == 1 and told["play"]["id"] == play["id"]
    assert [each["name"] for each in await get(house, "/api/challenges", status="solved")] == ["two-nodes"]
    progress = await get(house, "/api/progress")
    assert progress["streak"] == progress["longestStreak"] == len(progress["activeDays"]) == 1


async def test_a_bots_play_is_nobodys_progress(house: House) -> None:
    answer = await house.http.post("/api/plays", json={"lesson": "challenge/two-nodes", "bot": True, "cold": True})
    play = answer.json()
    assert play["bot"] is True and play["challengeName"] == "two-nodes"
    await solved(house, play, "check_one", "check_two")
    await until_told(
        house, f"/api/plays/{play['id']}", lambda now: now["tasks"]["check_two"]["status"] == TaskStatus.COMPLETED
    )
    told = await get(house, "/api/challenges/two-nodes")
    assert (told["status"], told["attemptCount"], told["play"]) == ("todo", 0, None)


async def test_a_tutorial_is_completed_by_hand(house: House) -> None:
    told = await patch(house, "/api/tutorials/agreeing", started=True)
    assert told["play"]["tutorialName"] == "agreeing" and told["status"] == "attempted"
    told = await patch(house, "/api/tutorials/agreeing", completed=True)
    assert told["status"] == "completed" and told["completedAt"]
    assert [each["name"] for each in await get(house, "/api/tutorials", status="completed")] == ["agreeing"]


COURSE = {
    "name": str, "title": str, "pageUrl": str, "authors": [AUTHOR],
    "modules": [
        {"name": str, "title": str, "slug": str, "path": str,
         "lessons": [{"name": str, "title": str, "slug": str, "path": str, "tasks": dict}]},
    ],
    "learning": {"modules": dict},
}  # fmt: skip


async def test_a_course_and_its_lessons(house: House) -> None:
    course = await get(house, "/api/courses/nodes")
    check_types(course, COURSE)
    one, two = course["modules"][0]["lessons"]
    assert (one["path"], one["playground"]) == ("first/one", {"name": "demo"}) and two["playground"] is None
    wish = {"modules": {"first": {"lessons": {"one": {"started": True}}}}}
    told = await patch(house, "/api/courses/nodes/learning", safetyDisclaimerConsent=True, asFreeTierUser=False, **wish)
    learning = told["learning"]["modules"]["first"]["lessons"]["one"]
    assert learning["started"] is True and learning["completed"] is False
    assert learning["gates"] == [{"kind": "challenge", "name": "two-nodes", "passed": False}]
    play = await get(house, f"/api/plays/{learning['play']}")
    assert (play["courseName"], play["lessonPath"], play["challengeName"]) == ("nodes", "first/one", "")
    assert play["lesson"] == {"name": "one", "title": "The first lesson"}
    again = await patch(house, "/api/courses/nodes/learning", **wish)
    assert again["learning"]["modules"]["first"]["lessons"]["one"]["play"] == play["id"]
    ended = await patch(
        house, "/api/courses/nodes/learning", modules={"first": {"lessons": {"one": {"started": False}}}}
    )
    assert ended["learning"]["modules"]["first"]["lessons"]["one"]["play"] == ""
    await until(house, play["id"], "DESTROYED")
    many = {"first": {"lessons": {f"l{number}": {"started": True} for number in range(20)}}}
    answer = await house.http.patch("/api/courses/nodes/learning", json={"modules": many})
    assert answer.status_code == 400
    path = await get(house, "/api/skill-paths/up")
    assert path["units"][0]["gates"] == [{"kind": "challenge", "name": "two-nodes", "passed": False}]


async def test_what_a_learner_puts_in(house: House) -> None:
    play = (await patch(house, "/api/challenges/two-nodes", started=True))["play"]
    address = f"/api/plays/{play['id']}/tasks"
    await until(house, play["id"], "RUNNING")
    assert (await house.http.post(f"{address}/check_two/input", json={"value": "$(reboot)"})).status_code == 200
    told = await until_told(house, address, lambda now: any(each["input"] for each in now))
    assert {each["name"]: each["input"] for each in told}["check_two"] == "$(reboot)"
    for task, body, status in (
        ("absent", {"value": "x"}, 404), ("init_a", {"value": "x"}, 404), ("check_two", {}, 400),
        ("check_two", {"value": 1}, 400), ("check_two", {"value": "\0"}, 400),
        ("check_two", {"value": "é" * (8 << 10)}, 200), ("check_two", {"value": "é" * (8 << 10) + "x"}, 400),
    ):  # fmt: skip
        answer = await house.http.post(f"{address}/{task}/input", json=body)
        assert answer.status_code == status, (task, answer.text)
    half = await house.http.post(f"{address}/check_two/input", content=b'{"value": "\\ud800"}')
    assert half.status_code == 400
    await house.http.post(f"/api/plays/{play['id']}/actions", json={"action": "stop"})
    await until(house, play["id"], "STOPPED")
    assert (await house.http.post(f"{address}/check_two/input", json={"value": "x"})).status_code == 409


async def test_details_are_for_authors_and_hints_for_learners(house: House) -> None:
    play = (await patch(house, "/api/challenges/two-nodes", started=True))["play"]
    await until(house, play["id"], "RUNNING")
    house.host.set_task(
        play["id"], "check_two", status=TaskStatus.FAILED, hint="look there", failcheck_exit_code=3,
        failcheck_stdout="no\nway\n", hintcheck_exit_code=0, runs=5,
    )  # fmt: skip
    address = f"/api/plays/{play['id']}"
    told = await until_told(house, address, lambda now: now["tasks"]["check_two"]["status"] == TaskStatus.FAILED)
    assert told["tasks"]["check_two"]["hint"] == "look there" and told["tasks"]["check_two"]["runs"] == 5
    assert told["status"]["stateEvents"][-1]["state"] == "RUNNING", "the play goes on"
    details = {each["name"]: each for each in await get(house, f"{address}/tasks")}
    for each in details.values():
        check_types(each, DETAILS)
    two = details["check_two"]
    assert two["env"] == ["WORD=one"] and two["needs"] == ["check_one"] and two["timeoutSeconds"] == 5
    assert (two["failcheckExitCode"], two["failcheckStdout"], two["runs"]) == (3, ["no", "way"], 5)
    assert details["check_one"]["hintcheck"] == 'echo "look at node-01"'


DETAILS = {
    "name": str, "machine": str, "needs": [str], "run": str, "env": [str], "user": str, "timeoutSeconds": int,
    "exitCode": int, "stdout": str, "stderr": str, "lastRunAt": str, "lastDurationMs": int, "hintcheck": str,
    "hintcheckExitCode": int, "hintcheckStdout": [str], "hintcheckStderr": [str], "failcheck": str,
    "failcheckExitCode": int, "failcheckStdout": [str], "failcheckStderr": [str], "hint": str, "runs": int,
}  # fmt: skip
