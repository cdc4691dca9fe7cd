"""Databases for tests: the tables are made once, and copied. In SQLite, or in PostgreSQL where a test asks for it."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import pytest

from labyard.store.database import Database
from tests.support.postgres import postgres


class Kind(StrEnum):
    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


_kind = [Kind.SQLITE]
_made: list[str] = []


@contextmanager
def databases_are(kind: Kind) -> Iterator[None]:
    """What `open_copy` and `new_url` give until the end of the block; then those in PostgreSQL are dropped."""
    _kind.append(kind)
    if kind is Kind.POSTGRESQL:
        postgres()
    try:
        yield
    finally:
        _kind.pop()
        drop_all()


def drop_all() -> None:
    """All that were made in PostgreSQL, whoever uses them."""
    while _made:
        postgres().drop(_made.pop())


async def open_copy(path: Path) -> Database:
    """A new database, open: at `path` if it is SQLite."""
    if _kind[-1] is Kind.POSTGRESQL:
        _made.append(await asyncio.to_thread(lambda: postgres().database(like=_template())))
        return await Database.open(_made[-1])
    path.write_bytes(await asyncio.to_thread(_empty))
    return await Database.open_file(path)


def new_url(path: Path) -> str:
    """The address of a database without tables."""
    if _kind[-1] is Kind.POSTGRESQL:
        _made.append(postgres().database())
        return _made[-1]
    return f"sqlite:///{path}"


@functools.cache
def _empty() -> bytes:
    async def make(path: Path) -> bytes:
        await (await Database.open_file(path)).close()
        return path.read_bytes()

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(make(Path(folder) / "labyard.db"))


@functools.cache
def _template() -> str:
    async def make(url: str) -> None:
        await (await Database.open(url)).close()

    url = postgres().database()
    asyncio.run(make(url))
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(params=Kind)
def each_database(request: pytest.FixtureRequest) -> Iterator[Kind]:
    """A test that asks for it is run once with each."""
    with databases_are(request.param):
        yield request.param
