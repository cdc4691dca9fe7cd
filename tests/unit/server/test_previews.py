"""Previews: in no catalog, nobody's progress, gone with their author; and pages that say when they changed."""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

import httpx
import pytest
from tests.support.lessons import COURSE, LESSON, TWO_NODES
from tests.unit.server.conftest import House
from tests.unit.server.test_lessons import get, patch, solved, until_told
from tests.unit.server.test_people import others, token_of
from tests.unit.server.test_plays import until

from labyard.content.library import PLURALS

__all__ = ["others"]

NAME = "preview-two-nodes-1a2b"
PAGE = f"/api/challenges/{NAME}/page"


async def put(house: House, file: str, text: str, *, kind: str = "challenge", name: str = NAME) -> None:
    body = {"kind": kind, "name": name, "file": file}
    if file.endswith(".md"):
        answer = await house.http.put("/api/content/markdown", json={**body, "content": text})
    else:
        url = (await house.http.put("/api/content/files", json=body)).json()["uploadUrl"]
        answer = await house.http.put(url, content=text.encode())
    assert answer.status_code == 200, answer.text


async def preview(house: House, kind: str = "challenges", text: str = TWO_NODES, name: str = NAME) -> None:
    answer = await house.http.post(f"/api/{kind}", json={"name": name, "preview": True, "empty": True})
    assert answer.status_code == 200, answer.text
    await put(house, "index.md", text, kind=kind, name=name)


def left(house: House) -> list[str]:
    return sorted(path.name for path in (house.services.authoring.previews.root).rglob("*") if path.is_file())


async def test_a_preview_is_in_no_catalog(house: House) -> None:
    before = {plural: await get(house, f"/api/{plural}") for plural in PLURALS}
    await preview(house)
    assert {plural: await get(house, f"/api/{plural}") for plural in PLURALS} == before
    told = await get(house, f"/api/challenges/{NAME}")
    assert (told["origin"], told["canStart"], told["title"]) == ("preview", True, "Two nodes that agree")
    (listed,) = await get(house, "/api/author/challenges")
    assert listed["name"] == NAME and listed["origin"] == "preview"
    assert (await get(house, "/api/challenges/two-nodes"))["origin"] == "shipped"
    for body in ({"name": "x", "preview": True}, {"name": "preview-x", "preview": False}):
        assert (await house.http.post("/api/challenges", json=body)).status_code == 400


async def test_a_preview_is_nobodys_progress_and_ends_with_its_plays(house: House) -> None:
    await preview(house)
    play = (await patch(house, f"/api/challenges/{NAME}", started=True))["play"]
    assert play["challengeName"] == NAME and play["bot"] is False
    await solved(house, play, "check_one", "check_two")
    await until_told(house, f"/api/plays/{play['id']}", lambda now: now["tasks"]["check_two"]["status"] == 40)
    told = await get(house, f"/api/challenges/{NAME}")
    assert (told["status"], told["attempts"], told["completedAt"], told["play"]["id"]) == ("todo", 0, "", play["id"])
    assert await get(house, "/api/progress") == {"streak": 0, "longestStreak": 0, "activeDays": []}
    stopped = (await patch(house, f"/api/challenges/{NAME}", started=True, cold=True))["play"]["id"]
    assert stopped == play["id"]
    removed = (await house.http.delete(f"/api/challenges/{NAME}")).json()
    assert (removed["plays"], removed["ended"]) == ([play["id"]], True)
    await until(house, play["id"], "DESTROYED")
    assert left(house) == []


async def test_only_their_author_can_say_that_a_preview_is_done_by_pushing_it(house: House) -> None:
    tutorial = TWO_NODES.replace("kind: challenge", "kind: tutorial").replace("difficulty: easy\n", "")
    await preview(house, "tutorials", tutorial)
    answer = await house.http.patch(f"/api/tutorials/{NAME}", json={"completed": True})
    assert answer.status_code == 409 and "keeps no progress" in answer.text
    await preview(house, "courses", COURSE, "preview-nodes")
    read_only = "---\nkind: lesson\ntitle: Only to be read\nname: one\n---\n"
    await put(house, "010.one/index.md", read_only, kind="course", name="preview-nodes")
    wish = {"modules": {"": {"lessons": {"one": {"completed": True}}}}}
    answer = await house.http.patch("/api/courses/preview-nodes/learning", json=wish)
    assert answer.status_code == 409 and "keeps no progress" in answer.text


async def test_plays_of_a_course_end_with_its_preview_also_those_at_rest(house: House) -> None:
    await preview(house, "courses", COURSE, "preview-nodes")
    await put(house, "010.one/index.md", LESSON, kind="course", name="preview-nodes")
    for lesson in ("course/preview-nodes/one", "course/preview-nodes/one", "course/nodes/first/one"):
        answer = await house.http.post("/api/plays", json={"lesson": lesson})
        await until(house, answer.json()["id"], "RUNNING")
    other, second, first = (each["id"] for each in await get(house, "/api/plays"))
    await house.http.post(f"/api/plays/{first}/actions", json={"action": "stop"})
    await until(house, first, "STOPPED")
    removed = (await house.http.delete("/api/courses/preview-nodes")).json()
    assert set(removed["plays"]) == {first, second}
    for play in (first, second):
        await until(house, play, "DESTROYED")
    assert (await get(house, f"/api/plays/{other}"))["status"]["stateEvents"][-1]["state"] == "RUNNING"


async def test_what_is_to_be_kept_is_only_stopped(house: House) -> None:
    await preview(house)
    play = (await patch(house, f"/api/challenges/{NAME}", started=True))["play"]["id"]
    await until(house, play, "RUNNING")
    await house.http.post(f"/api/plays/{play}/actions", json={"action": "make_persistent"})
    await house.http.delete(f"/api/challenges/{NAME}")
    await until(house, play, "STOPPED")


async def test_who_leaves_a_preview_behind_has_it_removed_by_the_server(house: House) -> None:
    await preview(house)
    await preview(house, name="preview-other")
    plays = {
        name: (await patch(house, f"/api/challenges/{name}", started=True))["play"]["id"]
        for name in (NAME, "preview-other")
    }
    previews = house.services.authoring.previews
    long_ago = time.time() - house.services.authoring.bounds.lease - 1
    for name in plays:
        os.utime(previews.folder("challenges", name), (long_ago, long_ago))
    renewed = await house.http.put("/api/content/previews", json={"kind": "challenge", "name": "preview-other"})
    assert renewed.json() == {"expiresIn": 15 * 60 * 1000}
    await house.services.previews.sweep()
    assert previews.names("challenges") == ["preview-other"]
    await until(house, plays[NAME], "DESTROYED")
    assert (await house.http.get(f"/api/challenges/{NAME}")).status_code == 404
    await until(house, plays["preview-other"], "RUNNING")
    previews.remove("challenges", "preview-other")  # as if it was started while its preview went
    await house.services.previews.sweep()
    await until(house, plays["preview-other"], "DESTROYED")


async def test_there_are_only_so_many(house: House) -> None:
    bounds = house.services.authoring.bounds
    house.services.authoring.bounds = bounds.model_copy(update={"previews": 1})
    await preview(house)
    answer = await house.http.post("/api/challenges", json={"name": "preview-more", "preview": True, "empty": True})
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "too-many"


# -- pages that change -------------------------------------------------------------------------------------------------


async def page(house: House, tag: str = "", address: str = PAGE) -> httpx.Response:
    return await house.http.get(address, headers={"If-None-Match": tag} if tag else {})


async def told(house: House) -> tuple[str, dict[str, Any]]:
    answer = await page(house)
    assert answer.status_code == 200
    return answer.headers["etag"], answer.json()


async def test_a_page_says_whether_it_changed(house: House) -> None:
    await preview(house)
    tag, first = await told(house)
    assert first["preview"] is True and len(first["playDigest"]) == 32
    same = await page(house, f'"other", {tag}')
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    await put(house, "index.md", TWO_NODES)
    assert (await page(house, tag)).status_code == 304, "written again, but the same"
    await put(house, "index.md", TWO_NODES.replace("Say hello.", "Say goodbye."))
    changed = await page(house, tag)
    assert changed.status_code == 200 and changed.headers["etag"] != tag and "Say goodbye." in changed.json()["html"]
    assert changed.json()["playDigest"] == first["playDigest"], "prose is no part of a play"
    ships = await page(house, address="/api/challenges/two-nodes/page")
    assert ships.json()["preview"] is False and ships.headers["etag"] != tag


PICTURE = TWO_NODES.replace("Say hello.", "::image-box\n---\n:src: __static__/deep/map.svg\n:alt: A map\n---\n::")


async def test_a_page_changes_with_its_pictures(house: House) -> None:
    await preview(house, text=PICTURE)
    tag, first = await told(house)
    assert any("map.svg" in problem for problem in first["problems"])
    await put(house, "__static__/deep/map.svg", "<svg/>")
    there, second = await told(house)
    assert there != tag and second["problems"] == [] and f"/{NAME}/__static__/deep/map.svg?v=" in second["html"]
    await put(house, "__static__/deep/map.svg", "<svg></svg>")
    again, third = await told(house)
    assert again != there and third["html"] != second["html"], "so that an open page draws it again"
    assert (await page(house, again)).status_code == 304


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('run: "false"', 'run: "true"'),
        ("init: true, needs: [init_a]", "init: true"),
        ("name: demo", "name: demo\n  startupFiles: [{path: /etc/motd, content: hello}]"),
        ("name: demo", "name: demo\n  tabs: [{machine: node-02}]"),
    ],
)
async def test_a_page_says_when_its_play_would_be_another(house: House, old: str, new: str) -> None:
    await preview(house)
    _, first = await told(house)
    play = (await patch(house, f"/api/challenges/{NAME}", started=True))["play"]
    assert play["playDigest"] == first["playDigest"]
    await put(house, "index.md", TWO_NODES.replace(old, new))
    _, second = await told(house)
    assert second["playDigest"] not in ("", first["playDigest"])
    assert (await get(house, f"/api/plays/{play['id']}"))["playDigest"] == first["playDigest"], (
        "what it was started with"
    )
    await house.http.post(f"/api/plays/{play['id']}/actions", json={"action": "destroy"})
    await until(house, play["id"], "DESTROYED")
    afresh = (await patch(house, f"/api/challenges/{NAME}", started=True))["play"]
    assert afresh["id"] != play["id"] and afresh["playDigest"] == second["playDigest"]


async def test_a_play_is_another_with_other_files_in_it(house: House) -> None:
    startup = "name: demo\n  startupFiles: [{path: /etc/motd, source: __static__/motd}]"
    await preview(house)
    await put(house, "__static__/motd", "hello")
    await put(house, "index.md", TWO_NODES.replace("name: demo", startup))
    _, first = await told(house)
    await put(house, "__static__/motd", "goodbye")
    _, second = await told(house)
    assert first["problems"] == second["problems"] == [] and "" not in (first["playDigest"], second["playDigest"])
    assert first["playDigest"] != second["playDigest"]


async def test_a_page_of_what_cannot_be_played_now(house: House) -> None:
    await preview(house)
    tag, _ = await told(house)
    await put(house, "index.md", TWO_NODES.replace("name: demo", "name: deno"))
    changed, broken = await told(house)
    assert changed != tag and broken["playDigest"] == ""
    assert any("no playground `deno`" in problem for problem in broken["problems"])
    await put(house, "index.md", "---\nkind: [\n---\n")
    assert (await told(house))[1]["problems"]
    await put(house, "index.md", TWO_NODES)
    assert (await page(house, tag)).status_code == 304, "as it was"
    assert (await page(house, address="/api/skill-paths/up/page")).json()["playDigest"] == ""


async def test_lessons_and_units_too(house: House) -> None:
    await preview(house, "courses", COURSE, "preview-nodes")
    address = "/api/courses/preview-nodes/page?path=one"
    await put(house, "010.one/index.md", LESSON, kind="course", name="preview-nodes")
    first = await page(house, address=address)
    assert first.json()["preview"] is True and len(first.json()["playDigest"]) == 32
    unit = "---\nkind: unit\ntitle: More about it\n---\n::nothing\n::\n"
    await put(house, "010.one/unit-1.md", unit, kind="course", name="preview-nodes")
    second = await page(house, first.headers["etag"], address)
    assert second.status_code == 200 and any("nothing" in problem for problem in second.json()["problems"])


async def test_what_is_polled_is_not_rendered_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await preview(house)
    tag, _ = await told(house)
    monkeypatch.setattr("labyard.server.lesson_page.render", None)
    answers = await asyncio.gather(*(page(house, tag) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {304}
    assert json.loads((await page(house)).content)["title"] == "Two nodes that agree"


async def test_an_authors_preview_is_for_those_who_write_and_ends_with_their_plays(
    house: House, others: httpx.AsyncClient
) -> None:
    art, ada = await token_of(house, "art", "author"), await token_of(house, "ada")
    new = {"name": NAME, "preview": True, "empty": True}
    assert (await others.post("/api/challenges", json=new, headers=art)).status_code == 200
    body = {"kind": "challenge", "name": NAME, "file": "index.md", "content": TWO_NODES}
    assert (await others.put("/api/content/markdown", json=body, headers=art)).status_code == 200
    started = await others.patch(f"/api/challenges/{NAME}", json={"started": True}, headers=art)
    assert started.status_code == 200 and started.json()["canStart"] is True
    for path in (f"/api/challenges/{NAME}", PAGE):
        assert (await others.get(path, headers=ada)).status_code == 404
    long_ago = time.time() - house.services.authoring.bounds.lease - 1
    os.utime(house.services.authoring.previews.folder("challenges", NAME), (long_ago, long_ago))
    await house.services.previews.sweep()
    await until(house, started.json()["play"]["id"], "DESTROYED", headers=art)
