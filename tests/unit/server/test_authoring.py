"""The author's loop over HTTP, in labctl's order; what ships, what means ill and what is too much."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from tests.support.hostile import HOSTILE_PATHS
from tests.support.lessons import TWO_NODES
from tests.unit.server.conftest import House
from tests.unit.server.test_access import ORIGIN, by_cookie, signed_in
from tests.unit.server.test_lessons import AUTHOR, PIECE, get, patch, solved, until_told
from tests.unit.server.test_plays import check_types, until

from labyard.content.library import PLURALS
from labyard.content.pieces import INCOMING

MINE = {"kind": "challenge", "name": "mine"}
UPLOAD = timedelta(minutes=15)
TEXT = TWO_NODES.replace("Two nodes that agree", "A challenge of my own")


async def make(house: House, **more: Any) -> None:
    answer = await house.http.post("/api/challenges", json={"name": "mine", "empty": True, **more})
    assert answer.status_code == 200, answer.text


async def put_text(house: House, text: str = TEXT, file: str = "index.md", **more: Any) -> httpx.Response:
    return await house.http.put("/api/content/markdown", json={**MINE, "file": file, "content": text, **more})


async def put_file(house: House, file: str, data: bytes, **more: Any) -> httpx.Response:
    begun = await house.http.put("/api/content/files", json={**MINE, "file": file, **more})
    if begun.status_code != 200:
        return begun
    return await house.http.put(begun.json()["uploadUrl"], content=data, headers={"Authorization": ""})


def pushed(house: House) -> list[str]:
    """All files of pushed pieces, also those on their way."""
    root = house.services.authoring._own.root
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def why(answer: httpx.Response) -> str:
    error = answer.json()["error"]
    return f"{error['code']}: {error['message']} ({error['hint']})"


async def test_as_labctl_creates_pushes_pulls_and_removes(house: House) -> None:
    check_types(await get(house, "/api/author"), AUTHOR)
    for plural in (*PLURALS, "vendors", "blog-posts"):
        assert await get(house, f"/api/author/{plural}") == []
    made = await house.http.post("/api/challenges", json={"name": "mine"})
    check_types(made.json(), PIECE)
    assert made.json()["name"] == "mine" and made.json()["pageUrl"] == "http://lab.test/challenges/mine"
    files = await get(house, "/api/content/files", **MINE)
    assert files == [".solution.sh", "index.md", "solution.md"]
    for file in files:
        answer = await house.http.get(f"/content/files/challenges/mine/{file}")
        assert answer.status_code == 200 and answer.content
    assert (await put_text(house)).json() == {"status": "ok", "problems": []}
    assert (await put_file(house, "__static__/größe.png", b"\x89PNG")).status_code == 200
    assert (await house.http.delete("/api/content/files", params={**MINE, "file": "solution.md"})).status_code == 200
    told = {each["path"]: each["digest"] for each in await get(house, "/api/content/v2/files", **MINE)}
    assert set(told) == {".solution.sh", "index.md", "__static__/größe.png"}
    assert told["index.md"] == hashlib.md5(TEXT.encode(), usedforsecurity=False).hexdigest()
    assert told["__static__/größe.png"] == hashlib.md5(b"\x89PNG", usedforsecurity=False).hexdigest()
    (mine,) = await get(house, "/api/author/challenges")
    assert mine["title"] == "A challenge of my own" and mine["origin"] == "own"
    assert "mine" in [each["name"] for each in await get(house, "/api/challenges")]
    picture = await house.http.get(f"/content/files/challenges/mine/{quote('__static__/größe.png')}")
    assert picture.content == b"\x89PNG" and picture.headers["content-type"] == "image/png"
    removed = await house.http.delete("/api/challenges/mine")
    assert removed.json() == {"status": "ok", "plays": [], "ended": False}
    assert pushed(house) == [] and (await house.http.get("/api/challenges/mine")).status_code == 404


@pytest.mark.parametrize("plural", PLURALS)
async def test_every_kind_can_be_made(house: House, plural: str) -> None:
    body = {"name": "mine", "variant": "modular", "sample": False}
    made = await house.http.post(f"/api/{plural}", json=body)
    assert made.status_code == 200 and made.json()["kind"] == PLURALS[plural]
    assert [each for each in made.json()["problems"] if "no playground `tiny`" not in each] == [], (
        "this house has no tiny"
    )
    again = await house.http.post(f"/api/{plural}", json=body)
    assert again.status_code == 409 and "of your own already" in why(again)
    assert await get(house, "/api/content/files", kind=PLURALS[plural], name="mine")
    assert (await house.http.delete(f"/api/{plural}/mine")).status_code == 200


async def test_digests_follow_what_is_pushed(house: House) -> None:
    await make(house)
    for text in ("one", "two", "two", "six"):
        await put_text(house, text)
        (told,) = await get(house, "/api/content/v2/files", **MINE)
        assert told["digest"] == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def test_what_lint_finds_is_told_and_kept_all_the_same(house: House) -> None:
    await make(house)
    text = TEXT.replace("name: demo", "name: deno") + "::nothing\n::\n"
    answer = await put_text(house, text)
    assert answer.status_code == 200
    told = [(each["file"], each["line"], each["message"]) for each in answer.json()["problems"]]
    assert ("index.md", 10, "there is no playground `deno`") in told
    assert any(line == text.count("\n") - 1 and "nothing" in message for _, line, message in told), told
    assert "mine" in [each["name"] for each in await get(house, "/api/challenges")]
    assert (await put_text(house, "no content at all", "notes.md")).json()["problems"] == []
    assert (await put_text(house, "\0[[", "unit-1.md")).json()["problems"]


async def test_what_ships_is_nobodys_to_change(house: House) -> None:
    ships = {"kind": "challenge", "name": "two-nodes"}
    for answer in (
        await house.http.post("/api/challenges", json={"name": "two-nodes"}),
        await house.http.delete("/api/challenges/two-nodes"),
        await house.http.put("/api/content/markdown", json={**ships, "file": "index.md", "content": "x"}),
        await house.http.put("/api/content/files", json={**ships, "file": "x.png"}),
        await house.http.delete("/api/content/files", params={**ships, "file": "index.md"}),
    ):
        assert answer.status_code == 409
        assert "ships with Labyard" in why(answer) and "--as challenge/my-two-nodes" in why(answer)
    assert (house.content / "challenges/two-nodes/index.md").read_text() == TWO_NODES
    assert "index.md" in await get(house, "/api/content/files", **ships), "it can be pulled"


async def test_a_push_cannot_take_the_name_of_another(house: House) -> None:
    await make(house)
    await put_text(house, TEXT.replace("kind: challenge", "kind: challenge\nname: two-nodes"))
    assert (await get(house, "/api/challenges/two-nodes"))["title"] == "Two nodes that agree"
    assert (await get(house, "/api/challenges/mine"))["title"] == "A challenge of my own"


async def test_what_is_not_there(house: House) -> None:
    for answer in (
        await put_text(house),
        await put_file(house, "x.png", b""),
        await house.http.delete("/api/challenges/mine"),
        await house.http.delete("/api/content/files", params={**MINE, "file": "x.png"}),
        await house.http.get("/api/content/files", params=MINE),
        await house.http.get("/api/content/v2/files", params=MINE),
        await house.http.put("/api/content/previews", json={"kind": "challenge", "name": "preview-x"}),
        await house.http.get("/api/author/nonsense"),
    ):
        assert answer.status_code == 404, answer.text
    await make(house)
    assert (await house.http.delete("/api/content/files", params={**MINE, "file": "x.png"})).status_code == 404
    for body in ({}, {"name": 1}, {"name": "Mine"}, {"name": "../x"}, {"name": "a" * 64}, {"name": "preview-x"}):
        assert (await house.http.post("/api/challenges", json=body)).status_code == 400, body
    for kind in ("playground", "..", "", "Challenge"):
        assert (await put_text(house, kind=kind)).status_code == 400
    assert (await put_text(house, file="index.txt")).status_code == 400
    assert (await house.http.put("/api/content/markdown", content=b'{"content": "\\ud800"')).status_code == 400
    half = b'{"kind": "challenge", "name": "mine", "file": "index.md", "content": "\\ud800"}'
    assert (await house.http.put("/api/content/markdown", content=half)).status_code == 400


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=ascii)
async def test_hostile_paths_lead_nowhere(house: House, path: str) -> None:
    await make(house)
    await put_text(house)
    body = json.dumps({**MINE, "file": path, "content": "x"}).encode()
    answers = [
        await house.http.put("/api/content/markdown", content=body),
        await house.http.put("/api/content/files", content=body),
    ]
    if path != "\ud800.md":  # which no address can hold
        about = f"upload challenges/mine/{path}"
        query = {"kind": "challenges", "name": "mine", "file": path}
        signed = house.services.access.ticket(about, UPLOAD).removeprefix(f"{about}.")
        answers.append(await house.http.put("/api/content/upload", params={**query, "ticket": signed}, content=b"x"))
        answers.append(await house.http.delete("/api/content/files", params=query))
        asked = await house.http.get(f"/content/files/challenges/mine/{quote(path, safe='')}")
        assert asked.status_code == 404 or (path == "." and asked.status_code == 307), "a client reads `/.` as `/`"
    assert [answer.status_code for answer in answers] == [400] * len(answers), [answer.text for answer in answers]
    assert pushed(house) == ["challenges/mine/index.md"]


async def test_links_are_neither_told_nor_followed(house: House) -> None:
    await make(house)
    await put_text(house)
    folder = house.services.authoring._own.folder("challenges", "mine")
    (folder / "secret.txt").symlink_to(house.content / "challenges/two-nodes/secret.txt")
    (folder / "out").symlink_to(house.content / "challenges/two-nodes")
    assert await get(house, "/api/content/files", **MINE) == ["index.md"]
    for path in ("secret.txt", "out/index.md"):
        assert (await house.http.get(f"/content/files/challenges/mine/{path}")).status_code == 404
    answer = await put_file(house, "out/new.png", b"x")
    assert answer.status_code == 409 and "link on the server" in why(answer)
    assert not (house.content / "challenges/two-nodes/new.png").exists()


async def test_who_may_upload(house: House) -> None:
    await make(house)
    begun = await house.http.put("/api/content/files", json={**MINE, "file": "a.png"})
    address = httpx.URL(begun.json()["uploadUrl"])
    assert address.host == "lab.test", "the very host that was asked"
    del house.http.headers["Authorization"]
    for change in (
        {"file": "b.png"}, {"name": "other"}, {"kind": "tutorials"}, {"ticket": ""}, {"ticket": "9" * 12 + ".00"},
        {"ticket": address.params["ticket"] + "0"}, {"ticket": "9" + address.params["ticket"]},
    ):  # fmt: skip
        answer = await house.http.put(address.copy_merge_params(change), content=b"x")
        assert answer.status_code == 403, change
    assert (await house.http.put(address, content=b"x")).status_code == 200
    late = house.services.access.ticket("upload challenges/mine/a.png", -UPLOAD).removeprefix(
        "upload challenges/mine/a.png."
    )
    assert (await house.http.put(address.copy_set_param("ticket", late), content=b"x")).status_code == 403
    for method, path in (("GET", "/api/author"), ("PUT", "/api/content/markdown"), ("DELETE", "/api/challenges/mine")):
        assert (await house.http.request(method, path)).status_code == 401


async def test_pages_of_others_change_nothing(house: House) -> None:
    cookie = await signed_in(house)
    del house.http.headers["Authorization"]
    for method, path, body in (
        ("POST", "/api/challenges", {"name": "mine"}),
        ("PUT", "/api/content/markdown", {**MINE, "file": "index.md", "content": "x"}),
        ("PUT", "/api/content/files", {**MINE, "file": "x.png"}),
        ("DELETE", "/api/content/files?kind=challenge&name=mine&file=index.md", None),
        ("DELETE", "/api/challenges/mine", None),
    ):
        answer = await house.http.request(method, path, json=body, headers=by_cookie(cookie, Origin="http://evil.test"))
        assert answer.status_code == 403, path
    assert (
        await house.http.post("/api/challenges", json={"name": "mine"}, headers=by_cookie(cookie, Origin=ORIGIN))
    ).status_code == 200


# -- too much ----------------------------------------------------------------------------------------------------------


async def endless(piece: bytes = b"x" * 65536) -> AsyncIterator[bytes]:
    while True:
        yield piece


async def stalled() -> AsyncIterator[bytes]:
    yield b'{"kind": '
    await asyncio.sleep(60)


async def upload_url(house: House, file: str = "a.bin") -> str:
    return str((await house.http.put("/api/content/files", json={**MINE, "file": file})).json()["uploadUrl"])


async def test_what_never_ends_is_not_waited_for(house: House) -> None:
    await make(house)
    url = await upload_url(house)
    assert (await house.http.put(url, content=endless())).status_code == 411
    assert (await house.http.put("/api/content/markdown", content=endless())).status_code == 413
    longer = await house.http.put(url, content=endless(), headers={"Content-Length": "70000"})
    assert longer.status_code == 400 and "instead of the 70000" in why(longer)
    for address, length in ((url, {"Content-Length": "100"}), ("/api/content/markdown", {})):
        answer = await house.http.put(address, content=stalled(), headers=length)
        assert (answer.status_code, answer.json()["error"]["code"]) == (408, "too-slow")
    assert pushed(house) == []


async def test_what_is_shorter_than_announced_leaves_nothing(house: House) -> None:
    await make(house)
    await put_file(house, "a.bin", b"old")
    short = await house.http.put(await upload_url(house), content=b"short", headers={"Content-Length": "100"})
    assert short.status_code == 400
    assert pushed(house) == ["challenges/mine/a.bin"]
    assert (await house.http.get("/content/files/challenges/mine/a.bin")).content == b"old"


async def test_sizes(house: House) -> None:
    await make(house)
    mib = 1 << 20
    assert (await put_text(house, "\u0001" * mib)).status_code == 200, "six times as long on its way"
    large = await put_text(house, "é" * (mib // 2) + "x")
    assert large.status_code == 413 and "larger than 1 MiB" in why(large)
    assert (await put_file(house, "index.md", b"x" * (mib + 1))).status_code == 413, "whichever way it comes"
    huge = {"Content-Length": str(64 * mib + 1)}
    assert (await house.http.put(await upload_url(house), content=endless(), headers=huge)).status_code == 413
    assert pushed(house) == ["challenges/mine/index.md"]


async def test_a_piece_has_at_most_a_thousand_files(house: House) -> None:
    await make(house)
    folder = house.services.authoring._own.folder("challenges", "mine")
    for number in range(1000):
        (folder / f"{number}.txt").touch()
    answer = await put_file(house, "1000.txt", b"x")
    assert answer.status_code == 409 and "at most 1000 files" in why(answer)
    assert (await put_file(house, "999.txt", b"x")).status_code == 200


async def test_a_piece_and_the_disk_have_an_end(house: House) -> None:
    await make(house)
    authoring = house.services.authoring
    authoring.bounds = authoring.bounds.model_copy(update={"piece": 10})
    assert (await put_file(house, "a.bin", b"x" * 8)).status_code == 200
    assert (await put_file(house, "a.bin", b"y" * 10)).status_code == 200, "instead of what was there"
    assert "larger than 10 bytes" in why(await put_file(house, "b.bin", b"x"))
    authoring.bounds = authoring.bounds.model_copy(update={"piece": 100, "room": 1 << 60})
    assert "capacity" in why(await put_file(house, "b.bin", b"x"))
    assert "capacity" in why(await house.http.post("/api/challenges", json={"name": "other"}))
    authoring.bounds = authoring.bounds.model_copy(update={"pieces": 1, "room": 0})
    assert "too-many" in why(await house.http.post("/api/challenges", json={"name": "other"}))
    assert pushed(house) == ["challenges/mine/a.bin"]


async def test_many_files_at_a_time_and_the_same_one_twice(house: House) -> None:
    await make(house)
    names = [f"{number}/{number}.bin" for number in range(20)] + ["same.bin"] * 20
    answers = await asyncio.gather(
        *(put_file(house, name, f"{place}".encode() * 1000) for place, name in enumerate(names))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(pushed(house)) == 21 and not [path for path in pushed(house) if path.startswith(INCOMING)]


# -- while it is played ------------------------------------------------------------------------------------------------


async def test_what_is_removed_is_played_on_and_stays_solved(house: House) -> None:
    await make(house)
    await put_text(house)
    play = (await patch(house, "/api/challenges/mine", started=True))["play"]
    await solved(house, play, "check_one", "check_two")
    await until_told(house, "/api/challenges/mine", lambda now: now["completedAt"] != "")
    removed = (await house.http.delete("/api/challenges/mine")).json()
    assert (removed["plays"], removed["ended"]) == ([play["id"]], False)
    still = await get(house, f"/api/plays/{play['id']}")
    assert still["challengeName"] == "mine" and still["status"]["stateEvents"][-1]["state"] == "RUNNING"
    assert (await house.http.get("/api/challenges/mine/page")).status_code == 404
    await make(house)
    await put_text(house)
    again = await get(house, "/api/challenges/mine")
    assert (again["status"], again["play"]["id"]) == ("solved", play["id"])
    await house.http.post(f"/api/plays/{play['id']}/actions", json={"action": "destroy"})
    await until(house, play["id"], "DESTROYED")
