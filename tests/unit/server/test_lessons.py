from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.support.lessons import TWO_NODES
from tests.unit.server.conftest import House
from tests.unit.server.test_plays import PLAY, RFC3339, check_types, until

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
    for path in (
        "secret.txt", "index.md", ".solution.sh", "__static__/../secret.txt", "__static__/%2e%2e/secret.txt",
        "__static__%2f..%2fsecret.txt", "__static__/link.txt", "__static__/.hidden", "__static__", "__static__/",
        "__static__//etc/passwd", "__static__/absent.png",
    ):  # fmt: skip
        answer = await house.http.get(f"{root}/{path}")
        assert answer.status_code == 404, path
    house.http.headers.pop("Authorization")
    assert (await house.http.get(f"{root}/__static__/picture.svg")).status_code == 401
