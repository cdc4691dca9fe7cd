"""The server as its client sees it, in this process: no start of a Python program in what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from labyard.cli.client import Api, opened
from labyard.cli.exits import RemoteError
from labyard.cli.plays import PlayView, Verdict, parse_play
from labyard.cli.target import Target
from labyard.cli.watch import follow
from tests.support.lab import Lab

PATIENCE = 180.0  # seconds; nothing here is a time limit of a test
TOO_MANY = 429


@asynccontextmanager
async def client(lab: Lab) -> AsyncIterator[Api]:
    token = (lab.data / "owner.token").read_text().strip()
    async with opened(Target(url=lab.url, token=token, data=lab.data)) as api:
        yield api


async def post(api: Api, request: dict[str, Any]) -> tuple[PlayView, float]:
    """A play that was asked for, and when (`time.perf_counter`). More than the server allows a minute wait before that."""
    while True:
        began = time.perf_counter()
        try:
            return parse_play(await api.post("/api/plays", {"safetyDisclaimerConsent": True, **request})), began
        except RemoteError as error:
            if error.status != TOO_MANY:
                raise
        await asyncio.sleep(1)


async def start(api: Api, request: dict[str, Any]) -> tuple[PlayView, float]:
    """A play that is ready, and the seconds from the request until its own socket said so."""
    play, began = await post(api, request)
    async with ready(api, play) as play:
        return play, time.perf_counter() - began


@asynccontextmanager
async def ready(api: Api, play: PlayView) -> AsyncIterator[PlayView]:
    """As its own socket tells it; the socket is closed with the block, so that this is no part of what is measured."""
    async with aclosing(follow(api, play)) as changes:
        async for play in changes:
            if play.verdict() is not Verdict.WAITING:
                break
        if play.verdict() is not Verdict.READY:
            raise RuntimeError(f"the play did not get ready: {play}")
        yield play


async def in_state(api: Api, play: PlayView, state: str) -> None:
    """Returns when its own socket says so."""
    async with asyncio.timeout(PATIENCE), aclosing(follow(api, play)) as changes:
        async for now in changes:
            if now.state == state:
                return


async def destroy(api: Api, play: PlayView) -> None:
    """Returns once it is gone from the server's list."""
    await api.act(play, "destroy")
    async with aclosing(follow(api, play)) as changes:
        async for now in changes:
            if now.verdict() is Verdict.ENDED or now.state == "DESTROYED":
                return
