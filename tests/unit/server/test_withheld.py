"""What checks do, and what they print, is for those who write them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from tests.unit.server.conftest import House
from tests.unit.server.test_lessons import DETAILS
from tests.unit.server.test_people import others, token_of
from tests.unit.server.test_plays import check_types
from tests.unit.server.test_rules import ACCESS, made

from labyard.play.status import TaskStatus

__all__ = ["others"]


async def asked_until(
    http: httpx.AsyncClient, headers: dict[str, str], play: str, right: Callable[[dict[str, Any]], bool]
) -> None:
    async with asyncio.timeout(10):
        while not right((await http.get(f"/api/plays/{play}", headers=headers)).json()):  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.01)


async def test_scripts_of_a_lesson_are_for_those_who_write_it(house: House, others: httpx.AsyncClient) -> None:
    """What came with the playground is in its manifest; what came with the lesson is its learner's to find out."""
    printed = {"stdout": "it is Zebra", "stderr": "no Zebra here", "failcheck_stdout": "Zebra!", "output_cut": True}
    for role, sees in (("learner", False), ("author", True), ("instructor", True)):
        headers = await token_of(house, f"some-{role}", role)
        play = (await others.post("/api/plays", json={"lesson": "challenge/two-nodes"}, headers=headers)).json()
        await asked_until(
            others, headers, play["id"], lambda now: now["status"]["stateEvents"][-1]["state"] == "RUNNING"
        )
        house.host.set_task(play["id"], "check_two", status=TaskStatus.FAILED, hint="look there", **printed)
        house.host.set_task(play["id"], "init_a", stdout="of the playground")
        await asked_until(others, headers, play["id"], lambda now: now["tasks"]["check_two"]["hint"] != "")
        answer = await others.get(f"/api/plays/{play['id']}/tasks", headers=headers)
        details = {each["name"]: each for each in answer.json()}
        for each in details.values():
            check_types(each, DETAILS)
        assert details["init_a"]["run"] == "echo a" and details["init_a"]["stdout"] == "of the playground"
        assert details["check_two"]["hintcheckStdout"] == [] and details["check_two"]["hint"] == "look there"
        assert [each["withheld"] for each in details.values() if each["name"].startswith(("check", "keep"))] == [
            not sees
        ] * 3
        assert ("Zebra" in answer.text) is sees, role
        assert ("look at node-01" in answer.text) is sees, role
        assert ("WORD=one" in answer.text) is sees, role


async def test_scripts_are_their_writers(house: House, others: httpx.AsyncClient) -> None:
    """Also when the lesson is gone: then nobody knows any more whose it was."""
    max_, eve = await token_of(house, "max", "author"), await token_of(house, "eve", "author")
    await made(others, max_)
    words = {"canRead": ["anyone"], "canStart": ["anyone"]}
    assert (await others.patch(ACCESS, json=words, headers=max_)).status_code == 200
    plays = {}
    for name, headers in (("max", max_), ("eve", eve)):
        body = {"lesson": "challenge/secret"}
        plays[name] = (await others.post("/api/plays", json=body, headers=headers)).json()["id"]

    async def withheld(name: str, headers: dict[str, str]) -> bool:
        details = (await others.get(f"/api/plays/{plays[name]}/tasks", headers=headers)).json()
        (check,) = [each for each in details if each["name"] == "check_it"]
        assert bool(check["run"]) is not check["withheld"]
        return bool(check["withheld"])

    assert not await withheld("max", max_)
    assert await withheld("eve", eve)
    assert (await others.delete("/api/challenges/secret", headers=max_)).status_code == 200
    assert await withheld("max", max_) and await withheld("eve", eve)
