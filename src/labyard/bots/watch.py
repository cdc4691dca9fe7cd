"""Looking at a play again and again, while something else is done in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from labyard.bots.evidence import Evidence
from labyard.bots.lab import Lab, PlaySight, TaskSight

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A play and its tasks at one look."""

    play: PlaySight
    tasks: tuple[TaskSight, ...]


class Watch:
    """`look_every`, `note_every` in seconds: how often it looks, and how often it notes what did not change."""

    def __init__(self, lab: Lab, play_id: str, evidence: Evidence, *, look_every: float, note_every: float) -> None:
        self._lab = lab
        self._play_id = play_id
        self._evidence = evidence
        self._look_every = look_every
        self._note_every = note_every
        self._looked = asyncio.Condition()
        self._error: Exception | None = None
        self.seen: Seen | None = None

    async def run(self) -> None:
        """Until it is cancelled, or a look fails: then whoever waits is told why."""
        began = asyncio.get_running_loop().time()
        while self._error is None:
            try:
                play = await self._lab.play(self._play_id)
                tasks = tuple(await self._lab.tasks(self._play_id))
                self._evidence.note_tasks(tasks, asyncio.get_running_loop().time() - began, every=self._note_every)
                self.seen = Seen(play=play, tasks=tasks)
            except Exception as error:  # handed to whoever waits
                self._error = error
            async with self._looked:
                self._looked.notify_all()
            await asyncio.sleep(self._look_every)

    async def until(self, enough: Callable[[Seen], T | None]) -> T:
        """The first answer that is not None, asked at every look. Raises what a look raised."""
        async with self._looked:
            while True:
                if self._error is not None:
                    raise self._error
                if self.seen is not None and (answer := enough(self.seen)) is not None:
                    return answer
                await self._looked.wait()

    async def next(self) -> Seen:
        """What the next look finds."""
        before = self.seen
        return await self.until(lambda seen: seen if seen is not before else None)


@asynccontextmanager
async def watching(
    lab: Lab, play_id: str, evidence: Evidence, *, look_every: float, note_every: float
) -> AsyncIterator[Watch]:
    watch = Watch(lab, play_id, evidence, look_every=look_every, note_every=note_every)
    running = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
