"""Rows of passwords, and of links that let somebody choose one. Only hashes are kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from labyard.store.database import Database, Transaction
from labyard.store.schema import password_links, passwords, sessions, signin_links


class PasswordStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, owner: str) -> str | None:
        query = select(passwords.c.hash).where(passwords.c.owner == owner)
        return (await self._database.read(query)).scalar_one_or_none()

    async def rehash(self, owner: str, *, old: str, new: str) -> None:
        """The same password, hashed as it is done today; nothing when it was changed meanwhile."""
        change = update(passwords).where(passwords.c.owner == owner, passwords.c.hash == old).values(hash=new)
        async with self._database.begin() as connection:
            await connection.execute(change)

    async def put(self, owner: str, hashed: str, *, now: datetime, keep: str | None = None) -> None:
        """A new password, and the end of all that was let in before, but for the session whose hash is `keep`."""
        async with self._database.begin() as connection:
            await _put(connection, owner, hashed, now=now, keep=keep)

    async def put_by_link(self, digest: str, hashed: str, *, now: datetime) -> str | None:
        """The same by a link, which is used up; its owner. None: it is no link, or too old. All of it or nothing."""
        taken = delete(password_links).where(password_links.c.hash == digest, password_links.c.expires_at > now)
        async with self._database.begin() as connection:
            owner = (await connection.execute(taken.returning(password_links.c.owner))).scalar_one_or_none()
            if owner is not None:
                await _put(connection, owner, hashed, now=now)
            return owner

    async def add_link(self, digest: str, owner: str, *, now: datetime, expires_at: datetime) -> None:
        """Those of theirs that were not used end: the newest counts."""
        async with self._database.begin() as connection:
            gone = (password_links.c.owner == owner) | (password_links.c.expires_at <= now)
            await connection.execute(delete(password_links).where(gone))
            values = {"hash": digest, "owner": owner, "expires_at": expires_at}
            await connection.execute(insert(password_links).values(values))

    async def link_owner(self, digest: str, *, now: datetime) -> str | None:
        """Whose link it is, without using it up."""
        query = select(password_links.c.owner).where(password_links.c.hash == digest, password_links.c.expires_at > now)
        return (await self._database.read(query)).scalar_one_or_none()


async def _put(connection: Transaction, owner: str, hashed: str, *, now: datetime, keep: str | None = None) -> None:
    if not await connection.insert_new(passwords, owner=owner, hash=hashed, changed_at=now):
        change = update(passwords).where(passwords.c.owner == owner)
        await connection.execute(change.values(hash=hashed, changed_at=now))
    await connection.execute(delete(password_links).where(password_links.c.owner == owner))
    await connection.execute(delete(signin_links).where(signin_links.c.owner == owner))
    gone = delete(sessions).where(sessions.c.owner == owner)
    await connection.execute(gone if keep is None else gone.where(sessions.c.hash != keep))
