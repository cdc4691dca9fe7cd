"""Open the database, bring it to the newest schema, hand out short transactions."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, CursorResult, Executable, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from labyard.errors import AwayError, ConflictError

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 10_000
_CONNECTIONS = {"sqlite": 4, "postgresql": 10}  # each is a thread with SQLite, which writes one at a time anyway
_AGAIN = 0.25  # seconds until a database that is away is asked again
_AWAY = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
)
_POSTGRESQL = {
    "connect_timeout": 5,
    "application_name": "labyard",
    "keepalives_idle": 30,
    "tcp_user_timeout": 15_000,  # milliseconds until a network that swallows everything counts as gone
}

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Transaction:
    """Statements on one connection. Whoever is cancelled in the middle of one waits for its end: drivers lose
    connections whose answer nobody takes."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    async def execute(self, statement: Executable) -> CursorResult[Any]:
        return await _to_its_end(self._connection.execute(statement))

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        """For what SQLAlchemy and Alembic offer in no other way."""
        return await self._connection.run_sync(work)

    async def insert_new(self, table: Table, **values: object) -> bool:
        """Insert a row unless its key is there; whether it was. In one statement: nobody comes between."""
        insert = sqlite.insert if self.dialect == "sqlite" else postgresql.insert
        new = insert(table).values(values).on_conflict_do_nothing().returning(next(iter(table.primary_key)))
        return (await self.execute(new)).first() is not None  # an INSERT's row count is not promised by every driver


class Database:
    """One database. `begin` is one transaction: never wait for anything but the database inside it.

    A server that went away is waited for as long as `patience` says, in seconds, by whoever wants to begin; then, and when it
    goes in the midst of a transaction, AwayError. It is used again as soon as it answers. So is a file that was taken
    away and put back: what would be written meanwhile would be lost with the file that nobody can find any more.
    """

    def __init__(self, engine: AsyncEngine, *, patience: float = 10) -> None:
        self.engine = engine
        self._file = _file_of(engine)
        self._identity: tuple[int, int] | None = None
        self._patience = 0.0 if engine.dialect.name == "sqlite" else patience  # SQLite itself waits, see `_BUSY_MS`

    @classmethod
    async def open(cls, url: str, *, patience: float = 10, opening: float = 30) -> Database:
        """`url`: `postgresql://USER:PASSWORD@HOST/NAME`, or `sqlite:////var/lib/labyard/labyard.db`. Brings it to the newest
        schema. `opening`: the patience until then: after a boot of the box its database may come later than we.

        ConflictError for a URL that is none, or a newer Labyard's database.
        """
        engine = _engine(url)
        try:
            async with cls(engine, patience=opening).begin() as connection:
                await connection.run_sync(migrate)
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine, patience=patience)

    @classmethod
    def attach(cls, url: str) -> Database:
        """As it is, whatever its schema."""
        return cls(_engine(url))

    @classmethod
    async def open_file(cls, path: Path) -> Database:
        """The embedded default: SQLite at `path`, readable by its owner alone."""
        path.touch(mode=0o600)
        return await cls.open(f"sqlite:///{path}")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Committed at the end of the block, undone when it is left by an exception or cancelled."""
        with _away_told(self.engine):
            self._check_file()
            connection = await self._connected()
            self._identity = self._identity or _identity(self._file)
            try:
                yield Transaction(connection)
                await _to_its_end(connection.commit())
            finally:
                await _to_its_end(connection.close())

    def _check_file(self) -> None:
        """AwayError when another file, or none, lies where the one lay that is open."""
        if self._identity is not None and _identity(self._file) != self._identity:
            log.warning("the file of the database is gone, or another one", file=str(self._file))
            raise AwayError(
                "the file of the database is not where it was",
                hint="plays run on; put it back, or restart the server to use what lies there now",
            )

    async def _connected(self) -> AsyncConnection:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while True:
            connection = self.engine.connect()
            try:
                await _to_its_end(connection.start())
                return connection
            except (DBAPIError, NoConnection) as error:
                if not _is_away(error, self.engine) or loop.time() >= deadline:
                    raise
            except asyncio.CancelledError:
                if connection.sync_connection is not None:
                    await _to_its_end(connection.close())
                raise
            await asyncio.sleep(_AGAIN)

    async def close(self) -> None:
        await self.engine.dispose()


@contextmanager
def _away_told(engine: AsyncEngine) -> Iterator[None]:
    try:
        yield
    except (DBAPIError, NoConnection) as error:
        if not _is_away(error, engine):
            raise
        cause = error.orig if isinstance(error, DBAPIError) else error
        log.warning("the database does not answer", error=str(cause).strip())
        raise AwayError(
            "the database does not answer",
            hint="nothing is lost and plays run on; it is used again as soon as it answers",
        ) from error


def _is_away(error: DBAPIError | NoConnection, engine: AsyncEngine) -> bool:
    """Whether it may well do what was asked for when it is asked again later."""
    if isinstance(error, NoConnection) or error.connection_invalidated:
        return True
    if engine.dialect.name == "sqlite":
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _AWAY
    return isinstance(error, OperationalError | InterfaceError)


def _engine(url: str) -> AsyncEngine:
    parsed = _parsed(url)
    backend = parsed.get_backend_name()
    engine = create_async_engine(
        parsed,
        pool_size=_CONNECTIONS[backend],
        max_overflow=0,
        pool_timeout=60,
        pool_pre_ping=backend != "sqlite",  # else each connection of a server that came back would fail once
        pool_reset_on_return=None,  # `begin` leaves nothing open
        connect_args=_POSTGRESQL if backend == "postgresql" else {},
    )
    if backend == "sqlite":
        event.listen(engine.sync_engine, "connect", _tune_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _file_of(engine: AsyncEngine) -> Path | None:
    """Where SQLite keeps it; None: in memory, or elsewhere."""
    name = engine.url.database
    return Path(name) if engine.dialect.name == "sqlite" and name and name != ":memory:" else None


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Which file lies there: another one of the same name is another. None: there is none."""
    try:
        found = None if path is None else path.stat()
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


def _parsed(url: str) -> URL:
    """With the drivers we have. ConflictError that does not repeat it: it may hold a password."""
    try:
        parsed = make_url(url)
        driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
        return parsed.set(drivername=driver[parsed.drivername.partition("+")[0]])
    except (ArgumentError, ValueError, KeyError):
        raise ConflictError(
            "the address of the database cannot be read", hint="write it as postgresql://USER:PASSWORD@HOST/NAME"
        ) from None


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
    current = revision_of(connection)
    if revision == "head" and current == head():
        return
    if current is not None and current not in revisions():
        raise ConflictError(
            f"the database is of a newer Labyard (its schema is {current[:32]}, ours {head()})",
            hint="install that one, or restore a backup into an empty folder",
        )
    config = _scripts()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _scripts() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


def revision_of(connection: Connection) -> str | None:
    """The schema that a database has; None: it has none."""
    return MigrationContext.configure(connection).get_current_revision()


@functools.cache
def head() -> str:
    """The newest revision. Read once: to look through all of them takes longer than all else in opening a database."""
    return str(ScriptDirectory.from_config(_scripts()).get_current_head())


@functools.cache
def revisions() -> frozenset[str]:
    """All that there are."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(_scripts()).walk_revisions())


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
