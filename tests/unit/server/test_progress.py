"""Where a learner stands, and the catalog as they look for something in it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.server.conftest import House
from tests.unit.server.test_lessons import get, patch, solved, until_told
from tests.unit.server.test_plays import check_types

SEARCH_ITEM = {
    "kind": str, "name": str, "title": str, "description": str, "pageUrl": str, "difficulty": str, "categories": [str],
    "tags": [str], "official": bool, "attemptCount": int, "completionCount": int,
}  # fmt: skip


async def names(house: House, path: str, **query: Any) -> list[str]:
    answer = await house.http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()]


async def test_from_nothing_to_solved(house: House) -> None:
    before = await get(house, "/api/progress", zone="Asia/Kathmandu")
    assert before["zone"] == "Asia/Kathmandu" and before["days"] == before["recent"] == before["courses"] == []
    assert before["solved"] == [
        {"kind": "challenge", "difficulty": "easy", "solved": 0, "total": 1},
        {"kind": "tutorial", "difficulty": "", "solved": 0, "total": 1},
    ]
    await patch(house, "/api/tutorials/agreeing", completed=True)
    play = (await patch(house, "/api/challenges/two-nodes", started=True))["play"]
    await solved(house, play, "check_one", "check_two")
    await until_told(house, "/api/challenges/two-nodes", lambda now: now["status"] == "solved")
    now = await get(house, "/api/progress")
    assert [each["solved"] for each in now["solved"]] == [1, 1]
    (day,) = now["days"]
    assert day == {"day": now["today"], "began": 1, "solved": 2} and now["streak"] == 1
    first, second = now["recent"]
    assert (first["did"], first["title"], first["path"]) == (
        "solved",
        "Two nodes that agree",
        "/challenges/two-nodes",
    )
    assert (second["kind"], second["name"], second["did"]) == ("tutorial", "agreeing", "completed")
    assert [(each["name"], each["done"], each["total"]) for each in now["courses"]] == [("up", 1, 1)]


async def test_a_lesson_that_is_gone_is_still_remembered(house: House) -> None:
    await patch(house, "/api/tutorials/agreeing", completed=True)
    (house.content / "tutorials/agreeing/index.md").unlink()
    (only,) = (await get(house, "/api/progress"))["recent"]
    assert (only["title"], only["path"]) == ("tutorial/agreeing", "")


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Mars/Olympus", "", "posixrules/x", "a" * 300, "Europe", "\0"])
async def test_a_zone_that_is_none_is_utc(house: House, zone: str) -> None:
    assert (await get(house, "/api/progress", zone=zone))["zone"] == "UTC"


async def test_a_course_says_how_far_one_is(house: House) -> None:
    (course,) = await get(house, "/api/courses")
    assert (course["status"], course["progress"]) == ("todo", {"done": 0, "total": 2})
    change = {"modules": {"first": {"lessons": {"two": {"completed": True}}}}}
    assert (await house.http.patch("/api/courses/nodes/learning", json=change)).status_code == 200
    (course,) = await get(house, "/api/courses", status="attempted")
    assert (course["completed"], course["progress"]) == (False, {"done": 1, "total": 2})
    assert await names(house, "/api/courses", status="solved") == []


async def test_searching_everything_as_labctl_does(house: House) -> None:
    answer = await house.http.get("/api/search", params={"search": "nodes", "limit": 2})
    items = answer.json()["items"]
    assert answer.headers["x-total-count"] == "3" and len(items) == 2
    assert {(each["kind"], each["name"]) for each in items} < {
        ("challenge", "two-nodes"),
        ("tutorial", "agreeing"),
        ("course", "nodes"),
    }
    for each in items:
        check_types(each, SEARCH_ITEM)
        assert (await house.http.get(f"/api{each['pageUrl'].removeprefix('http://lab.test')}")).status_code == 200
    rest = await get(house, "/api/search", search="nodes", limit=2, offset=2)
    assert len(rest["items"]) == 1
    only = await get(house, "/api/search", search="nodes", kind=["challenge", "doc"])
    assert [each["name"] for each in only["items"]] == ["two-nodes"]
    assert await get(house, "/api/search", kind="vendor") == {"items": []}
    assert (await house.http.get("/api/search", params={"limit": 1000})).status_code == 400


async def test_looking_for_lessons(house: House) -> None:
    assert await names(house, "/api/challenges", q="nodes AGREE") == ["two-nodes"]
    assert await names(house, "/api/challenges", q="nowhere") == []
    assert await names(house, "/api/challenges", difficulty=["easy", "hard"], tag="beginners") == ["two-nodes"]
    assert await names(house, "/api/challenges", difficulty="hard") == []
    assert await names(house, "/api/playgrounds", q="demo") == ["demo"]
    assert await names(house, "/api/playgrounds", category="cooking") == []
    for query in ({"status": "asleep"}, {"tag": [str(at) for at in range(17)]}):
        answer = await house.http.get("/api/challenges", params=query)
        assert answer.status_code == 400 and answer.json()["error"]["code"] == "bad-request"
