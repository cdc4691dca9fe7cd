"""Plays that wait for somebody: forked ahead, rehearsed, standing still. A start that finds one only has to wake it.

How many wait for which playground follows recent demand (`wanted`, pure). They cost memory but no processor, and go first
when room is needed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

import structlog

from labyard.engine.live_play import LivePlay
from labyard.engine.settings import EngineSettings
from labyard.errors import LabyardError
from labyard.play.plan import PlayPlan

log = structlog.get_logger(__name__)

REMEMBERED = 1800.0
"""Seconds a start is remembered: a playground that nobody asked for in that time has nobody waiting."""
RUSH = 60.0
"""Seconds in which several starts mean that more will follow."""
_LOOK_SECONDS = 1.0


class Demand(NamedTuple):
    """The plan that was started last under a key, and when it was started, newest last (seconds, monotonic)."""

    plan: PlayPlan
    starts: tuple[float, ...]


def wanted(demand: Mapping[str, Demand], now: float, *, each: int, most: int) -> dict[str, int]:
    """How many plays should wait for each key: one for what was asked for lately, one more for every start of a rush.

    Who was asked for last comes first when there is not room for all. Pure.
    """
    left, found = most, {}
    for key, (_, starts) in sorted(demand.items(), key=lambda item: item[1].starts[-1], reverse=True):
        if now - starts[-1] > REMEMBERED:
            continue
        rush = sum(now - start <= RUSH for start in starts)
        found[key] = min(each, left, max(1, rush))
        left -= found[key]
    return {key: count for key, count in found.items() if count}


class Waiting:
    """`make` forks a play of nobody's and lays it to rest, `end` ends one, `may` says whether there is time and room now."""

    def __init__(
        self,
        settings: EngineSettings,
        make: Callable[[PlayPlan, str], Awaitable[LivePlay]],
        end: Callable[[LivePlay], Awaitable[None]],
        may: Callable[[PlayPlan], bool],
    ) -> None:
        self._settings = settings
        self._make, self._end, self._may = make, end, may
        self._demand: dict[str, Demand] = {}
        self._here: dict[str, list[LivePlay]] = {}
        self._spoiled: list[LivePlay] = []
        self._news = asyncio.Event()

    def claim(self, key: str, plan: PlayPlan) -> LivePlay | None:
        """One that waits, no longer ours; None when none does. In either case the start is counted."""
        known = self._demand.get(key)
        starts = (*(known.starts if known else ()), time.monotonic())
        self._demand[key] = Demand(plan, starts[-self._settings.waiting_each - 1 :])
        self._news.set()
        plays = self._here.get(key, [])
        while plays:
            play = plays.pop(0)
            if play.at_rest:
                return play
            self._spoiled.append(play)
        return None

    async def run(self) -> None:
        """Make and end, one at a time, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._news.wait()
            self._news.clear()
            try:
                await self.even_out()
            except (LabyardError, OSError) as error:
                log.warning("who waits could not be evened out", why=str(error))

    async def even_out(self) -> None:
        """As many as are wanted. What cannot be made now is tried again when somebody asks, or later."""
        settings = self._settings
        aims = wanted(self._demand, time.monotonic(), each=settings.waiting_each, most=settings.waiting_most)
        while self._spoiled:
            await self._end(self._spoiled.pop())
        for key, plays in list(self._here.items()):
            while len(plays) > aims.get(key, 0):
                await self._end(plays.pop())
        for key, aim in aims.items():
            while len(self._here.get(key, ())) < aim and await self._add(key):
                pass

    async def _add(self, key: str) -> bool:
        plan = self._demand[key].plan
        if not self._may(plan):
            return False
        try:
            play = await self._make(plan, key)
        except (LabyardError, OSError, TimeoutError) as error:
            log.warning("no play waits", playground=plan.playground, why=str(error))
            return False
        self._here.setdefault(key, []).append(play)
        return True

    async def make_room(self) -> None:
        """All go."""
        plays = [play for waiting in self._here.values() for play in waiting]
        self._here.clear()
        await asyncio.gather(*(self._end(play) for play in plays))
