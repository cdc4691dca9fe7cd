"""Rows of plays."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, literal, or_, select, tuple_, update

from labyard.errors import ConflictError, NotFoundError
from labyard.play.plan import PlayPlan
from labyard.play.status import PlayReport, PlayState, Reason
from labyard.store.database import Database
from labyard.store.diary import DiaryEntry, read, write
from labyard.store.schema import diary, plays, ports


class Desired(StrEnum):
    """What should be. RESTART is RUNNING that the host has not been told of yet."""

    RUNNING = "running"
    RESTART = "restart"
    STOPPED = "stopped"
    DESTROYED = "destroyed"


class StaleError(ConflictError):
    """The row changed since it was read: read it again and decide anew."""

    code = "stale"


@dataclass(frozen=True, kw_only=True, slots=True)
class StateEvent:
    state: PlayState
    at: datetime
    error: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayRow:
    """One play as the database knows it.

    `state` is what its learner was last told, `desired` what should be, `report` what the host last said.
    `max_play_time` in seconds, None: no end. `expires_at` None: the time has not begun, or never ends.
    `origin`: the play it is forked from, None: it is started. `cold`: booted, though there may be a snapshot.
    `bot`: nobody learns here, so it counts for nobody.
    `version` grows with every write and guards it.
    """

    id: str
    owner: str
    playground: str
    title: str
    manifest_name: str
    plan: PlayPlan
    desired: Desired
    desired_at: datetime
    state: PlayState
    state_at: datetime
    events: tuple[StateEvent, ...]
    reason: Reason | None = None
    detail: str = ""
    report: PlayReport | None = None
    max_play_time: int | None = None
    origin: str | None = None
    cold: bool = False
    bot: bool = False
    persistent: bool = False
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    version: int = field(default=1)


_MEANT_TO_RUN = (Desired.RUNNING, Desired.RESTART)
_WAITING = (plays.c.state == PlayState.CREATED, plays.c.desired == Desired.RUNNING)


class PlayStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, row: PlayRow, told: Sequence[DiaryEntry] = ()) -> None:
        """`told`: what its diary says of it, written with it."""
        async with self._database.begin() as connection:
            await connection.execute(insert(plays).values(_columns(row)))
            await write(connection, told)

    async def get(self, play_id: str) -> PlayRow:
        found = (await self._database.read(select(plays).where(plays.c.id == play_id))).mappings().first()
        if found is None:
            raise NotFoundError(f"no play {play_id}", hint="`labyard playground list -a` shows all plays")
        return _row(found)

    async def list(self, *, owner: str | None = None) -> list[PlayRow]:
        query = select(plays).order_by(plays.c.created_at.desc(), plays.c.id)
        if owner is not None:
            query = query.where(plays.c.owner == owner)
        return [_row(found) for found in (await self._database.read(query)).mappings()]

    async def of_lessons(self, owner: str | None, lesson: str | None = None) -> builtins.list[PlayRow]:
        """Plays of a lesson (None: of all) that are meant to run, newest first: the owner's (None: everybody's), no bot's."""
        query = select(plays).where(plays.c.bot.is_(False), plays.c.desired.in_(_MEANT_TO_RUN))
        query = query if owner is None else query.where(plays.c.owner == owner)
        query = query.where(plays.c.lesson != "" if lesson is None else plays.c.lesson == lesson)
        found = await self._database.read(query.order_by(plays.c.created_at.desc(), plays.c.id))
        return [_row(each) for each in found.mappings()]

    async def lessons_kept(self) -> set[str]:
        """Lessons of plays, whoever's, that are not destroyed."""
        query = select(plays.c.lesson).where(plays.c.lesson != "", plays.c.state != PlayState.DESTROYED).distinct()
        return set((await self._database.read(query)).scalars())

    async def unsettled(self, *, now: datetime, old_before: datetime) -> Collection[str]:
        """Ids of plays that time alone may move: on the way, past their end, or at rest since `old_before`.

        Those that wait for their first start are not among them: `next_waiting` is the one whose turn it is.
        """
        at_rest = (PlayState.CREATED, PlayState.RUNNING, PlayState.STOPPED, PlayState.FAILED, PlayState.DESTROYED)
        query = select(plays.c.id).where(
            or_(
                plays.c.state.not_in(at_rest),
                plays.c.desired == Desired.RESTART,
                (plays.c.desired == Desired.DESTROYED) & (plays.c.state != PlayState.DESTROYED),
                (plays.c.desired == Desired.RUNNING) & (plays.c.expires_at <= now),
                plays.c.state.not_in((PlayState.CREATED, PlayState.RUNNING)) & (plays.c.state_at <= old_before),
            )
        )
        return set((await self._database.read(query)).scalars())

    async def next_waiting(self) -> str | None:
        """The play that waits longest for its first start."""
        query = select(plays.c.id).where(*_WAITING).order_by(plays.c.created_at, plays.c.id).limit(1)
        return (await self._database.read(query)).scalar_one_or_none()

    async def place(self, row: PlayRow) -> int:
        """Its place in the queue of those that wait for their first start, counted from 1."""
        earlier = tuple_(plays.c.created_at, plays.c.id) < tuple_(
            literal(row.created_at, plays.c.created_at.type), literal(row.id)
        )
        ahead: int = (
            await self._database.read(select(func.count()).select_from(plays).where(*_WAITING, earlier))
        ).scalar_one()
        return ahead + 1

    async def living(self) -> Collection[str]:
        """Ids of plays that are believed to be on a host."""
        gone = (PlayState.CREATED, PlayState.DESTROYED)
        return set((await self._database.read(select(plays.c.id).where(plays.c.state.not_in(gone)))).scalars())

    async def count(self, owner: str, *, since: datetime | None = None) -> int:
        """The owner's plays that are not destroyed; with `since`: those created from then on, gone or not."""
        query = select(func.count()).select_from(plays).where(plays.c.owner == owner)
        query = query.where(plays.c.state != PlayState.DESTROYED if since is None else plays.c.created_at >= since)
        number: int = (await self._database.read(query)).scalar_one()
        return number

    async def save(self, row: PlayRow, *, now: datetime, told: Sequence[DiaryEntry] = ()) -> PlayRow:
        """Write `row` over the version it was read as, and `told` into its diary. StaleError when somebody was faster."""
        new = replace(row, version=row.version + 1, updated_at=max(now, row.updated_at))
        changed = update(plays).where(plays.c.id == row.id, plays.c.version == row.version).values(_columns(new))
        async with self._database.begin() as connection:
            if await connection.change(changed) != 1:
                raise StaleError(f"play {row.id} changed meanwhile", hint="try again")
            await write(connection, told)
        return new

    async def note(self, *entries: DiaryEntry) -> None:
        """What happened to plays and changed no row."""
        async with self._database.begin() as connection:
            await write(connection, entries)

    async def diary(self, play_id: str) -> builtins.list[DiaryEntry]:
        """What happened to it, oldest first; as long as its row is there."""
        async with self._database.begin() as connection:
            return await read(connection, play_id)

    async def purge(self, play_id: str) -> None:
        async with self._database.begin() as connection:
            for table in (ports, diary):
                await connection.execute(delete(table).where(table.c.play == play_id))
            await connection.execute(delete(plays).where(plays.c.id == play_id))


def _columns(row: PlayRow) -> dict[str, Any]:
    columns = {name: getattr(row, name) for name in PlayRow.__slots__}
    columns["plan"] = row.plan.model_dump_json()
    columns["lesson"] = row.plan.lesson
    columns["report"] = None if row.report is None else row.report.model_dump_json()
    columns["events"] = [
        {"state": event.state.value, "at": event.at.isoformat(), "error": event.error} for event in row.events
    ]
    return columns


def _row(found: RowMapping) -> PlayRow:
    values = dict(found)
    del values["lesson"]  # so that plays can be found by it; the plan has it
    values["plan"] = PlayPlan.model_validate_json(found["plan"])
    values["report"] = None if found["report"] is None else PlayReport.model_validate_json(found["report"])
    values["events"] = tuple(
        StateEvent(state=PlayState(event["state"]), at=datetime.fromisoformat(event["at"]), error=bool(event["error"]))
        for event in found["events"]
    )
    values["desired"] = Desired(found["desired"])
    values["state"] = PlayState(found["state"])
    values["reason"] = None if found["reason"] is None else Reason(found["reason"])
    return PlayRow(**values)
