"""People with an account: made by an admin, let in by a link, shut out, removed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from labyard.control.access import OWNER, Access
from labyard.control.plays import Plays
from labyard.control.progress import Progress
from labyard.control.refusals import BadRequestError, TooManyError
from labyard.control.roles import Role
from labyard.errors import ConflictError, NotFoundError
from labyard.play.status import PlayState
from labyard.store.users import UserRow, UserStore

MOST: Final = 10_000
_HANDLE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_NAME_LIMIT = 200


class People:
    """They are called by their handles."""

    def __init__(
        self, store: UserStore, access: Access, plays: Plays, progress: Progress, *, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._access = access
        self._plays = plays
        self._progress = progress
        self._clock = clock

    async def list(self) -> list[UserRow]:
        return await self._store.list()

    async def get(self, handle: str) -> UserRow:
        """NotFoundError when there is no such person."""
        row = await self._store.called(handle)
        if row is None:
            raise NotFoundError(f"there is no user {handle[:64]!r}", hint="`labyard user list` says who there is")
        return row

    async def add(self, handle: str, name: str, role: str) -> UserRow:
        """BadRequestError for a handle that is none; ConflictError when it is taken."""
        row = await self.drafted(handle, name, role)
        if not await self._store.add(row):
            raise ConflictError(f"there is a user {handle!r} already")
        return row

    async def drafted(self, handle: str, name: str, role: str) -> UserRow:
        """What `add` would keep, not kept yet. BadRequestError; ConflictError for a name that nobody gets."""
        if not _HANDLE.fullmatch(handle):
            hint = "1 to 32 lower-case letters, digits and hyphens, as in `ada-1`"
            raise BadRequestError(f"{handle[:64]!r} cannot be the name of a user", hint=hint)
        if len(await self._store.list()) >= MOST:
            raise TooManyError(f"there are {MOST} users")
        if handle == OWNER:
            raise ConflictError(f"there is a user {handle!r} already")
        return UserRow(
            id=secrets.token_hex(12),
            handle=handle,
            name=_named(name or handle),
            role=_role(role),
            created_at=self._clock(),
        )

    async def change(self, handle: str, *, name: str | None, role: str | None, disabled: bool | None) -> UserRow:
        """`disabled`: whether they are shut out; what is theirs stays."""
        row = await self.get(handle)
        if name is not None:
            row = replace(row, name=_named(name))
        if role is not None:
            row = replace(row, role=_role(role))
        if disabled is not None:
            row = replace(row, disabled_at=(row.disabled_at or self._clock()) if disabled else None)
        if not await self._store.change(row):
            raise NotFoundError(f"there is no user {handle!r} any more")
        if row.disabled_at is not None:
            await self._store.shut_out(row.id)
        return row

    async def link(self, handle: str) -> str:
        """The secret of a link that lets them in, once. ConflictError for who is shut out."""
        row = await self.get(handle)
        if row.disabled_at is not None:
            raise ConflictError(f"{handle!r} is shut out", hint=f"`labyard user enable {handle}` lets them in again")
        return await self._access.new_link(row.id)

    async def remove(self, handle: str) -> int:
        """With all that is theirs; how many plays end. A cut on the way leaves somebody who is shut out."""
        row = await self.change(handle, name=None, role=None, disabled=True)
        ended = 0
        for view in await self._plays.list(row.id):
            if view.row.state is not PlayState.DESTROYED:
                await self._plays.destroy(row.id, view.row.id)
                ended += 1
        await self._progress.forget(row.id)
        await self._store.remove(row.id)
        return ended


def _named(name: str) -> str:
    if not name.isprintable() or not 0 < len(name) <= _NAME_LIMIT:
        raise BadRequestError(f"a name has 1 to {_NAME_LIMIT} printable characters")
    return name


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise BadRequestError(f"there is no role {word[:64]!r}", hint=", ".join(Role)) from None
