"""The embedded database, when it does not do as it should: locked, full, taken away and put back, under a server."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from tests.support.database import open_copy
from tests.unit.server.conftest import House, house_over
from tests.unit.server.test_plays import started, until

from labyard.store import database as module
from labyard.store.database import Database

NAME = "labyard.db"


@pytest.fixture
async def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """One that waits 0.2 s for a lock."""
    monkeypatch.setattr(module, "_BUSY_MS", 200)
    made = await open_copy(tmp_path / NAME)
    yield made
    await made.close()


@pytest.fixture
async def served(tmp_path: Path, store: Database) -> AsyncIterator[House]:
    async with house_over(tmp_path, store) as made:
        yield made


async def new_play(house: House, **more: Any) -> httpx.Response:
    return await house.http.post("/api/plays", json={"playground": "demo", **more})


def check_away(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    error = answer.json()["error"]
    assert error["code"] == "database-away" and error["hint"] and answer.headers["retry-after"] == "5"
    assert "sqlite" not in answer.text.lower() and NAME not in answer.text, "where it is is nobody's business"


async def goes_on(house: House, play: dict[str, Any]) -> None:
    """What happened meanwhile is written down, and new plays start: without anybody's help."""
    assert (await until(house, play["id"], "STOPPED"))["status"]["reason"]
    await started(house)


async def test_locked_by_somebody_else(served: House, tmp_path: Path) -> None:
    play = await started(served)
    other = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    check_away(await new_play(served))
    assert (await served.http.get("/api/plays")).status_code == 200, "who reads need not wait for who writes"
    await served.host.stop(play["id"])  # news that nobody can write down now
    await asyncio.sleep(0.5)
    other.execute("ROLLBACK")
    other.close()
    await goes_on(served, play)


@contextmanager
def full_disk(store: Database) -> Iterator[dict[str, int]]:
    """`pages`: how many it may have at most; -1: as many as it likes."""
    most = {"pages": -1}

    @event.listens_for(store.engine, "checkout")
    def bound(connection: Any, _record: object, _proxy: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={most['pages'] if most['pages'] > 0 else 1 << 30}")
        cursor.close()

    yield most


async def test_a_full_disk(served: House, store: Database, tmp_path: Path) -> None:
    play = await started(served)
    with full_disk(store) as most:
        most["pages"] = 1  # SQLite takes it for as many as there are
        answers = [await new_play(served) for _ in range(40)]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert refused, "nothing was full"
        for answer in refused:
            if answer.status_code != 409:  # too many starts within a minute
                check_away(answer)
        assert any(answer.status_code == 503 for answer in refused)
        assert (await served.http.get("/api/plays")).status_code == 200
        await served.host.stop(play["id"])
        await asyncio.sleep(0.3)
        most["pages"] = -1
        assert (await until(served, play["id"], "STOPPED"))["status"]["reason"]
        assert (await served.http.get("/api/users")).status_code == 200
        assert (await served.http.post("/api/users", json={"handle": "ada"})).status_code == 200


async def test_a_file_that_is_taken_away_and_put_back(served: House, tmp_path: Path) -> None:
    """Its connections would work on, into a file that nobody finds any more; a new one would make an empty database."""
    play = await started(served)
    (tmp_path / NAME).rename(tmp_path / "away.db")
    check_away(await new_play(served))
    check_away(await served.http.get("/api/plays"))
    assert not (tmp_path / NAME).exists(), "none is made in its place"
    await served.host.stop(play["id"])
    await asyncio.sleep(0.3)
    assert (await served.http.get("/healthz")).status_code == 200
    (tmp_path / "away.db").rename(tmp_path / NAME)
    await goes_on(served, play)


async def test_another_file_in_its_place_is_not_taken_for_it(served: House, tmp_path: Path) -> None:
    await started(served)
    (tmp_path / NAME).rename(tmp_path / "away.db")
    await (await open_copy(tmp_path / NAME)).close()
    answer = await served.http.get("/api/plays")
    check_away(answer)
    assert "restart the server" in answer.json()["error"]["hint"]
