"""Following a play while it changes: over its socket, and by asking again where that fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from websockets.exceptions import WebSocketException

from labyard.cli.client import Api
from labyard.cli.exits import RemoteError, UnreachableError
from labyard.cli.plays import PlayView, Verdict, apply_message
from labyard.cli.progress import showing

_ASK_EVERY = 1.0  # seconds, without the socket
_LAST_WORDS = 3.0  # seconds
_PATIENCE = 30  # times: a server that is being restarted finds its plays again


async def follow(api: Api, play: PlayView) -> AsyncGenerator[PlayView]:
    """The play as it is, then after every change, for ever. Raises UnreachableError when the server stays away."""
    yield play
    missed = 0
    while True:
        try:
            async with aclosing(_socket(api, play)) as changes:
                async for play in changes:
                    missed = 0
                    yield play
        except (WebSocketException, RemoteError):
            pass  # an older server, or a proxy that lets no sockets through: ask instead
        except UnreachableError:
            missed += 1
        await asyncio.sleep(_ASK_EVERY)
        try:
            play = await api.play(play.id)
        except UnreachableError:
            missed += 1
            if missed > _PATIENCE:
                raise
            continue
        yield play


async def _socket(api: Api, play: PlayView) -> AsyncGenerator[PlayView]:
    told = await api.post(f"/api/plays/{play.id}/conns")
    async with api.socket(str(told["url"])) as connection:
        async for message in connection:
            content = json.loads(message)
            if isinstance(content, dict):
                play = apply_message(play, content)
                yield play


async def until(api: Api, play: PlayView, enough: Callable[[PlayView], bool], *, quiet: bool) -> PlayView:
    """Follow until it is enough, showing the way there."""
    with showing(quiet=quiet) as show:
        async with aclosing(follow(api, play)) as changes:
            async for play in changes:
                show(play)
                if enough(play):
                    break
    return play


async def until_ready(api: Api, play: PlayView, *, quiet: bool) -> PlayView:
    """Follow until it is ready, or will not be; then until it says why, which comes a moment after a task failed."""
    latest = play

    def enough(now: PlayView) -> bool:
        nonlocal latest
        latest = now
        if now.verdict() is not Verdict.FAILED or now.state == "FAILED":
            return now.verdict() is not Verdict.WAITING
        if patience.when() is None:
            patience.reschedule(asyncio.get_running_loop().time() + _LAST_WORDS)
        return False

    with suppress(TimeoutError):
        async with asyncio.timeout(None) as patience:
            await until(api, play, enough, quiet=quiet)
    return latest
