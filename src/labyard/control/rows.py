"""An owner's rows: found, looked at, changed. What people ask of plays goes through here; nobody is waited for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from labyard.control.changes import Changes
from labyard.control.diary import Deed, happened
from labyard.control.forecast import Forecast
from labyard.control.queue import Queue
from labyard.control.reconciler import Reconciler
from labyard.errors import ConflictError, NotFoundError
from labyard.play.status import PlayState
from labyard.store.plays import Desired, PlayRow, PlayStore, StaleError

PLAY_ID = re.compile(r"[0-9a-f]{24}")
_CHANGE_TRIES = 20

Change = Callable[[PlayRow, datetime], PlayRow]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayView:
    """A row, and its place in the queue (from 1) while it waits for its first start; then `forecast` says how long."""

    row: PlayRow
    place: int | None
    now: datetime
    forecast: Forecast = Forecast()  # noqa: RUF009 - frozen


class Rows:
    def __init__(
        self,
        store: PlayStore,
        reconciler: Reconciler,
        changes: Changes,
        queue: Queue | None,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        """`queue` None: who waits is told their place alone."""
        self._store = store
        self._queue = queue
        self._reconciler = reconciler
        self._changes = changes
        self._clock = clock

    async def row(self, owner: str | None, play_id: str) -> PlayRow:
        """NotFoundError also for another owner's play: ids are not told. `owner` None: whoever's it is."""
        if PLAY_ID.fullmatch(play_id) is None:
            raise NotFoundError(f"{play_id[:64]!r} is not the id of a play", hint="ids are 24 characters of 0-9a-f")
        row = await self._store.get(play_id)
        if owner is not None and row.owner != owner:
            raise NotFoundError(f"no play {play_id}")
        return row

    async def view(self, row: PlayRow, *, foresee: bool = True) -> PlayView:
        """`foresee` False: without how long it waits, which takes a look at all others."""
        waiting = row.state is PlayState.CREATED and row.desired is Desired.RUNNING
        if not waiting:
            return PlayView(row=row, place=None, now=self._clock())
        forecast = Forecast() if self._queue is None or not foresee else await self._queue.forecast(row.id)
        return PlayView(row=row, place=await self._store.place(row), now=self._clock(), forecast=forecast)

    async def add(self, row: PlayRow, deed: Deed) -> PlayView:
        await self._store.insert(row, (deed.told(row.id, row.created_at),))
        self._reconciler.poke(row.id)
        return await self.view(row, foresee=False)

    async def change(self, owner: str | None, play_id: str, change: Change, deed: Deed | None = None) -> PlayView:
        """`deed`: whose wish this is, for the diary; it is told when it changes anything."""
        for _ in range(_CHANGE_TRIES):
            row, now = await self.row(owner, play_id), self._clock()
            changed = change(row, now)
            if changed == row:
                return await self.view(row)
            asked = () if deed is None else (deed.told(play_id, now),)
            try:
                saved = await self._store.save(changed, now=now, told=(*asked, *happened(row, changed, now)))
            except StaleError:
                continue
            self._changes.tell(play_id)
            self._reconciler.poke(play_id)
            return await self.view(saved)
        raise ConflictError("this play is changing too fast", hint="try again")


def refuse_gone(row: PlayRow) -> None:
    if row.desired is Desired.DESTROYED:
        raise ConflictError("this play is being destroyed, or is gone")
