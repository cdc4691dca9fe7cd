"""Lessons as a learner meets them: what there is, how far they are, and the plays of it."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from weakref import WeakValueDictionary

from labyard.content.library import PLURALS, Entry, Library, Origin
from labyard.content.model import Played
from labyard.control.lesson_key import CHALLENGE, TUTORIAL, LessonKey
from labyard.control.planning import NewPlay
from labyard.control.plays import Plays
from labyard.control.progress import Progress
from labyard.control.rows import PlayView
from labyard.errors import ConflictError
from labyard.play.status import PlayState
from labyard.store.progress import ProgressRow

_ENDING = (PlayState.FAILED, PlayState.STOPPED, PlayState.DESTROYING, PlayState.DESTROYED)


class Status(StrEnum):
    TODO = "todo"
    ATTEMPTED = "attempted"
    SOLVED = "solved"  # the platform's word
    COMPLETED = "completed"  # the learner's


@dataclass(frozen=True, kw_only=True, slots=True)
class LessonView:
    """One piece of content for one learner. `play`: theirs that runs. `attempts`, `completions`: of everybody."""

    entry: Entry
    progress: ProgressRow | None
    play: PlayView | None
    attempts: int = 0
    completions: int = 0

    @property
    def kind(self) -> str:
        return PLURALS[self.entry.plural]

    @property
    def status(self) -> Status | None:
        """None for kinds that are not tried by themselves."""
        if self.kind not in (CHALLENGE, TUTORIAL):
            return None
        row = self.progress
        if row is None:
            return Status.TODO
        if self.kind == CHALLENGE:
            return Status.SOLVED if row.solved_at is not None else Status.ATTEMPTED
        return Status.COMPLETED if row.completed_at is not None else Status.ATTEMPTED


class Lessons:
    def __init__(self, library: Library, plays: Plays, progress: Progress) -> None:
        self.library = library
        self._plays = plays
        self._progress = progress
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def list(self, owner: str, plural: str) -> list[LessonView]:
        """All of a kind, by name; NotFoundError for a kind there is not."""
        entries = await asyncio.to_thread(self.library.entries, plural)
        known, totals = await self._progress.of_and_totals(owner)
        plays = {view.row.plan.lesson: view for view in reversed(await self.running(owner))}
        return [_view(entry, known, totals, plays) for entry in entries]

    async def get(self, owner: str, plural: str, name: str) -> LessonView:
        """NotFoundError when there is none of that name."""
        entry = await asyncio.to_thread(self.library.entry, plural, name)
        known, totals = await self._progress.of_and_totals(owner)
        plays = {view.row.plan.lesson: view for view in await self.running(owner, str(_key(entry)))}
        return _view(entry, known, totals, plays)

    async def start(self, owner: str, key: LessonKey, parameters: Mapping[str, str], *, cold: bool = False) -> PlayView:
        """The learner's play of it that runs, else a new one. What `Plays.create` raises."""
        async with self._alone(owner, key):
            for view in await self.running(owner, str(key)):
                return view
            return await self._plays.create(owner, NewPlay(lesson=str(key), parameters=parameters, cold=cold))

    async def stop(self, owner: str, key: LessonKey) -> PlayView | None:
        """End their plays of it, and tell of the newest; what they asked to be kept is only stopped."""
        ended: PlayView | None = None
        async with self._alone(owner, key):
            for view in await self._plays.of_lesson(owner, str(key)):
                kept = view.row.persistent and view.row.state is PlayState.RUNNING
                last = await (self._plays.stop if kept else self._plays.destroy)(owner, view.row.id)
                ended = ended or last
        return ended

    async def complete(self, owner: str, key: LessonKey) -> None:
        """The learner is done with a tutorial. ConflictError for what only its checks can complete."""
        if key.kind != TUTORIAL:
            raise ConflictError(f"a {key.kind} is solved when its checks pass; nobody can say so instead")
        entry = await asyncio.to_thread(self.library.entry, key.plural, key.name)
        refuse_preview(entry)
        if not isinstance(entry.content, Played) or entry.content.playground is None:
            raise ConflictError(f"{entry.name} is only read: it has no playground", hint="there is nothing to complete")
        await self._progress.complete(owner, str(key))

    async def running(self, owner: str, lesson: str | None = None) -> builtins.list[PlayView]:
        """Newest first; those that have failed or are on their way out are not worth going on with."""
        return [view for view in await self._plays.of_lesson(owner, lesson) if view.row.state not in _ENDING]

    @asynccontextmanager
    async def _alone(self, owner: str, key: LessonKey) -> AsyncIterator[None]:
        """Two who start it at the same time get the same play."""
        lock = self._locks.setdefault((owner, str(key)), asyncio.Lock())
        async with lock:
            yield


def refuse_preview(entry: Entry) -> None:
    if entry.origin is Origin.PREVIEW:
        raise ConflictError("a preview keeps no progress", hint="`labyard content push` puts the lesson in the catalog")


def _key(entry: Entry) -> LessonKey:
    return LessonKey(PLURALS[entry.plural], entry.name)


def _view(
    entry: Entry,
    known: Mapping[str, ProgressRow],
    totals: Mapping[str, tuple[int, int]],
    plays: Mapping[str, PlayView],
) -> LessonView:
    key = str(_key(entry))
    attempts, completions = totals.get(key, (0, 0))
    return LessonView(
        entry=entry, progress=known.get(key), play=plays.get(key), attempts=attempts, completions=completions
    )
