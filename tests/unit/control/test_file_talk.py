"""Machines that answer an editor as no examiner would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from labyard.control.file_talk import LONGEST_LINE
from labyard.control.files import Files, Place
from labyard.errors import GuestError, LabyardError
from labyard.hosts.fake_guest import FakeStream
from labyard.play.files import Wish
from labyard.play.streams import Channel, Request, Result, Stream

PLACE = Place("play", "node-01")
Play = Callable[[FakeStream], Awaitable[None]]


def impostor(play: Play) -> Files:
    async def open_stream(_play: str, _machine: str, _request: Request) -> Stream:
        stream = FakeStream()
        stream.work = asyncio.create_task(play(stream))  # type: ignore[arg-type]
        return stream

    return Files(open_stream, patience=0.2)


def saying(*lines: object) -> Play:
    async def play(stream: FakeStream) -> None:
        await stream.input.get()
        for line in lines:
            await stream.emit(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")

    return play


LISTING = {"path": "/", "version": "1", "total": 1, "offset": 0, "entries": [{"name": "a", "kind": "file"}]}
BAD_LISTINGS: list[object] = [
    b"no json\n",
    [1],
    {},
    {**LISTING, "total": -1},
    {**LISTING, "version": "1\r\nSet-Cookie: a=b"},
    {**LISTING, "entries": LISTING["entries"] * 3000},  # type: ignore[operator]
    {**LISTING, "entries": [{"name": "a", "kind": "gift"}]},
    {**LISTING, "path": "x" * 5000},
    b"[" * 100_000 + b"\n",
]


@pytest.mark.parametrize("line", BAD_LISTINGS)
async def test_answers_that_make_no_sense(line: object) -> None:
    desk = impostor(saying(line))
    with pytest.raises(GuestError):
        await desk.list(PLACE, "/")
    await desk.close()


async def test_a_line_without_end() -> None:
    async def play(stream: FakeStream) -> None:
        while True:
            await stream.emit(b"x" * 65536)

    desk = impostor(play)
    async with asyncio.timeout(LONGEST_LINE / 65536):
        with pytest.raises(GuestError, match="without end"):
            await desk.list(PLACE, "/")
    await desk.close()


async def test_nobody_answers() -> None:
    async def play(_: FakeStream) -> None:
        await asyncio.Event().wait()

    desk = impostor(play)
    with pytest.raises(GuestError, match="does not answer"):
        await desk.stat(PLACE, "/")
    await desk.close()


async def test_an_end_in_the_middle() -> None:
    async def play(stream: FakeStream) -> None:
        await stream.emit(b'{"path": "/x", "size": 10, "from": 0, "version": "1", "body": 10}\n12345')
        await stream.emit(b"said beside", Channel.STDERR)
        await stream.finish(Result(exit_code=1))

    desk = impostor(play)
    with pytest.raises(GuestError, match="broke off"):
        async with desk.read(PLACE, "/x", 0, 100) as content:
            assert [piece async for piece in content.pieces]
    await desk.close()


async def test_more_than_was_asked_for() -> None:
    head = {"path": "/x", "size": 1 << 40, "from": 0, "version": "1", "body": 1 << 40}
    desk = impostor(saying(head))
    with pytest.raises(GuestError, match="more than"):
        async with desk.read(PLACE, "/x", 0, 100):
            pass
    await desk.close()


async def test_matches_without_end() -> None:
    match = {"path": "/x", "line": 1, "at": 0, "column": 0, "length": 1, "text": "x", "before": 0}
    desk = impostor(saying(*([match] * 6000)))
    with pytest.raises(GuestError, match="more than"):
        assert [each async for each in desk.search(PLACE, Wish(path="/", text="x"))]
    await desk.close()


@pytest.mark.parametrize(
    ("code", "known"),
    [("no-file", "no-file"), ("denied", "denied"), ("made-up", "guest"), (7, "guest"), (None, "guest")],
)
async def test_what_a_machine_says_no_to(code: object, known: str) -> None:
    desk = impostor(saying({"error": "no\x1b[31m\n" + "x" * 5000, "code": code}))
    with pytest.raises(LabyardError) as raised:
        await desk.stat(PLACE, "/")
    assert raised.value.code == known and raised.value.message.isprintable() and len(raised.value.message) <= 500
    await desk.close()
