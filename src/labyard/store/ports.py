"""Rows of ports that are exposed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from labyard.store.database import Database
from labyard.store.schema import ports


@dataclass(frozen=True, kw_only=True, slots=True)
class PortRow:
    """`access`: `private` (the play's owner) or `public`. `host_rewrite`, `path_rewrite`: empty for as it was asked."""

    id: str
    play: str
    machine: str
    number: int
    access: str = "private"
    tls: bool = False
    host_rewrite: str = ""
    path_rewrite: str = ""
    created_at: datetime


class PortStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, row: PortRow) -> PortRow:
        """A port is exposed once: another wish for it changes how. It keeps its id."""
        async with self._database.begin() as connection:
            if await connection.insert_new(ports, **asdict(row)):
                return row
            here = (ports.c.play == row.play, ports.c.machine == row.machine, ports.c.number == row.number)
            values = {key: value for key, value in asdict(row).items() if key not in ("id", "created_at")}
            await connection.execute(update(ports).where(*here).values(values))
            return PortRow(**(await connection.execute(select(ports).where(*here))).mappings().one())

    async def list(self, play: str) -> list[PortRow]:
        query = select(ports).where(ports.c.play == play).order_by(ports.c.machine, ports.c.number)
        return [PortRow(**each) for each in (await self._database.read(query)).mappings().all()]

    async def count(self, play: str) -> int:
        query = select(func.count()).select_from(ports).where(ports.c.play == play)
        return int((await self._database.read(query)).scalar_one())

    async def find(self, play: str, machine: str, number: int) -> PortRow | None:
        here = (ports.c.play == play, ports.c.machine == machine, ports.c.number == number)
        found = (await self._database.read(select(ports).where(*here))).mappings().first()
        return None if found is None else PortRow(**found)

    async def remove(self, play: str, port_id: str) -> bool:
        """False when the play has no such port."""
        async with self._database.begin() as connection:
            return await connection.change(delete(ports).where(ports.c.play == play, ports.c.id == port_id)) == 1
