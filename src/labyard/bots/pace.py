"""How many plays at once. People go first.

- Never more than the box has cores, and half of them where machines are emulated: there a machine that boots keeps a
  whole core busy with each of its processors, and checks with time limits would fail for want of it.
- Never more than fit the memory that is left, so that whoever comes next need not wait for room.
- One at a time while plays of others run or start.
- At least one: what does not fit waits in the server's own queue, behind people.

A number that was asked for (`--parallel 3`) is taken as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from labyard.bots.lab import Lab, Room
from labyard.bots.plays import Ours

_BUSY = frozenset({"CREATED", "WARMING_UP", "WARMED_UP", "STARTING", "RUNNING"})


def at_once(room: Room, *, running: int, others: int, need: int) -> int:
    """How many may run. `running`: ours now; `others`: of other people; `need`: bytes the next one takes. Pure."""
    if others:
        return 1
    by_cores = room.cpus // 2 if room.emulated else room.cpus
    by_memory = running + max(0, room.memory - room.memory_used) // max(1, need)
    return max(1, min(by_cores, by_memory))


class Pace:
    """Lets attempts begin. `fixed`: how many at once, None for as many as is polite. `look_every` in seconds."""

    def __init__(self, lab: Lab, ours: Ours, fixed: int | None, *, look_every: float = 5.0) -> None:
        self._lab = lab
        self._ours = ours
        self._fixed = fixed
        self._look_every = look_every
        self._running = 0
        self._freed = asyncio.Event()
        self._door = asyncio.Lock()

    @asynccontextmanager
    async def turn(self, need: int) -> AsyncIterator[None]:
        """Wait until one more may run, in the order of asking. `need`: bytes its play takes, about."""
        async with self._door:
            while self._running and self._running >= await self._allowed(need):
                await self._change()
            self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._freed.set()

    async def _allowed(self, need: int) -> int:
        if self._fixed is not None:
            return self._fixed
        plays = await self._lab.plays()
        others = sum(play.state in _BUSY and play.id not in self._ours for play in plays)
        return at_once(await self._lab.room(), running=self._running, others=others, need=need)

    async def _change(self) -> None:
        """Something ended, or it is time to look again: people come and go."""
        self._freed.clear()
        try:
            await asyncio.wait_for(self._freed.wait(), self._look_every)
        except TimeoutError:
            return
