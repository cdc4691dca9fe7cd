"""Rows of people who have an account. Who owns the box has none: a file's token shows who that is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from labyard.store.database import Database
from labyard.store.schema import emails, identities, password_links, passwords, sessions, signin_links, tokens, users


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRow:
    """`id`: whose their plays say they are, never given twice. `handle`: what people call them, free when they are gone.

    `role`: a word of `control.roles.Role`. `disabled_at` None: they may come in.
    """

    id: str
    handle: str
    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None = None


class UserStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: UserRow) -> bool:
        """False when there is one of that handle."""
        async with self._database.begin() as connection:
            return await connection.insert_new(users, **asdict(row))

    async def get(self, user_id: str) -> UserRow | None:
        found = (await self._database.read(select(users).where(users.c.id == user_id))).mappings().first()
        return None if found is None else UserRow(**found)

    async def called(self, handle: str) -> UserRow | None:
        found = (await self._database.read(select(users).where(users.c.handle == handle))).mappings().first()
        return None if found is None else UserRow(**found)

    async def list(self) -> list[UserRow]:
        found = (await self._database.read(select(users).order_by(users.c.handle))).mappings().all()
        return [UserRow(**each) for each in found]

    async def change(self, row: UserRow) -> bool:
        """False when there is none of that id."""
        values = asdict(row)
        del values["id"], values["handle"], values["created_at"]
        async with self._database.begin() as connection:
            return await connection.change(update(users).where(users.c.id == row.id).values(values)) == 1

    async def shut_out(self, user_id: str) -> None:
        """All that lets them in is forgotten: tokens, sessions, links. Their password stays, and opens nothing meanwhile."""
        async with self._database.begin() as connection:
            for table in (tokens, sessions, signin_links, password_links):
                await connection.execute(delete(table).where(table.c.owner == user_id))

    async def remove(self, user_id: str) -> None:
        """With their password, address and identities."""
        async with self._database.begin() as connection:
            for table in (passwords, emails, identities):
                await connection.execute(delete(table).where(table.c.owner == user_id))
            await connection.execute(delete(users).where(users.c.id == user_id))
