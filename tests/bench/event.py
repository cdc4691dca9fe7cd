"""Where a start ends: a key that a guest's shell echoes, a program that was run. As a page and a client get there."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from labyard.cli.client import Api
from labyard.cli.plays import PlayView
from tests.bench.client import PATIENCE, destroy, post, ready

_LETTERS = "BCDFGHJKLMNPQRTVWXZ"
FIRST_TERMINAL = "term-1"

Event = Callable[[Api, PlayView], Awaitable[None]]


async def key(api: Api, play: PlayView) -> None:
    """A key is echoed in the first terminal of the first machine."""
    await _key(api, play.id, play.machine(None))


async def prompt(api: Api, play: PlayView) -> None:
    """The first terminal of the first machine shows a prompt, if only because it was there before."""
    async with asyncio.timeout(PATIENCE):
        path = f"/api/plays/{play.id}/machines/{play.machine(None)}/terminals/{FIRST_TERMINAL}"
        async with api.socket(path) as socket:
            heard = b""
            while b"$" not in heard:
                message = await socket.recv()
                heard += message if isinstance(message, bytes) else b""


async def keys(api: Api, play: PlayView) -> None:
    """... of every machine."""
    await asyncio.gather(*(_key(api, play.id, machine.name) for machine in play.machines))


async def _key(api: Api, play: str, machine: str) -> None:
    """Three capitals that nobody has seen yet, so that what was on the screen before cannot be taken for their echo."""
    word = "".join(secrets.choice(_LETTERS) for _ in range(3)).encode()
    async with asyncio.timeout(PATIENCE):
        async with api.socket(f"/api/plays/{play}/machines/{machine}/terminals/{FIRST_TERMINAL}") as socket:
            await socket.send(word)
            heard = b""
            while word not in heard:
                message = await socket.recv()
                if isinstance(message, str):
                    raise RuntimeError(f"{machine} has no terminal: {message}")
                heard += message


def program(*argv: str) -> Event:
    """A program was run in the first machine, with success."""

    async def event(api: Api, play: PlayView) -> None:
        await run(api, play, argv)

    return event


async def run(api: Api, play: PlayView, argv: Sequence[str], *, machine: str | None = None) -> str:
    """What a program of root's prints. RuntimeError when it fails."""
    out = b""
    async with asyncio.timeout(PATIENCE):
        async with api.socket(f"/api/plays/{play.id}/machines/{play.machine(machine)}/exec") as socket:
            await socket.send(json.dumps({"op": "exec", "argv": list(argv), "user": "root"}))
            await socket.send(json.dumps({"eof": True}))
            async for message in socket:
                if isinstance(message, str):
                    told = json.loads(message)
                    if "result" not in told or told["result"]["exit_code"] != 0:
                        raise RuntimeError(f"{argv} failed: {told} {out.decode(errors='replace')}")
                    break
                out += message[1:]
    return out.decode(errors="replace")


async def started(api: Api, request: dict[str, Any], event: Event) -> tuple[PlayView, float]:
    """A new play, and the seconds from the request for it until the event."""
    return await reached(api, *await post(api, request), event)


async def reached(api: Api, play: PlayView, began: float, event: Event) -> tuple[PlayView, float]:
    """The seconds since `began` until the play was told as running and then the event came."""
    async with ready(api, play) as play:
        await event(api, play)
        return play, time.perf_counter() - began


async def once(api: Api, request: dict[str, Any], event: Event) -> float:
    """Seconds to the event; the play is gone again when this returns."""
    play, taken = await started(api, request, event)
    await destroy(api, play)
    return taken
