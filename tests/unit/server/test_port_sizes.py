"""What ports carry is never held as a whole: a download of 200 MB, and a reader who stops."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from tests.support.program import listening
from tests.unit.server.conftest import House
from tests.unit.server.test_plays import started
from tests.unit.server.test_ports import opened

pytestmark = pytest.mark.slow

PIECE = b"x" * 65536
SIZE = 200_000_000 // len(PIECE) * len(PIECE)
AHEAD = 32 << 20
"""Bytes that may be on their way: buffers of two connections, which the kernel lets grow to some 6 MiB each end."""


class Made:
    """How much its program has made."""

    def __init__(self) -> None:
        self.bytes = 0

    async def answer(self, _: Request) -> Response:
        return StreamingResponse(self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        for _ in range(SIZE // len(PIECE)):
            self.bytes += len(PIECE)
            yield PIECE


def peak() -> int:
    """The most memory that this process had, in bytes, since `forget` (proc_pid_status(5))."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) << 10


def forget() -> None:
    Path("/proc/self/clear_refs").write_text("5")


async def test_a_download_takes_as_much_memory_as_is_on_its_way(house: House) -> None:
    made = Made()
    play = (await started(house))["id"]
    program = Starlette(routes=[Route("/", made.answer)])
    async with listening(house.host, 8080, program), opened(house, play) as door:
        await door.expose(access="public")
        await asyncio.to_thread(forget)
        before, taken = await asyncio.to_thread(peak), 0
        async with door.http.stream("GET", "/", headers={"Host": door.host}) as answer:
            async for piece in answer.aiter_raw():
                taken += len(piece)
                if taken == len(piece):
                    await halted(made)
                assert made.bytes - taken <= AHEAD
        assert taken == SIZE
        assert await asyncio.to_thread(peak) - before <= 2 * AHEAD


async def halted(made: Made) -> None:
    """The reader waits until the program does; it has not made much by then."""
    seen = -1
    while seen != made.bytes:
        seen = made.bytes
        await asyncio.sleep(0.5)
    assert seen <= AHEAD
