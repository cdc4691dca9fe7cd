"""The second line that ends a play whose time is up: the first is whoever started it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import structlog

from labyard.engine.live_play import LivePlay
from labyard.play.status import PlayState, Reason

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 0.5
_ALIVE: Final = (PlayState.STARTING, PlayState.RUNNING, PlayState.FAILED)


class Deadlines:
    """`plays`: all there are, by id, as they come and go."""

    def __init__(self, plays: Mapping[str, LivePlay]) -> None:
        self._plays = plays
        self._stopping: dict[str, asyncio.Task[None]] = {}

    async def watch(self) -> None:
        """Stop who is due, until cancelled."""
        try:
            while True:
                now = datetime.now(UTC)
                for play in list(self._plays.values()):
                    due = play.entry.deadline is not None and play.entry.deadline <= now
                    if due and play.report.state in _ALIVE and play.id not in self._stopping:
                        self._stopping[play.id] = asyncio.create_task(self._stop(play))
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            for each in self._stopping.values():
                each.cancel()

    async def _stop(self, play: LivePlay) -> None:
        try:
            await play.stop(Reason.EXPIRED)
        except Exception:
            log.exception("a play whose time is up was not stopped", play=play.id)
        finally:
            del self._stopping[play.id]
