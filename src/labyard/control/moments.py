"""Moments of a play: snapshots under names, and going back to them. One at a time per play."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from labyard.control.policy import Policy
from labyard.control.refusals import BadRequestError, TooManyError
from labyard.control.rows import Rows, refuse_gone
from labyard.errors import ConflictError, NotFoundError
from labyard.hosts.contract import Host, SnapshotInfo
from labyard.play.status import PlayState
from labyard.store.plays import PlayRow

SNAPSHOT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_AT_REST = (PlayState.RUNNING, PlayState.STOPPED)

T = TypeVar("T")


class Moments:
    def __init__(self, rows: Rows, host: Host, policy: Policy) -> None:
        self._rows = rows
        self._host = host
        self._policy = policy
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(self, owner: str, play_id: str, name: str) -> SnapshotInfo:
        """Keep what it is now. BadRequestError for a name that is none, ConflictError for one that is taken."""
        _check_name(name)
        async with self._alone(play_id):
            refuse_unkept(await self._rows.row(owner, play_id), "snapshotted")
            taken = [each.name for each in await self._host.snapshots(play_id)]
            if name in taken:
                raise ConflictError(
                    f"this play has a snapshot {name} already", hint="take another name, or remove that one first"
                )
            if len(taken) >= self._policy.snapshots_at_most:
                raise TooManyError(f"this play has {len(taken)} snapshots already", hint="remove some")
            return await self.limited(self._host.snapshot(play_id, name))

    async def list(self, owner: str, play_id: str) -> list[SnapshotInfo]:
        """Oldest first; none of a play that is not on the host."""
        await self._rows.row(owner, play_id)
        try:
            return await self._host.snapshots(play_id)
        except NotFoundError:
            return []

    async def rewind(self, owner: str, play_id: str, name: str) -> PlayRow:
        """Make it what it was then. Whether it is to be restarted after is for the caller to see in the row."""
        async with self._alone(play_id):
            row = await self._rows.row(owner, play_id)
            refuse_unkept(row, "rewound")
            await self._check_there(play_id, name)
            await self.limited(self._host.rewind(play_id, name))
            return row

    async def remove(self, owner: str, play_id: str, name: str) -> None:
        async with self._alone(play_id):
            refuse_gone(await self._rows.row(owner, play_id))
            await self._check_there(play_id, name)
            await self.limited(self._host.remove_snapshot(play_id, name))

    async def save(self, owner: str, play_id: str) -> str:
        """The id of a copy that outlives the play."""
        async with self._alone(play_id):
            refuse_unkept(await self._rows.row(owner, play_id), "saved")
            return await self.limited(self._host.save(play_id))

    async def limited(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._policy.verb_limit.total_seconds()):
                return await call
        except TimeoutError:
            raise ConflictError("this took too long and was given up; nothing was changed", hint="try again") from None

    async def _check_there(self, play_id: str, name: str) -> None:
        try:
            names = [each.name for each in await self._host.snapshots(play_id)]
        except NotFoundError:
            names = []
        if name not in names:
            hint = f"it has {', '.join(names)}" if names else "it has none"
            raise NotFoundError(f"this play has no snapshot {name[:64]!r}", hint=hint)

    @asynccontextmanager
    async def _alone(self, play_id: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault(play_id, asyncio.Lock())
        async with lock:
            yield


def refuse_unkept(row: PlayRow, done: str) -> None:
    """ConflictError unless it runs or is stopped, also when it failed and its machines are stopped."""
    refuse_gone(row)
    stopped_after_failure = (
        row.state is PlayState.FAILED and row.report is not None and row.report.state is PlayState.STOPPED
    )
    if row.state not in _AT_REST and not stopped_after_failure:
        raise ConflictError(
            f"this play is {row.state}; it can be {done} when it is RUNNING or STOPPED",
            hint="stop it first" if row.state is PlayState.FAILED else "wait until it is",
        )


def _check_name(name: str) -> None:
    if SNAPSHOT_NAME.fullmatch(name) is None:
        raise BadRequestError(
            f"{name[:64]!r} is no name for a snapshot",
            hint="at most 63 small letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
        )
