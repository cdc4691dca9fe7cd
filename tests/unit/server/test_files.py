"""Files of machines over HTTP."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from tests.unit.server.conftest import DEMO, House
from tests.unit.server.test_people import others, token_of

__all__ = ["others"]  # a fixture


async def state(house: House, play: str) -> str:
    told: str = (await house.http.get(f"/api/plays/{play}")).json()["status"]["stateEvents"][-1]["state"]
    return told


async def started(house: House) -> str:
    """A running play; the address of its first machine's files."""
    play = (await house.http.post("/api/plays", json={"playground": "demo"})).json()["id"]
    async with asyncio.timeout(10):
        while await state(house, play) != "RUNNING":  # noqa: ASYNC110 - HTTP has no event for it
            await asyncio.sleep(0.01)
    return f"/api/plays/{play}/machines/node-01/files"


async def put(house: House, files: str, path: str, content: bytes, **headers: str) -> httpx.Response:
    wanted = headers or {"If-None-Match": "*"}
    return await house.http.put(f"{files}/content", params={"path": path}, content=content, headers=wanted)


async def got(house: House, files: str, path: str, **headers: str) -> httpx.Response:
    return await house.http.get(f"{files}/content", params={"path": path}, headers=headers)


async def test_written_read_changed_and_removed(house: House) -> None:
    files = await started(house)
    saved = await put(house, files, "/home/laborant/a.txt", b"one")
    assert saved.status_code == 200, saved.text
    assert saved.headers["etag"] == f'"{saved.json()["version"]}"'
    answer = await got(house, files, "/home/laborant/a.txt")
    assert (answer.content, answer.headers["etag"]) == (b"one", saved.headers["etag"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert (answer.headers["labyard-size"], answer.headers["labyard-writable"]) == ("3", "yes")
    mine = {"If-Match": saved.headers["etag"]}
    assert (await put(house, files, "/home/laborant/a.txt", b"two", **mine)).status_code == 200
    stale = await put(house, files, "/home/laborant/a.txt", b"three", **mine)
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "changed")
    again = await put(house, files, "/home/laborant/a.txt", b"four")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "exists")
    listing = (await house.http.get(files)).json()
    assert listing["path"] == "/home/laborant" and [each["name"] for each in listing["entries"]] == ["a.txt"]
    look = (await house.http.get(f"{files}/stat", params={"path": "/home/laborant/a.txt"})).json()
    assert look["entry"]["size"] == 3
    moved = await house.http.post(f"{files}/moves", json={"path": "/home/laborant/a.txt", "to": "/home/laborant/b.txt"})
    assert moved.status_code == 200
    assert (await house.http.post(f"{files}/folders", json={"path": "/home/laborant/sub"})).status_code == 200
    assert (await got(house, files, "/home/laborant/a.txt")).json()["error"]["code"] == "no-file"
    for path in ("b.txt", "sub"):
        assert (await house.http.delete(files, params={"path": f"/home/laborant/{path}"})).status_code == 200
    assert (await house.http.get(files)).json()["total"] == 0


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-12", 416, b"", "bytes */10"),
        ("bytes=4-2", 416, b"", "bytes */10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
    ],
)
async def test_ranges(house: House, asked: str, status: int, content: bytes, told: str | None) -> None:
    files = await started(house)
    await put(house, files, "/data", b"0123456789")
    answer = await got(house, files, "/data", Range=asked)
    assert (answer.status_code, answer.content, answer.headers.get("content-range")) == (status, content, told)


async def test_a_part_of_an_empty_file_is_all_of_it(house: House) -> None:
    files = await started(house)
    await put(house, files, "/empty", b"")
    answer = await got(house, files, "/empty", Range="bytes=0-99")
    assert (answer.status_code, answer.content, answer.headers["labyard-size"]) == (200, b"", "0")


async def test_downloads_and_uploads_of_more_than_a_part(house: House) -> None:
    files = await started(house)
    content = bytes(range(256)) * (3 << 12)
    assert (await put(house, files, "/large file", content)).json()["size"] == len(content)
    answer = await house.http.get(f"{files}/content", params={"path": "/large file", "download": True})
    assert answer.content == content and answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''large%20file"


async def test_who_says_nothing_of_what_is_replaced_replaces_nothing(house: House) -> None:
    files = await started(house)
    headers: list[dict[str, str]] = [
        {},
        {"If-None-Match": '"x"'},
        {"If-Match": "*", "If-None-Match": "*"},
        {"If-Match": "no tag"},
    ]
    for each in headers:
        answer = await house.http.put(f"{files}/content", params={"path": "/data"}, content=b"x", headers=each)
        assert answer.status_code in (400, 412), answer.text
    answer = await house.http.put(f"{files}/content", params={"path": "/data"}, headers={"If-None-Match": "*"})
    assert answer.status_code == 200, "an empty file says how long it is"

    async def endless() -> Any:
        yield b"x"

    streamed = await house.http.put(
        f"{files}/content", params={"path": "/other"}, content=endless(), headers={"If-None-Match": "*"}
    )
    assert (streamed.status_code, streamed.json()["error"]["code"]) == (411, "length-required")


async def test_too_much_for_a_machine(house: House) -> None:
    files = await started(house)
    headers = {"If-None-Match": "*", "Content-Length": str(257 << 20)}
    answer = await house.http.put(f"{files}/content", params={"path": "/data"}, content=b"", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too-large")


async def test_search_is_told_line_by_line(house: House) -> None:
    files = await started(house)
    await put(house, files, "/home/laborant/a.txt", b"hello\nHELLO again\n")
    answer = await house.http.post(f"{files}/search", json={"text": "hello"})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [(each["path"], each["line"]) for each in lines[:-1]] == [("/home/laborant/a.txt", n) for n in (1, 2)]
    assert lines[-1]["done"] is True and lines[-1]["matches"] == 2
    answer = await house.http.post(f"{files}/search", json={"text": "(", "regex": True})
    assert json.loads(answer.text)["error"]["code"] == "bad-request"


@pytest.mark.parametrize(
    "query",
    [
        {"path": "relative"},
        {"path": "/" + "x" * 5000},
        {"path": "/a\0b"},
        {"user": "a b"},
        {"user": "-root"},
        {"limit": 0},
        {"limit": 5000},
        {"offset": -1},
    ],
)
async def test_questions_that_make_no_sense(house: House, query: dict[str, Any]) -> None:
    files = await started(house)
    answer = await house.http.get(files, params=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-request")


async def test_only_whose_play_it_is(house: House, others: httpx.AsyncClient) -> None:
    files = await started(house)
    ada = await token_of(house, "ada", "admin")
    asked = [
        others.get(files, headers=ada),
        others.get(f"{files}/content", params={"path": "/etc/passwd"}, headers=ada),
        others.put(f"{files}/content", params={"path": "/x"}, content=b"x", headers={**ada, "If-None-Match": "*"}),
        others.post(f"{files}/search", json={"text": "x"}, headers=ada),
        others.delete(files, params={"path": "/x"}, headers=ada),
    ]
    for each in asked:
        answer = await each
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")


async def test_a_machine_without_terminals_shows_no_files(house: House) -> None:
    quiet = DEMO.replace("    - name: node-01\n", "    - name: node-01\n      noSSH: true\n")
    play = (await house.http.post("/api/plays", json={"manifest": quiet})).json()["id"]
    async with asyncio.timeout(10):
        while await state(house, play) != "RUNNING":  # noqa: ASYNC110 - HTTP has no event for it
            await asyncio.sleep(0.01)
    answer = await house.http.get(f"/api/plays/{play}/machines/node-01/files")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    assert (await house.http.get(f"/api/plays/{play}/machines/node-02/files")).status_code == 200


async def test_a_machine_that_is_off_or_not_there(house: House) -> None:
    files = await started(house)
    answer = await house.http.get(files.replace("node-01", "node-09"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")
    await house.http.post(f"{files.partition('/machines')[0]}/actions", json={"action": "stop"})
    async with asyncio.timeout(10):
        while (answer := await house.http.get(files)).status_code == 200:  # noqa: ASYNC110 - nor for that
            await asyncio.sleep(0.01)
    assert (answer.status_code, answer.json()["error"]["code"]) in ((409, "conflict"), (502, "guest"))
