"""Open the database, bring it to the newest schema, hand out short transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 10_000
_CONNECTIONS = 4  # each is a thread with SQLite, which writes one at a time anyway


class Database:
    """One database. `begin` is one transaction: never wait for anything but the database inside it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @classmethod
    async def open(cls, url: str) -> Database:
        """`url` as SQLAlchemy writes it: `sqlite+aiosqlite:////var/lib/labyard/labyard.db`. Migrates it."""
        engine = create_async_engine(url, pool_size=_CONNECTIONS, max_overflow=0, pool_timeout=60)
        if make_url(url).get_backend_name() == "sqlite":
            event.listen(engine.sync_engine, "connect", _tune_sqlite)
            event.listen(engine.sync_engine, "begin", _begin_sqlite)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(migrate)
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine)

    @classmethod
    async def open_file(cls, path: Path) -> Database:
        """The embedded default: SQLite at `path`, readable by its owner alone."""
        path.touch(mode=0o600)
        return await cls.open(f"sqlite+aiosqlite:///{path}")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        async with self.engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision`, in the caller's transaction: a cut leaves the old schema whole."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _tune_sqlite(connection: Any, _record: object) -> None:
    """Readers beside one writer (WAL), references checked, and waiting for a lock rather than failing."""
    connection.isolation_level = None  # else the driver begins by itself, and never before DDL
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
