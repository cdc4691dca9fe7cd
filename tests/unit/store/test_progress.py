from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.support.database import Kind, open_copy

from labyard.store.progress import Did, ProgressRow, ProgressStore, Step

NOW = datetime(2026, 1, 2, 23, 59, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)
ONE, TWO = "a" * 24, "b" * 24


@pytest.fixture
async def store(tmp_path: Path, each_database: Kind) -> AsyncIterator[ProgressStore]:
    database = await open_copy(tmp_path / "labyard.db")
    yield ProgressStore(database)
    await database.close()


async def test_an_attempt_counts_once_per_play(store: ProgressStore) -> None:
    for _ in range(3):
        await store.begin(ONE, "owner", "challenge/x", now=NOW)
    await store.begin(TWO, "owner", "challenge/x", now=LATER)
    await store.begin("c" * 24, "other", "challenge/x", now=LATER)
    row = (await store.of("owner"))["challenge/x"]
    assert row == ProgressRow(owner="owner", lesson="challenge/x", started_at=NOW, attempts=2, last_play=TWO)
    assert [each.play for each in await store.attempts("owner", "challenge/x")] == [TWO, ONE]
    assert (await store.of_and_totals("nobody"))[1] == {"challenge/x": (3, 0)}


async def test_what_is_solved_stays_so_at_its_first_time(store: ProgressStore) -> None:
    await store.begin(ONE, "owner", "challenge/x", now=NOW)
    await store.begin(TWO, "owner", "challenge/x", now=NOW)
    await store.solve(ONE, now=NOW)
    await store.solve(ONE, now=LATER)
    await store.solve(TWO, now=LATER)
    await store.fail(TWO, now=LATER)
    row = (await store.of("owner"))["challenge/x"]
    assert row.solved_at == NOW and row.completed_at is None
    second, first = sorted(await store.attempts("owner", "challenge/x"), key=lambda each: each.play, reverse=True)
    assert (first.solved_at, first.failed_at) == (NOW, None)
    assert (second.solved_at, second.failed_at) == (LATER, LATER)
    assert (await store.of_and_totals("nobody"))[1] == {"challenge/x": (2, 1)}


async def test_a_play_that_is_no_attempt_solves_nothing(store: ProgressStore) -> None:
    await store.solve(ONE, now=NOW)
    await store.fail(ONE, now=NOW)
    assert await store.of("owner") == {} and await store.steps("owner") == []


async def test_completing_without_playing(store: ProgressStore) -> None:
    await store.complete("owner", "tutorial/x", now=NOW)
    await store.complete("owner", "tutorial/x", now=LATER)
    row = (await store.of("owner"))["tutorial/x"]
    assert (row.attempts, row.last_play, row.completed_at, row.solved_at) == (0, None, NOW, None)
    assert (await store.of_and_totals("nobody"))[1] == {"tutorial/x": (0, 1)}


async def test_steps_are_told_with_their_times_whatever_the_zone_they_came_in(store: ProgressStore) -> None:
    await store.begin(ONE, "owner", "challenge/x", now=NOW.astimezone(timezone(timedelta(hours=9))))
    await store.solve(ONE, now=LATER)
    await store.complete("other", "tutorial/y", now=LATER)
    assert await store.steps("owner") == [
        Step(lesson="challenge/x", did=Did.SOLVED, at=LATER),
        Step(lesson="challenge/x", did=Did.BEGAN, at=NOW),
    ]
    assert await store.steps("other") == [Step(lesson="tutorial/y", did=Did.COMPLETED, at=LATER)]
    await store.forget("owner")
    assert await store.steps("owner") == []


async def test_many_at_once(store: ProgressStore) -> None:
    plays = [f"{number % 20:024x}" for number in range(60)]
    await asyncio.gather(*(store.begin(play, "owner", "challenge/x", now=NOW) for play in plays))
    await asyncio.gather(*(store.solve(play, now=LATER) for play in plays))
    row = (await store.of("owner"))["challenge/x"]
    assert (row.attempts, row.solved_at) == (20, LATER)
    assert len(await store.steps("owner")) == 40
