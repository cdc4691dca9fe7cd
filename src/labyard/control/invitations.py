"""Invitations: a link by which somebody makes an account of a role that an admin chose."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from labyard.control.access import Access, digest
from labyard.control.accounts import Accounts
from labyard.control.mail_address import mail_address
from labyard.control.people import People
from labyard.control.refusals import BadRequestError, TooManyError
from labyard.control.roles import Right, Role
from labyard.errors import ConflictError, NotFoundError
from labyard.store.accounts import NewAccount
from labyard.store.invitations import InvitationRow, InvitationStore

MOST: Final = 1000
"""Of admins; and as many of those that sign-up makes."""
HOUSE: Final = ""
"""Who makes those of sign-up."""
MOST_USES: Final = 1000
MOST_DAYS: Final = 365


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """`email` empty: for whoever has the link."""

    role: str = Role.LEARNER.value
    email: str = ""
    uses: int = 1
    life: timedelta = timedelta(days=7)


class Invitations:
    def __init__(
        self,
        store: InvitationStore,
        accounts: Accounts,
        people: People,
        access: Access,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._people = people
        self._access = access
        self._clock = clock

    async def list(self) -> list[InvitationRow]:
        """Those that are good, oldest first."""
        return await self._store.list(now=self._clock())

    async def make(self, made_by: str, wish: Wish) -> tuple[InvitationRow, str]:
        """It and its secret, which is not kept. BadRequestError; ConflictError for somebody's address; TooManyError."""
        email = mail_address(wish.email) if wish.email else ""
        _check(wish)
        if email and await self._accounts.by_email(email) is not None:
            raise ConflictError("there is an account with this e-mail address already", hint="`labyard user list`")
        now = self._clock()
        alike = [each for each in await self._store.list(now=now) if (each.made_by == HOUSE) is (made_by == HOUSE)]
        if len(alike) >= MOST:
            raise TooManyError(f"there are {MOST} invitations", hint="remove some: `labyard user invitations`")
        secret = secrets.token_urlsafe(32)
        row = InvitationRow(
            id=secrets.token_hex(12),
            hash=digest(secret),
            role=wish.role,
            email=email,
            uses=wish.uses,
            made_by=made_by,
            created_at=now,
            expires_at=now + wish.life,
        )
        await self._store.add(row, now=now)
        return row, secret

    async def remove(self, invitation_id: str) -> None:
        """NotFoundError."""
        if not await self._store.remove(invitation_id):
            raise NotFoundError(f"there is no invitation {invitation_id[:64]!r}", hint="`labyard user invitations`")

    async def look(self, secret: str) -> InvitationRow:
        """NotFoundError when it was used up, is too old or never was, or who made it may not invite any more."""
        row = await self._store.find(digest(secret), now=self._clock())
        if row is None or not (row.made_by == HOUSE or await self._access.may(row.made_by, Right.OPERATE)):
            raise NotFoundError("this invitation was used before, or is too old")
        return row

    async def accept(self, secret: str, handle: str, name: str, password: str) -> str:
        """The secret of the new account's first session. NotFoundError, BadRequestError, ConflictError."""
        row = await self.look(secret)
        user = await self._people.drafted(handle, name, row.role)
        hashed = await self._accounts.hashed(password, name=handle)
        new = NewAccount(user=user, password=hashed, email=row.email or None, invitation=row.hash)
        return await self._accounts.make(new)


def _check(wish: Wish) -> None:
    if wish.role not in set(Role):
        raise BadRequestError(f"there is no role {wish.role[:64]!r}", hint=", ".join(Role))
    if not 0 < wish.uses <= MOST_USES:
        raise BadRequestError(f"an invitation is good 1 to {MOST_USES} times")
    if not timedelta() < wish.life <= timedelta(days=MOST_DAYS):
        raise BadRequestError(f"an invitation lives 1 to {MOST_DAYS} days")
    if wish.email and wish.uses != 1:
        raise BadRequestError("an invitation for an e-mail address is good once")
