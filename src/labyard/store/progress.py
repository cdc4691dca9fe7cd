"""Rows of who tried which lesson, and solved it. All writes can be repeated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Result, Select, delete, func, select, update

from labyard.store.database import Database, Transaction
from labyard.store.schema import attempts, progress


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRow:
    """One play of a lesson. `failed_at`: a task failed for good; `solved_at`: the first time that all of them passed."""

    play: str
    owner: str
    lesson: str
    started_at: datetime
    failed_at: datetime | None = None
    solved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressRow:
    """One learner and one lesson. `solved_at` is the platform's word, `completed_at` the learner's; both stay.

    `last_play` None: it was never played.
    """

    owner: str
    lesson: str
    started_at: datetime
    attempts: int = 0
    last_play: str | None = None
    solved_at: datetime | None = None
    completed_at: datetime | None = None


class Did(StrEnum):
    BEGAN = "began"
    SOLVED = "solved"
    COMPLETED = "completed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Something that a learner did with a lesson, and when."""

    lesson: str
    did: Did
    at: datetime


class ProgressStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, play: str, owner: str, lesson: str, *, now: datetime) -> None:
        """An attempt, counted once per play."""
        async with self._database.begin() as connection:
            if not await connection.insert_new(attempts, play=play, owner=owner, lesson=lesson, started_at=now):
                return
            await _ensure(connection, owner, lesson, now)
            counted = {"attempts": progress.c.attempts + 1, "last_play": play}
            await connection.execute(update(progress).where(*_mine(owner, lesson)).values(counted))

    async def solve(self, play: str, *, now: datetime) -> None:
        """All tasks of this attempt have passed. Without an attempt of this play nothing happens."""
        async with self._database.begin() as connection:
            if (owner_and_lesson := await _first_time(connection, play, "solved_at", now)) is None:
                return
            owner, lesson = owner_and_lesson
            unsolved = (*_mine(owner, lesson), progress.c.solved_at.is_(None))
            await connection.execute(update(progress).where(*unsolved).values(solved_at=now))

    async def fail(self, play: str, *, now: datetime) -> None:
        """A task of this attempt has failed for good."""
        async with self._database.begin() as connection:
            await _first_time(connection, play, "failed_at", now)

    async def complete(self, owner: str, lesson: str, *, now: datetime) -> None:
        """The learner says so."""
        async with self._database.begin() as connection:
            await _ensure(connection, owner, lesson, now)
            open_still = (*_mine(owner, lesson), progress.c.completed_at.is_(None))
            await connection.execute(update(progress).where(*open_still).values(completed_at=now))

    async def forget(self, owner: str) -> None:
        async with self._database.begin() as connection:
            for table in (attempts, progress):
                await connection.execute(delete(table).where(table.c.owner == owner))

    async def of(self, owner: str) -> dict[str, ProgressRow]:
        """By lesson."""
        return _by_lesson(await self._database.read(_of(owner)))

    async def of_and_totals(self, owner: str) -> tuple[dict[str, ProgressRow], dict[str, tuple[int, int]]]:
        """What `of` tells; and by lesson, how often everybody tried, and how many solved or completed it."""
        done = func.count(func.coalesce(progress.c.solved_at, progress.c.completed_at))
        tried = func.sum(progress.c.attempts).label("tried")
        totals = select(progress.c.lesson, tried, done.label("done")).group_by(progress.c.lesson)
        mine, everybodys = await self._database.read_all(_of(owner), totals)
        counted = {each["lesson"]: (int(each["tried"]), int(each["done"])) for each in everybodys.mappings()}
        return _by_lesson(mine), counted

    async def attempts(self, owner: str, lesson: str, *, most: int = 100) -> list[AttemptRow]:
        """Newest first."""
        query = select(attempts).where(attempts.c.owner == owner, attempts.c.lesson == lesson)
        query = query.order_by(attempts.c.started_at.desc(), attempts.c.play).limit(most)
        return [AttemptRow(**each) for each in (await self._database.read(query)).mappings()]

    async def steps(self, owner: str) -> list[Step]:
        """Everything the learner ever began, solved (each attempt once) or completed, newest first."""
        tried = select(attempts.c.lesson, attempts.c.started_at, attempts.c.solved_at).where(attempts.c.owner == owner)
        said = select(progress.c.lesson, progress.c.completed_at)
        done = said.where(progress.c.owner == owner, progress.c.completed_at.is_not(None))
        begun, completed = await self._database.read_all(tried, done)
        steps: list[Step] = []
        for each in begun.mappings():
            steps.append(Step(lesson=each["lesson"], did=Did.BEGAN, at=each["started_at"]))
            if each["solved_at"] is not None:
                steps.append(Step(lesson=each["lesson"], did=Did.SOLVED, at=each["solved_at"]))
        for each in completed.mappings():
            steps.append(Step(lesson=each["lesson"], did=Did.COMPLETED, at=each["completed_at"]))
        return sorted(steps, key=lambda step: step.at, reverse=True)


def _of(owner: str) -> Select[tuple[object, ...]]:
    return select(progress).where(progress.c.owner == owner)


def _by_lesson(found: Result[tuple[object, ...]]) -> dict[str, ProgressRow]:
    return {each["lesson"]: ProgressRow(**each) for each in found.mappings()}


def _mine(owner: str, lesson: str) -> Iterable[ColumnElement[bool]]:
    return progress.c.owner == owner, progress.c.lesson == lesson


async def _ensure(connection: Transaction, owner: str, lesson: str, now: datetime) -> None:
    await connection.insert_new(progress, owner=owner, lesson=lesson, started_at=now, attempts=0)


async def _first_time(connection: Transaction, play: str, column: str, now: datetime) -> tuple[str, str] | None:
    """Write down when it happened, unless that was done. Whose attempt it is and at what, the first time."""
    unset = (attempts.c.play == play, attempts.c[column].is_(None))
    changed = update(attempts).where(*unset).values({column: now}).returning(attempts.c.owner, attempts.c.lesson)
    found = (await connection.execute(changed)).mappings().first()
    return None if found is None else (found["owner"], found["lesson"])
