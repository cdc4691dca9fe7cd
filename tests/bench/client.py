"""The server as its client sees it, in this process: no start of a Python program in what is measured."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from labyard.cli.client import Api, opened
from labyard.cli.plays import PlayView, Verdict, parse_play
from labyard.cli.target import Target
from labyard.cli.watch import follow
from tests.support.lab import Lab

PATIENCE = 180.0  # seconds; nothing here is a time limit of a test


@asynccontextmanager
async def client(lab: Lab) -> AsyncIterator[Api]:
    token = (lab.data / "owner.token").read_text().strip()
    async with opened(Target(url=lab.url, token=token, data=lab.data)) as api:
        yield api


async def start(api: Api, request: dict[str, Any]) -> tuple[PlayView, float]:
    """A play that is ready, and the seconds from the request until its own socket said so."""
    began = time.perf_counter()
    play = parse_play(await api.post("/api/plays", {"safetyDisclaimerConsent": True, **request}))
    async with aclosing(follow(api, play)) as changes:
        async for play in changes:
            if play.verdict() is not Verdict.WAITING:
                break
    taken = time.perf_counter() - began
    if play.verdict() is not Verdict.READY:
        raise RuntimeError(f"the play did not get ready: {play}")
    return play, taken


async def destroy(api: Api, play: PlayView) -> None:
    """Returns once it is gone from the server's list."""
    await api.act(play, "destroy")
    async with aclosing(follow(api, play)) as changes:
        async for now in changes:
            if now.verdict() is Verdict.ENDED or now.state == "DESTROYED":
                return
