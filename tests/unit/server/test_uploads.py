"""Uploads over real connections: cut, endless and silent ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.unit.server.conftest import TOKEN, House
from tests.unit.server.test_authoring import MINE, make, pushed, put_file, upload_url
from tests.unit.server.test_sockets import Served, served, until_true

__all__ = ["served"]  # a fixture


async def say(port: int, head: str, *body: bytes, cut: Callable[[], bool] | None = None) -> bytes:
    """Send a request as bytes; what is answered until the connection ends. `cut`: when to end it from here."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"{head}\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())
        for piece in body:
            writer.write(piece)
            await writer.drain()
        if cut is not None:
            await until_true(cut)
            return b""
        async with asyncio.timeout(10):
            return await reader.read(1 << 16)
    finally:
        writer.close()


def incoming(house: House) -> list[Path]:
    return list((house.services.authoring._own.root / ".incoming").glob("*"))


async def path_of(served: Served) -> str:
    return (await upload_url(served.house)).partition("lab.test")[2]


async def test_a_cut_upload_leaves_nothing(served: Served) -> None:
    house = served.house
    await make(house)
    await put_file(house, "a.bin", b"old")
    head = f"PUT {await path_of(served)} HTTP/1.1\r\nContent-Length: 1000000"
    await say(served.port, head, b"x" * 100_000, cut=lambda: any(path.stat().st_size for path in incoming(house)))
    await until_true(lambda: not incoming(house))
    assert pushed(house) == ["challenges/mine/a.bin"]
    assert (await house.http.get("/content/files/challenges/mine/a.bin")).content == b"old"


async def test_a_body_without_a_length_is_not_read(served: Served) -> None:
    await make(served.house)
    head = f"PUT {await path_of(served)} HTTP/1.1\r\nTransfer-Encoding: chunked"
    answer = await say(served.port, head, b"5\r\nhello\r\n")
    assert answer.startswith(b"HTTP/1.1 411 ") and b"Content-Length" in answer
    assert pushed(served.house) == []


async def test_a_body_that_stops_coming_is_given_up(served: Served) -> None:
    await make(served.house)
    for head in (
        f"PUT {await path_of(served)} HTTP/1.1\r\nContent-Length: 1000",
        "PUT /api/content/markdown HTTP/1.1\r\nTransfer-Encoding: chunked",
    ):
        answer = await say(served.port, head, b"5\r\nhello\r\n")
        assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert pushed(served.house) == [] and not incoming(served.house)


async def test_what_is_whole_arrives_in_pieces(served: Served) -> None:
    await make(served.house)
    head = f"PUT {await path_of(served)} HTTP/1.1\r\nConnection: close\r\nContent-Length: 3000000"
    answer = await say(served.port, head, *([b"x" * 100_000] * 30))
    assert answer.startswith(b"HTTP/1.1 200 ")
    (file,) = await served.house.services.authoring.files("challenges", MINE["name"])
    assert (file.path, file.size) == ("a.bin", 3_000_000)
