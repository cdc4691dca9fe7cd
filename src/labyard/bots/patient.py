"""A server that goes away for a while: it is asked again until it is back. Plays live on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from labyard.bots.lab import AwayError, Lab, Lesson, Playground, PlaySight, Ran, Room, Solution, TaskSight

T = TypeVar("T")


class PatientLab:
    """Any lab, with patience: `patience` seconds from the first call that found nobody, asking every `pause` seconds.

    `give_up()` ends all patience, for a server that is known not to come back.
    """

    def __init__(self, lab: Lab, *, patience: float = 120.0, pause: float = 1.0) -> None:
        self._lab = lab
        self._patience = patience
        self._pause = pause

    def give_up(self) -> None:
        self._patience = 0.0

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        now = asyncio.get_running_loop().time
        began: float | None = None
        while True:
            try:
                return await ask()
            except AwayError:
                began = now() if began is None else began
                if now() - began >= self._patience:
                    raise
            await asyncio.sleep(self._pause)

    async def playgrounds(self) -> list[Playground]:
        return await self._asked(self._lab.playgrounds)

    async def lessons(self) -> list[Lesson]:
        return await self._asked(self._lab.lessons)

    async def solutions(self, lesson: Lesson) -> list[Solution]:
        return await self._asked(lambda: self._lab.solutions(lesson))

    async def prepare(self, playground: str) -> None:
        await self._asked(lambda: self._lab.prepare(playground))

    async def start(self, kind: str, name: str, *, cold: bool, title: str) -> str:
        """A play whose answer was lost is found again by its title, which nobody else's has."""
        asked = False

        async def ask() -> str:
            nonlocal asked
            if asked:
                for play in await self._lab.plays():
                    if play.title == title:
                        return play.id
            asked = True
            return await self._lab.start(kind, name, cold=cold, title=title)

        return await self._asked(ask)

    async def play(self, play_id: str) -> PlaySight:
        return await self._asked(lambda: self._lab.play(play_id))

    async def plays(self) -> list[PlaySight]:
        return await self._asked(self._lab.plays)

    async def tasks(self, play_id: str) -> list[TaskSight]:
        return await self._asked(lambda: self._lab.tasks(play_id))

    async def exec(
        self,
        play_id: str,
        machine: str,
        argv: Sequence[str],
        *,
        user: str | None,
        timeout: float,
        take: Callable[[bytes], None],
    ) -> Ran:
        """Asked again only when it cannot have begun: what a script did half cannot be done twice."""

        async def ask() -> Ran | AwayError:
            try:
                return await self._lab.exec(play_id, machine, argv, user=user, timeout=timeout, take=take)
            except AwayError as error:
                if not error.begun:
                    raise
                return error

        ran = await self._asked(ask)
        if isinstance(ran, AwayError):
            raise ran
        return ran

    async def diary(self, play_id: str) -> dict[str, Any]:
        return await self._asked(lambda: self._lab.diary(play_id))

    async def console(self, play_id: str, machine: str) -> str:
        return await self._asked(lambda: self._lab.console(play_id, machine))

    async def destroy(self, play_id: str) -> None:
        await self._asked(lambda: self._lab.destroy(play_id))

    async def room(self) -> Room:
        return await self._asked(self._lab.room)
