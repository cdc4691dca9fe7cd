"""Rows of playgrounds and lessons that are somebody's: whose, and who else may."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import delete, select, update

from labyard.store.database import Database
from labyard.store.schema import pieces


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceRow:
    """`key`: `challenges/NAME`, `playgrounds/NAME`. `owner` empty: nobody's. `rules`: JSON; empty: as it says itself."""

    key: str
    owner: str = ""
    rules: str = ""


class PieceStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> PieceRow | None:
        found = (await self._database.read(select(pieces).where(pieces.c.key == key))).mappings().first()
        return None if found is None else PieceRow(**found)

    async def below(self, plural: str) -> dict[str, PieceRow]:
        """All of a kind, by key."""
        query = select(pieces).where(pieces.c.key.startswith(f"{plural}/", autoescape=True))
        found = (await self._database.read(query)).mappings().all()
        return {each["key"]: PieceRow(**each) for each in found}

    async def put(self, row: PieceRow) -> None:
        async with self._database.begin() as connection:
            if not await connection.insert_new(pieces, **asdict(row)):
                values = {"owner": row.owner, "rules": row.rules}
                await connection.execute(update(pieces).where(pieces.c.key == row.key).values(values))

    async def remove(self, key: str) -> None:
        async with self._database.begin() as connection:
            await connection.execute(delete(pieces).where(pieces.c.key == key))
