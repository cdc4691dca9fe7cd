"""Open the database, bring it to the newest schema, hand out short transactions."""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Connection,
    CursorResult,
    Engine,
    Executable,
    QueuePool,
    Result,
    Table,
    UpdateBase,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from labyard.errors import AwayError, ConflictError

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 10_000
_CONNECTIONS = {"sqlite": 4, "postgresql": 10}  # each has a thread; SQLite writes one at a time anyway
_CROWDED = 60  # seconds until who waits for one of them is told
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
P = ParamSpec("P")


class Transaction:
    """Statements on one connection, each carried out in a thread: a trip to one costs more than what most statements take,
    so the first also connects, and rows come back all at once."""

    def __init__(self, engine: Engine, threads: Executor, *, patience: float) -> None:
        self._engine = engine
        self._threads = threads
        self._patience = patience
        self._connection: Connection | None = None

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    async def execute(self, statement: Executable) -> Result[Any]:
        """The rows that it gives, if any."""
        return await self.run_sync(lambda connection: _rows(connection.execute(statement)))

    async def change(self, statement: UpdateBase) -> int:
        """How many rows an update or a delete met; of an INSERT not every driver knows it."""
        return await self.run_sync(lambda connection: connection.execute(statement).rowcount)

    async def insert_new(self, table: Table, **values: object) -> bool:
        """Insert a row unless its key is there; whether it was. In one statement: nobody comes between."""
        insert = sqlite.insert if self.dialect == "sqlite" else postgresql.insert
        new = insert(table).values(values).on_conflict_do_nothing().returning(next(iter(table.primary_key)))
        return (await self.execute(new)).first() is not None

    async def run_sync(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, in a thread. Whoever is cancelled meanwhile waits for its end: nobody can stop it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while True:
            try:
                return await self._in_thread(self._connected, work)
            except DBAPIError as error:
                if self._connection is not None or not _is_away(error) or loop.time() >= deadline:
                    raise
            await asyncio.sleep(_AGAIN)

    async def read(self, queries: Sequence[Executable]) -> list[Result[Any]]:
        """What each gives, and the end of it, in one trip."""
        return await self.run_sync(lambda connection: self._read(connection, queries))

    def _read(self, connection: Connection, queries: Sequence[Executable]) -> list[Result[Any]]:
        with connection:
            found = [_rows(connection.execute(query)) for query in queries]
        self._connection = None
        return found

    def _connected(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        return work(self._connection)

    async def end(self, *, commit: bool) -> None:
        """Nothing is kept without `commit`. Its connection is free again."""
        if self._connection is not None:
            await self._in_thread(_end, self._connection, commit)

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._threads, functools.partial(work, *args, **kwargs))
        cancelled: asyncio.CancelledError | None = None
        while not future.done():
            try:
                await asyncio.wait({future})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled from future.exception()
        return future.result()


def _rows(result: CursorResult[Any]) -> Result[Any]:
    return result.freeze()() if result.returns_rows else result


def _end(connection: Connection, commit: bool) -> None:
    with connection:
        if commit:
            connection.commit()


class Database:
    """One database. `begin` is one transaction: never wait for anything but the database inside it.

    A server that went away is waited for as long as `patience` says, in seconds, by whoever wants to begin; then, and when it
    goes in the midst of a transaction, AwayError. It is used again as soon as it answers. So is a file that was taken
    away and put back: what would be written meanwhile would be lost with the file that nobody can find any more.
    """

    def __init__(self, engine: Engine, *, patience: float = 10) -> None:
        self.engine = engine
        name = engine.dialect.name
        self._file = _file_of(engine)
        self._identity: tuple[int, int] | None = None
        self._patience = 0.0 if name == "sqlite" else patience  # SQLite itself waits, see `_BUSY_MS`
        self._free = asyncio.Semaphore(_CONNECTIONS[name])
        self._threads = ThreadPoolExecutor(_CONNECTIONS[name], "database")  # one each: none waits for another

    @classmethod
    async def open(cls, url: str, *, patience: float = 10, opening: float = 30) -> Database:
        """`url`: `postgresql://USER:PASSWORD@HOST/NAME`, or `sqlite:////var/lib/labyard/labyard.db`. Brings it to the newest
        schema. `opening`: the patience until then: after a boot of the box its database may come later than we.

        ConflictError for a URL that is none, or a newer Labyard's database.
        """
        database = cls(_engine(url), patience=opening)
        try:
            async with database.begin() as connection:
                await connection.run_sync(migrate)
        except BaseException:
            await database.close()
            raise
        database._patience = min(database._patience, patience)
        database._identity = _identity(database._file)
        return database

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
        async with self._turn() as transaction:
            try:
                yield transaction
            except BaseException:
                await transaction.end(commit=False)
                raise
            await transaction.end(commit=True)

    async def read(self, query: Executable) -> Result[Any]:
        """Its rows. Cheaper than a transaction of its own: one trip to a thread. What it would change is not kept."""
        (found,) = await self.read_all(query)
        return found

    async def read_all(self, *queries: Executable) -> list[Result[Any]]:
        """The rows of each, likewise in one trip."""
        async with self._turn() as transaction:
            return await transaction.read(queries)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[Transaction]:
        with _away_told():
            self._check_file()
            await self._room()
            try:
                yield Transaction(self.engine, self._threads, patience=self._patience)
            finally:
                self._free.release()

    def _check_file(self) -> None:
        """AwayError when another file, or none, lies where the one lay that is open."""
        if self._identity is not None and _identity(self._file) != self._identity:
            log.warning("the file of the database is gone, or another one", file=str(self._file))
            raise AwayError(
                "the file of the database is not where it was",
                hint="plays run on; put it back, or restart the server to use what lies there now",
            )

    async def _room(self) -> None:
        try:
            async with asyncio.timeout(_CROWDED):
                await self._free.acquire()
        except TimeoutError:
            log.warning("all connections to the database have been busy for long", seconds=_CROWDED)
            raise _away() from None

    async def close(self) -> None:
        """Nothing may be under way."""
        self._threads.shutdown()
        self.engine.dispose()


@contextmanager
def _away_told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not _is_away(error):
            raise
        log.warning("the database does not answer", error=str(error.orig).strip())
        raise _away() from error


def _away() -> AwayError:
    return AwayError(
        "the database does not answer",
        hint="nothing is lost and plays run on; it is used again as soon as it answers",
    )


def _is_away(error: DBAPIError) -> bool:
    """Whether it may well do what was asked for when it is asked again later."""
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _AWAY
    return isinstance(error, OperationalError | InterfaceError)


def _engine(url: str) -> Engine:
    parsed = _parsed(url)
    backend = parsed.get_backend_name()
    engine = create_engine(
        parsed,
        poolclass=QueuePool,
        pool_size=_CONNECTIONS[backend],
        max_overflow=0,
        pool_pre_ping=backend != "sqlite",  # else each connection of a server that came back would fail once
        pool_reset_on_return=None,  # `begin` leaves nothing open
        connect_args=_POSTGRESQL if backend == "postgresql" else {"check_same_thread": False},
    )
    if backend == "sqlite":
        event.listen(engine, "connect", _tune_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _file_of(engine: Engine) -> Path | None:
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
        driver = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
        return parsed.set(drivername=driver[parsed.drivername.partition("+")[0]])
    except (ArgumentError, ValueError, KeyError):
        raise ConflictError(
            "the address of the database cannot be read", hint="write it as postgresql://USER:PASSWORD@HOST/NAME"
        ) from None


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
