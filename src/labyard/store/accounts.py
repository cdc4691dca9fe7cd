"""Accounts as they are made, whole or not at all; where mail reaches people; who another provider says they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from labyard.store.database import Database
from labyard.store.schema import emails, identities, invitations, passwords, users
from labyard.store.users import UserRow


@dataclass(frozen=True, kw_only=True, slots=True)
class NewAccount:
    """`email`: an address that is theirs for certain. `identity`: issuer and subject. `invitation`: the hash of one to use."""

    user: UserRow
    password: str | None = None
    email: str | None = None
    identity: tuple[str, str] | None = None
    invitation: str | None = None


class Refusal(StrEnum):
    """Why nothing was made."""

    HANDLE = "handle"
    EMAIL = "email"
    INVITATION = "invitation"
    IDENTITY = "identity"


class _RefusedError(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


class AccountStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, new: NewAccount, *, now: datetime) -> Refusal | None:
        """None: it is made, and one use of the invitation is gone."""
        try:
            await self._make(new, now)
        except _RefusedError as error:
            return error.refusal
        return None

    async def _make(self, new: NewAccount, now: datetime) -> None:
        owner = new.user.id
        async with self._database.begin() as connection:
            if new.invitation is not None:
                good = (invitations.c.hash == new.invitation) & (invitations.c.expires_at > now)
                use = update(invitations).where(good, invitations.c.uses > 0).values(uses=invitations.c.uses - 1)
                if await connection.change(use) != 1:
                    raise _RefusedError(Refusal.INVITATION)
            if not await connection.insert_new(users, **asdict(new.user)):
                raise _RefusedError(Refusal.HANDLE)
            if new.email is not None and not await connection.insert_new(emails, owner=owner, address=new.email):
                raise _RefusedError(Refusal.EMAIL)
            if new.identity is not None:
                issuer, subject = new.identity
                if not await connection.insert_new(identities, issuer=issuer, subject=subject, owner=owner):
                    raise _RefusedError(Refusal.IDENTITY)
            if new.password is not None:
                values = {"owner": owner, "hash": new.password, "changed_at": now}
                await connection.execute(insert(passwords).values(values))

    async def emails(self, owners: Sequence[str] | None = None) -> dict[str, str]:
        """Address by owner. `owners` None: everybody's."""
        query = select(emails.c.owner, emails.c.address)
        if owners is not None:
            query = query.where(emails.c.owner.in_(owners))
        found = (await self._database.read(query)).all()
        return {row.owner: row.address for row in found}

    async def by_email(self, address: str) -> str | None:
        query = select(emails.c.owner).where(emails.c.address == address)
        return (await self._database.read(query)).scalar_one_or_none()

    async def set_email(self, owner: str, address: str) -> bool:
        """Empty: none any more. False when it is somebody else's: then theirs stays what it was."""
        try:
            async with self._database.begin() as connection:
                await connection.execute(delete(emails).where(emails.c.owner == owner))
                if address and not await connection.insert_new(emails, owner=owner, address=address):
                    raise _RefusedError(Refusal.EMAIL)
        except _RefusedError:
            return False
        return True

    async def by_identity(self, issuer: str, subject: str) -> str | None:
        query = select(identities.c.owner).where(identities.c.issuer == issuer, identities.c.subject == subject)
        return (await self._database.read(query)).scalar_one_or_none()

    async def has_identity(self, owner: str) -> bool:
        query = select(identities.c.owner).where(identities.c.owner == owner)
        return (await self._database.read(query)).first() is not None

    async def join_identity(self, issuer: str, subject: str, owner: str) -> bool:
        """False when it is somebody's already."""
        async with self._database.begin() as connection:
            return await connection.insert_new(identities, issuer=issuer, subject=subject, owner=owner)
