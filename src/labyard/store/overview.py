"""Everybody's plays at a glance: the columns that a list shows, without plans and reports, which take long to read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from labyard.play.status import PlayState, Reason
from labyard.store.database import Database
from labyard.store.plays import Desired
from labyard.store.schema import plays, users


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayBrief:
    """`handle` of its owner: empty for who has no account, or none any more. `lesson`: empty, or which it is played for."""

    id: str
    owner: str
    handle: str
    playground: str
    title: str
    lesson: str
    state: PlayState
    reason: Reason | None
    detail: str
    created_at: datetime
    state_at: datetime
    expires_at: datetime | None
    persistent: bool
    bot: bool


_SHOWN = tuple(plays.c[name] for name in PlayBrief.__slots__ if name != "handle")


class OverviewStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def plays(self, *, ended: bool, most: int) -> list[PlayBrief]:
        """Newest first, at most `most`. `ended`: also those that were destroyed and are still remembered."""
        query = select(*_SHOWN, users.c.handle).outerjoin(users, users.c.id == plays.c.owner)
        if not ended:
            query = query.where(plays.c.state != PlayState.DESTROYED)
        query = query.order_by(plays.c.created_at.desc(), plays.c.id).limit(most)
        found = (await self._database.read(query)).mappings().all()
        return [
            PlayBrief(
                **{
                    **each,
                    "handle": each["handle"] or "",
                    "state": PlayState(each["state"]),
                    "reason": None if each["reason"] is None else Reason(each["reason"]),
                }
            )
            for each in found
        ]

    async def states(self) -> dict[PlayState, int]:
        """How many plays are in each state; those that are gone are forgotten after a while."""
        query = select(plays.c.state, func.count().label("count")).group_by(plays.c.state)
        found = (await self._database.read(query)).mappings().all()
        return {PlayState(each["state"]): each["count"] for each in found}

    async def waiting(self) -> int:
        """How many plays wait for their first start."""
        query = select(func.count()).select_from(plays)
        query = query.where(plays.c.state == PlayState.CREATED, plays.c.desired == Desired.RUNNING)
        return int((await self._database.read(query)).scalar_one())

    async def handles(self, ids: Collection[str]) -> dict[str, str]:
        """By id, of those who have an account."""
        query = select(users.c.id, users.c.handle).where(users.c.id.in_(ids))
        found = (await self._database.read(query)).all()
        return {row.id: row.handle for row in found}
