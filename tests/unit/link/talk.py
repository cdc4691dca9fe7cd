"""Short words for long conversations."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from labyard.machine.link import GuestLink
from labyard.play.streams import Channel, Exec, Request, Result, Stream

LIMIT = 20.0


class Said(NamedTuple):
    stdout: bytes
    stderr: bytes
    result: Result


async def listen(stream: Stream) -> Said:
    """All that comes until the end."""
    heard = {Channel.STDOUT: bytearray(), Channel.STDERR: bytearray()}
    async with asyncio.timeout(LIMIT):
        while (chunk := await stream.receive()) is not None:
            heard[chunk.channel] += chunk.data
        return Said(bytes(heard[Channel.STDOUT]), bytes(heard[Channel.STDERR]), await stream.result())


async def ask(link: GuestLink, request: Request) -> Said:
    return await listen(await link.open(request))


async def shell(link: GuestLink, script: str, **arguments: object) -> Said:
    return await ask(link, Exec.model_validate({"argv": ("sh", "-c", script), **arguments}))


async def until(stream: Stream, mark: bytes) -> bytes:
    """What comes up to and with the piece that completes `mark`."""
    heard = b""
    async with asyncio.timeout(LIMIT):
        while mark not in heard:
            chunk = await stream.receive()
            assert chunk is not None, f"the stream ended before {mark!r}: {heard[-400:]!r}"
            heard += chunk.data
    return heard


async def gone(pid: int) -> None:
    async with asyncio.timeout(LIMIT):
        while running(pid):  # noqa: ASYNC110 - nothing announces the end of another's child
            await asyncio.sleep(0.01)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
