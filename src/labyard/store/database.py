"""Open the database, bring it to the newest schema, hand out short transactions."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, CursorResult, Executable, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 10_000
_CONNECTIONS = 4  # each is a thread with SQLite, which writes one at a time anyway

T = TypeVar("T")


class Transaction:
    """Statements on one connection. Whoever is cancelled in the middle of one waits for its end: drivers lose
    connections whose answer nobody takes."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable) -> CursorResult[Any]:
        return await _to_its_end(self._connection.execute(statement))

    async def insert_new(self, table: Table, **values: object) -> bool:
        """Insert a row unless its key is there; whether it was. In one statement: nobody comes between."""
        insert = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        return (await self.execute(insert(table).values(values).on_conflict_do_nothing())).rowcount == 1


class Database:
    """One database. `begin` is one transaction: never wait for anything but the database inside it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @classmethod
    async def open(cls, url: str) -> Database:
        """`url` as SQLAlchemy writes it: `sqlite+aiosqlite:////var/lib/labyard/labyard.db`. Migrates it."""
        engine = create_async_engine(
            url,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=60,
            pool_reset_on_return=None,  # `begin` leaves nothing open
        )
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
    async def begin(self) -> AsyncIterator[Transaction]:
        """Committed at the end of the block, undone when it is left by an exception or cancelled."""
        connection = self.engine.connect()
        try:
            await _to_its_end(connection.start())
            yield Transaction(connection)
            await _to_its_end(connection.commit())
        finally:
            if connection.sync_connection is not None:
                await _to_its_end(connection.close())

    async def close(self) -> None:
        await self.engine.dispose()


async def _to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Like `await work`, but a cancellation is put off until it is done."""
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to `revision`, in the caller's transaction: a cut leaves the old schema whole."""
    if revision == "head" and MigrationContext.configure(connection).get_current_revision() == _head():
        return
    config = _scripts()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _scripts() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@functools.cache
def _head() -> str | None:
    """The newest revision. Read once: to look through all of them takes longer than all else in opening a database."""
    return ScriptDirectory.from_config(_scripts()).get_current_head()


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
