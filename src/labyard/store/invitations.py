"""Rows of invitations. Only hashes of their links are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from labyard.store.database import Database
from labyard.store.schema import invitations


@dataclass(frozen=True, kw_only=True, slots=True)
class InvitationRow:
    """`uses`: how many accounts may still be made by it. `email` empty: for whoever has the link. `made_by`: an id."""

    id: str
    hash: str
    role: str
    email: str
    uses: int
    made_by: str
    created_at: datetime
    expires_at: datetime


class InvitationStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, row: InvitationRow, *, now: datetime) -> None:
        """And forget those that are over."""
        async with self._database.begin() as connection:
            await connection.execute(
                delete(invitations).where((invitations.c.expires_at <= now) | (invitations.c.uses < 1))
            )
            await connection.execute(insert(invitations).values(asdict(row)))

    async def list(self, *, now: datetime) -> list[InvitationRow]:
        """Those that are good, oldest first."""
        good = (invitations.c.expires_at > now) & (invitations.c.uses > 0)
        query = select(invitations).where(good).order_by(invitations.c.created_at, invitations.c.id)
        found = (await self._database.read(query)).mappings().all()
        return [InvitationRow(**each) for each in found]

    async def find(self, digest: str, *, now: datetime) -> InvitationRow | None:
        """One that is good, without using it."""
        good = (invitations.c.expires_at > now) & (invitations.c.uses > 0)
        query = select(invitations).where(invitations.c.hash == digest, good)
        found = (await self._database.read(query)).mappings().first()
        return None if found is None else InvitationRow(**found)

    async def remove(self, invitation_id: str) -> bool:
        """False when there is none."""
        gone = delete(invitations).where(invitations.c.id == invitation_id)
        async with self._database.begin() as connection:
            return await connection.change(gone) == 1
