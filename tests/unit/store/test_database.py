from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Connection, bindparam, delete, event, func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool
from tests.support.database import Kind, new_url, open_copy

from labyard.errors import ConflictError, NotFoundError
from labyard.hosts.fake_plans import fake_plan
from labyard.play.status import PlayReport, PlayState, Reason
from labyard.store.database import Database, migrate
from labyard.store.keys import KeyStore, TokenRow
from labyard.store.passwords import PasswordStore
from labyard.store.plays import Desired, PlayRow, PlayStore, StaleError, StateEvent
from labyard.store.schema import metadata, plays
from labyard.store.users import UserRow, UserStore

NOW = datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)


def row(number: int = 0, **change: object) -> PlayRow:
    at = NOW + timedelta(seconds=number)
    first = PlayRow(
        id=f"{number:024x}",
        owner="owner",
        playground="demo",
        title="Demo",
        manifest_name="demo.yaml",
        plan=fake_plan("demo", tasks=("one",)),
        desired=Desired.RUNNING,
        desired_at=at,
        state=PlayState.CREATED,
        state_at=at,
        events=(StateEvent(state=PlayState.CREATED, at=at),),
        created_at=at,
        updated_at=at,
    )
    return replace(first, **change)  # type: ignore[arg-type]


@pytest.fixture
async def database(tmp_path: Path, each_database: Kind) -> AsyncIterator[Database]:
    opened = await open_copy(tmp_path / "labyard.db")
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open_file(tmp_path / "labyard.db")
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database) -> PlayStore:
    return PlayStore(database)


def schema_differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), metadata))


async def test_the_migrations_end_at_the_schema(database: Database) -> None:
    async with database.begin() as connection:
        assert await connection.run_sync(schema_differences) == []


async def test_sqlite_is_tuned_and_private(sqlite: Database, tmp_path: Path) -> None:
    async with sqlite.begin() as connection:
        assert (await connection.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
        assert (await connection.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
        assert (await connection.execute(text("PRAGMA busy_timeout"))).scalar_one() >= 5000
    assert (tmp_path / "labyard.db").stat().st_mode & 0o077 == 0


async def test_an_older_database_with_plays_in_it(tmp_path: Path, each_database: Kind) -> None:
    url = new_url(tmp_path / "labyard.db")
    older = Database.attach(url)
    old = row(7)
    async with older.begin() as connection:
        await connection.run_sync(lambda inner: migrate(inner, "0001"))
        events = [{"state": "CREATED", "at": "2026-01-02T03:04:05+00:00", "error": False}]
        values = {
            "id": old.id,
            "plan": old.plan.model_dump_json(),
            "at": NOW.isoformat(timespec="microseconds"),
        }
        await connection.execute(
            text(
                "INSERT INTO plays (id, owner, playground, title, manifest_name, plan, desired, desired_at, state,"
                " state_at, events, detail, created_at, updated_at, version) VALUES (:id, 'owner', 'demo', 'Demo',"
                " 'demo.yaml', :plan, 'running', :at, 'RUNNING', :at, :events, '', :at, :at, 3)"
            ).bindparams(bindparam("events", events, type_=JSON), **values)
        )
    await older.close()
    database = await Database.open(url)
    found = await PlayStore(database).get(old.id)
    assert (found.plan, found.persistent, found.version) == (old.plan, False, 3)
    async with database.begin() as connection:
        assert await connection.run_sync(schema_differences) == []
    await database.close()


async def test_an_older_database_with_people_in_it(tmp_path: Path, each_database: Kind) -> None:
    url = new_url(tmp_path / "labyard.db")
    older = Database.attach(url)
    async with older.begin() as connection:
        await connection.run_sync(lambda inner: migrate(inner, "0009"))
        at = NOW.isoformat(timespec="microseconds")
        await connection.execute(
            text(
                "INSERT INTO users (id, handle, name, role, created_at) VALUES ('1', 'ada', 'Ada', 'learner', :at)"
            ).bindparams(at=at)
        )
        await connection.execute(
            text(
                "INSERT INTO sessions (hash, owner, created_at, expires_at) VALUES ('s', '1', :at, '2999')"
            ).bindparams(at=at)
        )
    await older.close()
    database = await Database.open(url)
    passwords, keys = PasswordStore(database), KeyStore(database)
    signed_in = ("1", await UserStore(database).get("1"))
    assert await passwords.get("1") is None and await keys.session("s", now=NOW) == signed_in
    await passwords.put("1", "first", now=NOW, keep="s")
    assert await passwords.get("1") == "first" and await keys.session("s", now=NOW) == signed_in
    await passwords.put("1", "second", now=NOW)
    assert await passwords.get("1") == "second" and await keys.session("s", now=NOW) is None
    async with database.begin() as connection:
        assert await connection.run_sync(schema_differences) == []
    await database.close()


async def test_a_cut_migration_leaves_the_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, each_database: Kind
) -> None:
    url = new_url(tmp_path / "labyard.db")

    def cut(connection: Connection) -> None:
        migrate(connection, "0001")
        raise KeyboardInterrupt

    monkeypatch.setattr("labyard.store.database.migrate", cut)
    with pytest.raises(KeyboardInterrupt):
        await Database.open(url)
    monkeypatch.undo()
    database = Database.attach(url)
    async with database.begin() as connection:
        assert await connection.run_sync(lambda inner: inspect(inner).get_table_names()) == []
    await database.close()
    await (await Database.open(url)).close()


async def test_a_newer_labyards_database_is_refused(tmp_path: Path, each_database: Kind) -> None:
    url = new_url(tmp_path / "labyard.db")
    database = await Database.open(url)
    async with database.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()
    with pytest.raises(ConflictError, match="of a newer Labyard"):
        await Database.open(url)


@pytest.mark.parametrize("url", ["", "postgresql", "mysql://me:hunter2@h/d", "postgresql://h:port/d", "oracle+x://"])
async def test_what_is_no_address_of_a_database(url: str) -> None:
    with pytest.raises(ConflictError, match="cannot be read") as refused:
        await Database.open(url)
    assert "hunter2" not in str(refused.value)


async def test_a_row_comes_back_as_it_went(store: PlayStore) -> None:
    report = PlayReport(id=f"{1:024x}", state=PlayState.RUNNING, at=NOW, version=4)
    there = row(
        1,
        report=report,
        reason=Reason.EXPIRED,
        expires_at=NOW,
        max_play_time=60,
        persistent=True,
        origin="a" * 24,
        cold=True,
        events=(StateEvent(state=PlayState.FAILED, at=NOW, error=True),),
    )
    await store.insert(there)
    assert await store.get(there.id) == there


async def test_unknown_rows(store: PlayStore) -> None:
    with pytest.raises(NotFoundError):
        await store.get("0" * 24)


async def test_two_writers_of_one_row(store: PlayStore) -> None:
    await store.insert(row())
    mine, yours = await store.get(row().id), await store.get(row().id)
    saved = await store.save(replace(mine, title="mine"), now=NOW)
    assert saved.version == mine.version + 1
    with pytest.raises(StaleError):
        await store.save(replace(yours, title="yours"), now=NOW)
    assert (await store.get(row().id)).title == "mine"


async def test_many_writers_at_once(store: PlayStore) -> None:
    await asyncio.gather(*(store.insert(row(number)) for number in range(40)))
    assert len(await store.list(owner="owner")) == 40
    assert await store.list(owner="somebody") == []


async def test_whoever_is_cancelled_in_a_statement_keeps_the_connection_in_order(
    sqlite: Database, tmp_path: Path
) -> None:
    store = PlayStore(sqlite)
    pool = sqlite.engine.pool
    assert isinstance(pool, QueuePool)
    with closing(sqlite3.connect(tmp_path / "labyard.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # whoever writes waits
        under_way, loop = asyncio.Event(), asyncio.get_running_loop()
        event.listen(
            sqlite.engine,
            "before_cursor_execute",
            lambda _connection, _cursor, statement, *_: (
                loop.call_soon_threadsafe(under_way.set) if statement.startswith("INSERT") else None
            ),
        )
        writing = asyncio.create_task(store.insert(row()))
        await under_way.wait()
        for _ in range(3):
            writing.cancel()
            await asyncio.wait({writing}, timeout=0.02)
        assert pool.checkedout() == 1, "its statement is still being carried out"
        other.execute("ROLLBACK")
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert (pool.checkedout(), pool.checkedin()) == (0, 1)
    assert await store.list() == [], "it was undone"


async def test_the_queue(store: PlayStore) -> None:
    rows = [row(number) for number in (3, 1, 2)]
    for each in rows:
        await store.insert(each)
    assert await store.next_waiting() == row(1).id
    assert [await store.place(each) for each in rows] == [3, 1, 2]
    await store.save(replace(row(1), state=PlayState.STARTING), now=NOW)
    assert [await store.place(each) for each in rows[::2]] == [2, 1]


async def test_what_time_may_move(store: PlayStore) -> None:
    long_ago = NOW - timedelta(days=30)
    rest = {"state": PlayState.RUNNING, "expires_at": NOW + timedelta(hours=1)}
    await store.insert(row(1, **rest))
    await store.insert(row(2, **{**rest, "expires_at": NOW}))
    await store.insert(row(3, state=PlayState.STARTING))
    await store.insert(row(4, state=PlayState.STOPPED, desired=Desired.STOPPED, state_at=long_ago))
    await store.insert(row(5, state=PlayState.STOPPED, desired=Desired.STOPPED))
    await store.insert(row(6, state=PlayState.STOPPED, desired=Desired.DESTROYED))
    due = await store.unsettled(now=NOW, old_before=NOW - timedelta(days=7))
    assert sorted(int(play_id, 16) for play_id in due) == [2, 3, 4, 6]


async def test_tokens_and_sessions_expire(database: Database) -> None:
    keys = KeyStore(database)
    soon = NOW + timedelta(minutes=1)
    await keys.add_token(TokenRow(id="a" * 24, owner="owner", name="ci", hash="h", created_at=NOW, expires_at=soon))
    await keys.add_session("s", "owner", now=NOW, expires_at=soon)
    found = await keys.token("h", now=NOW)
    assert found is not None and (found[0].owner, found[1]) == ("owner", None)
    assert await keys.session("s", now=NOW) == ("owner", None)
    assert await keys.token("h", now=soon) is None
    assert await keys.session("s", now=soon) is None
    await keys.sweep(now=soon)
    assert await keys.session("s", now=NOW) is None


async def test_a_key_is_told_with_the_account_of_its_owner(database: Database) -> None:
    keys, users = KeyStore(database), UserStore(database)
    ada = UserRow(id="1", handle="ada", name="", role="learner", created_at=NOW)
    await users.add(ada)
    await users.add(replace(ada, id="2", handle="bob"))
    await keys.add_token(TokenRow(id="a" * 24, owner="1", name="ci", hash="h", created_at=NOW))
    await keys.add_session("s", "1", now=NOW, expires_at=NOW + timedelta(minutes=1))
    found = await keys.token("h", now=NOW)
    assert found is not None and found[1] == ada
    assert await keys.session("s", now=NOW) == ("1", ada)


async def test_what_is_only_read_changes_nothing_and_leaves_its_connection(database: Database) -> None:
    store, pool = PlayStore(database), database.engine.pool
    assert isinstance(pool, QueuePool)
    await store.insert(row())
    _, count = await database.read_all(delete(plays), select(func.count()).select_from(plays))
    assert count.scalar_one() == 0
    assert [each.id for each in await store.list()] == [row().id]
    with pytest.raises(DBAPIError):
        await database.read(text("SELECT nothing_of_that_name"))
    assert (pool.checkedout(), pool.checkedin()) == (0, 1)


async def test_a_link_is_taken_once_even_by_two_at_a_time(database: Database) -> None:
    keys = KeyStore(database)
    await keys.add_link("h", "owner", NOW + timedelta(minutes=1))
    await keys.add_link("old", "owner", NOW)
    takers = await asyncio.gather(*(keys.take_link("h", now=NOW) for _ in range(8)))
    assert sorted(taker or "" for taker in takers) == [""] * 7 + ["owner"]
    assert await keys.take_link("old", now=NOW) is None
