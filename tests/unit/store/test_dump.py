"""Rows out and in again, from either database into either."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.database import Kind, databases_are, new_url, open_copy
from tests.unit.store.test_database import NOW, row

from labyard.errors import ConflictError
from labyard.store.database import Database, head, migrate
from labyard.store.diary import DiaryEntry, read, write
from labyard.store.diary import Kind as Entry
from labyard.store.dump import dump, load
from labyard.store.keys import KeyStore, TokenRow
from labyard.store.pieces import PieceStore
from labyard.store.plays import PlayStore
from labyard.store.progress import ProgressStore
from labyard.store.schema import metadata
from labyard.store.users import UserRow, UserStore


async def note(database: Database) -> None:
    """An entry whose number the database gives."""
    async with database.begin() as transaction:
        await write(transaction, [DiaryEntry(play=row().id, at=NOW, kind=Entry.ASKED, what="start")])


async def filled(database: Database) -> None:
    for number in range(450):  # more than are read at once
        await PlayStore(database).insert(row(number, cold=number % 2 == 0, detail="ü\n" * number))
    await note(database)
    await ProgressStore(database).begin(row().id, "owner", "challenge/x", now=NOW)
    await KeyStore(database).add_token(TokenRow(id="a" * 24, owner="owner", name="ci", hash="h", created_at=NOW))
    await UserStore(database).add(UserRow(id="b" * 24, handle="ada", name="Ada", role="learner", created_at=NOW))


@pytest.mark.parametrize("source", Kind)
@pytest.mark.parametrize("target", Kind)
async def test_all_that_goes_out_comes_in(tmp_path: Path, source: Kind, target: Kind) -> None:
    lines: list[bytes] = []
    with databases_are(source):
        database = await open_copy(tmp_path / "old.db")
        await filled(database)
        before = await PlayStore(database).list()
        assert await dump(database, lines.append) == head()
        await database.close()
    assert {json.loads(line)["table"] for line in lines} >= {"plays", "progress", "attempts", "tokens", "users"}
    with databases_are(target):
        database = Database.attach(new_url(tmp_path / "new.db"))
        await load(database, lines, head())
        assert await PlayStore(database).list() == before
        again: list[bytes] = []
        await dump(database, again.append)
        assert sorted(again) == sorted(lines)
        with pytest.raises(ConflictError, match="not empty"):
            await load(database, lines, head())
        await note(database)
        async with database.begin() as transaction:
            assert len(await read(transaction, row().id)) == 2
        await database.close()


async def test_rows_of_an_older_schema_are_brought_to_the_newest(tmp_path: Path, each_database: Kind) -> None:
    old = json.loads(await _one_row(tmp_path))
    for later in ("persistent", "origin", "cold", "lesson", "bot"):
        del old["row"][later]
    database = Database.attach(new_url(tmp_path / "new.db"))
    await load(database, [json.dumps(old).encode()], "0001")
    (found,) = await PlayStore(database).list()
    assert found == replace(row(), cold=False)
    await database.close()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{",
        b'{"table": "alembic_version", "row": {"version_num": "x"}}',
        b'{"table": "sqlite_master", "row": {}}',
        b'{"table": "pieces", "row": {"owner": "o"}}',
        b'{"table": "pieces", "row": {"key": "k", "owner": "o", "rules": "", "more": 1}}',
        b'{"table": "pieces", "row": {"key": "k", "owner": ["o"], "rules": {"a": 1}}}',
        b'{"table": "pieces", "row": {"key": "k", "owner": null, "rules": ""}}',
        b"[" * 100_000,
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_is_left(
    tmp_path: Path, each_database: Kind, line: bytes
) -> None:
    database = Database.attach(new_url(tmp_path / "new.db"))
    good = b'{"table": "pieces", "row": {"key": "challenges/a", "owner": "o", "rules": ""}}'
    with pytest.raises(ConflictError, match="does not fit"):
        await load(database, [good, line], head())
    async with database.begin() as transaction:
        await transaction.run_sync(migrate)  # as on an empty one
    assert await PieceStore(database).below("challenges") == {}
    await database.close()


async def test_a_database_of_another_version_is_not_dumped(tmp_path: Path) -> None:
    database = Database.attach(f"sqlite:///{tmp_path / 'x.db'}")
    async with database.begin() as transaction:
        await transaction.run_sync(lambda connection: migrate(connection, "0001"))
    with pytest.raises(ConflictError, match="has the schema 0001"):
        await dump(database, lambda _line: None)
    await database.close()


def test_every_table_can_be_written_as_json() -> None:
    kinds = {column.type.__class__.__name__ for table in metadata.sorted_tables for column in table.columns}
    assert kinds <= {"String", "Text", "Integer", "Boolean", "JSON", "Moment"}, "say in `dump` how it is written"


async def _one_row(tmp_path: Path) -> bytes:
    lines: list[bytes] = []
    database = await Database.open_file(tmp_path / "one.db")
    await PlayStore(database).insert(row())
    await dump(database, lines.append)
    await database.close()
    return lines[0]
