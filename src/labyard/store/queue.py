"""Who has room on the box and who waits for it, without what takes long to read; and how long starts took lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import or_, select

from labyard.play.plan import PlayPlan
from labyard.play.status import PlayState
from labyard.store.database import Database
from labyard.store.plays import Desired
from labyard.store.schema import plays

_WITH_ROOM = (PlayState.STARTING, PlayState.RUNNING, PlayState.STOPPING, PlayState.FAILED, PlayState.DESTROYING)
_AT_ONCE = 500  # ids in one question


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """`max_play_time` in seconds, None: no end. `expires_at` None: its time has not begun, or never ends."""

    id: str
    state: PlayState
    state_at: datetime
    desired: Desired
    desired_at: datetime
    max_play_time: int | None
    persistent: bool
    expires_at: datetime | None


_SHOWN = tuple(plays.c[name] for name in Standing.__slots__)


class QueueStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self) -> list[Standing]:
        """All that may have memory of the box, or wait for it, in the order in which they were asked for."""
        waiting = (plays.c.state == PlayState.CREATED) & (plays.c.desired == Desired.RUNNING)
        query = select(*_SHOWN).where(or_(plays.c.state.in_(_WITH_ROOM), waiting, plays.c.desired == Desired.RESTART))
        found = (await self._database.read(query.order_by(plays.c.created_at, plays.c.id))).mappings().all()
        return [
            Standing(**{**each, "state": PlayState(each["state"]), "desired": Desired(each["desired"])})
            for each in found
        ]

    async def plans(self, ids: Sequence[str]) -> dict[str, PlayPlan]:
        """Those of `ids` that are there."""
        told = {}
        for first in range(0, len(ids), _AT_ONCE):
            query = select(plays.c.id, plays.c.plan).where(plays.c.id.in_(ids[first : first + _AT_ONCE]))
            found = (await self._database.read(query)).all()
            told.update({row.id: PlayPlan.model_validate_json(row.plan) for row in found})
        return told

    async def starts(self, *, most: int) -> list[timedelta]:
        """How long the newest plays took from the host's yes until they ran, at most `most` of them."""
        query = select(plays.c.events).where(plays.c.state != PlayState.CREATED)
        found = (await self._database.read(query.order_by(plays.c.created_at.desc()).limit(most))).scalars().all()
        return [
            datetime.fromisoformat(after["at"]) - datetime.fromisoformat(before["at"])
            for events in found
            for before, after in pairwise(events)
            if before["state"] == PlayState.STARTING and after["state"] == PlayState.RUNNING
        ]
