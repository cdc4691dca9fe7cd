"""Following a play while it changes: over its socket, and by asking again where that fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from websockets.exceptions import WebSocketException

from labyard.cli.client import Api
from labyard.cli.exits import RemoteError, UnreachableError
from labyard.cli.plays import PlayView, Verdict, apply_message
from labyard.cli.progress import showing

_ASK_EVERY = 1.0  # seconds, without the socket
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
    """Follow until it is ready, or will not be."""
    return await until(api, play, lambda now: now.verdict() is not Verdict.WAITING, quiet=quiet)
