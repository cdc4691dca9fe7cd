"""A database that goes away and comes back: a real PostgreSQL, stopped and started under a server."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.postgres import Postgres, new_postgres
from tests.unit.server.conftest import House, house_over
from tests.unit.server.test_plays import started, until

from labyard.errors import AwayError
from labyard.store.database import Database


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    made = new_postgres()
    yield made
    made.stop()
    shutil.rmtree(made.folder)


@pytest.fixture
async def served(tmp_path: Path, postgres: Postgres) -> AsyncIterator[House]:
    """Over a database whose absence is told almost at once."""
    database = await Database.open(postgres.database(), patience=0.3)
    async with house_over(tmp_path, database) as made:
        yield made
    await database.close()


async def test_requests_are_told_plays_run_on_and_all_goes_on_by_itself(served: House, postgres: Postgres) -> None:
    play = await started(served)
    postgres.stop()
    for method, path in (("GET", "/api/plays"), ("POST", "/api/plays")):
        answer = await served.http.request(method, path, json={"playground": "demo"} if method == "POST" else None)
        assert answer.status_code == 503
        error = answer.json()["error"]
        assert error["code"] == "database-away" and error["hint"] and answer.headers["retry-after"] == "5"
        assert "socket" not in answer.text and "postgres" not in answer.text.lower(), "where it is is nobody's business"
    assert (await served.http.get("/healthz")).status_code == 200
    assert [report.state for report in await served.host.list()] == ["RUNNING"]
    await served.host.stop(play["id"])  # news that nobody can write down now
    await asyncio.sleep(0.5)
    postgres.start()
    assert (await until(served, play["id"], "STOPPED"))["status"]["reason"]
    await started(served)


async def test_who_asks_while_it_restarts_waits_for_it(tmp_path: Path, postgres: Postgres) -> None:
    database = await Database.open(postgres.database())
    async with house_over(tmp_path, database) as house:
        await started(house)
        postgres.stop()
        asked = asyncio.create_task(house.http.get("/api/plays"))
        await asyncio.sleep(0.6)
        assert not asked.done()
        postgres.start()
        assert len((await asked).json()) == 1
    await database.close()


async def test_a_play_that_is_refused_meanwhile_is_not_given_up(served: House, postgres: Postgres) -> None:
    """What the database refuses is not what the host refuses: six such tries would fail a start for good."""
    answer = await served.http.post("/api/plays", json={"playground": "slow-demo", "manifest": SLOW})
    play = answer.json()
    postgres.stop()
    for _ in range(8):
        served.services.reconciler.poke(play["id"])
        await served.services.reconciler.settled()
    postgres.start()
    assert (await until(served, play["id"], "RUNNING", "FAILED"))["status"]["stateEvents"][-1]["state"] == "RUNNING"


async def test_a_transaction_that_is_cut_is_told_and_its_connection_is_not_used_again(postgres: Postgres) -> None:
    database = await Database.open(postgres.database(), patience=0)
    with pytest.raises(AwayError):
        async with database.begin() as transaction:
            await transaction.run_sync(lambda connection: connection.exec_driver_sql("SELECT 1"))
            postgres.stop()
            await transaction.run_sync(lambda connection: connection.exec_driver_sql("SELECT 1"))
    with pytest.raises(AwayError):
        async with database.begin() as transaction:
            await transaction.run_sync(lambda connection: connection.exec_driver_sql("SELECT 1"))
    postgres.start()
    async with database.begin() as transaction:
        await transaction.run_sync(lambda connection: connection.exec_driver_sql("SELECT 1"))
    await database.close()


async def test_nobody_there_from_the_beginning(tmp_path: Path) -> None:
    with pytest.raises(AwayError):
        await Database.open(f"postgresql://nobody@/nothing?host={tmp_path}", opening=0.1)


SLOW = """
kind: playground
name: slow-demo
title: Slow to start
playground:
  machines:
    - name: node-01
      users: [{name: root, default: true}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
"""
