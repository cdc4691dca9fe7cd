from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from tests.unit.bots.fake_lab import Content, FakeLab, done

from labyard.bots.lab import AwayError, Lab
from labyard.bots.limits import Limits
from labyard.bots.nightly import Nightly, history, matrix, next_time


class Clock:
    def __init__(self, *times: datetime) -> None:
        self.now = times[0]

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 3, 1, 12, 0))


@pytest.fixture
def nightly(lab: FakeLab, limits: Limits, clock: Clock, tmp_path: Path) -> Nightly:
    @asynccontextmanager
    async def labs() -> AsyncIterator[Lab]:
        yield lab

    lab.add_lesson("nat", Content(checks={"a": done("x")}), "do x\n")
    lab.add_playground("k8s", internet=True)
    return Nightly(labs, tmp_path / "bots", time(3, 0), limits=limits, clock=clock)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 1, 2, 59), datetime(2026, 3, 1, 3, 0)),
        (datetime(2026, 3, 1, 3, 0), datetime(2026, 3, 2, 3, 0)),
        (datetime(2026, 12, 31, 23, 0), datetime(2027, 1, 1, 3, 0)),
    ],
)
def test_the_next_time(now: datetime, due: datetime) -> None:
    assert next_time(now, time(3, 0)) == due


async def test_a_round_is_kept_and_shown(nightly: Nightly, lab: FakeLab, tmp_path: Path) -> None:
    played = await nightly.play_round()
    assert played.words == "1 passed, 2 not run"
    night = tmp_path / "bots" / "2026-03-01"
    assert {path.name for path in night.iterdir()} == {"challenge", "index.html", "junit.xml", "report.json"}
    assert lab.alive == []
    (kept,) = history(tmp_path / "bots")
    assert kept.words == played.words
    assert "A round is played every night at 03:00." in matrix(tmp_path / "bots", time(3, 0))
    assert "1 passed, 2 not run" in matrix(tmp_path / "bots", None)
    await nightly.play_round()  # the same day once more
    assert len(history(tmp_path / "bots")) == 2


async def test_thirty_nights_are_kept(nightly: Nightly, clock: Clock, tmp_path: Path) -> None:
    for day in range(1, 34):
        (tmp_path / "bots" / f"2026-01-{day:02d}").mkdir(parents=True)
    await nightly.play_round()
    kept = sorted(path.name for path in (tmp_path / "bots").iterdir() if path.is_dir())
    assert (len(kept), kept[0], kept[-1]) == (30, "2026-01-05", "2026-03-01")


async def test_it_waits_for_the_hour(nightly: Nightly, clock: Clock, tmp_path: Path) -> None:
    task = asyncio.create_task(nightly.run())
    await asyncio.sleep(0.05)
    assert history(tmp_path / "bots") == []
    task.cancel()
    clock.now = datetime(2026, 3, 2, 2, 59, 59, 990000)
    task = asyncio.create_task(nightly.run())
    await asyncio.sleep(0)
    clock.now += timedelta(seconds=1)
    while not history(tmp_path / "bots"):  # noqa: ASYNC110 - files do not call
        await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert (tmp_path / "bots" / "2026-03-02").is_dir()


async def test_what_a_server_left_when_it_ended_is_ended_by_the_next(
    nightly: Nightly, lab: FakeLab, tmp_path: Path
) -> None:
    lab.add_lesson("long", Content(checks={"a": done("y")}), "hang\n")
    somebody = lab.add_others()
    task = asyncio.create_task(nightly.play_round())
    while not any("hang" in script for _, _, script in lab.ran):  # noqa: ASYNC110 - a list does not call
        await asyncio.sleep(0.001)
    lab.away_for_ever = True
    nightly.leave()
    task.cancel()
    with suppress(asyncio.CancelledError, AwayError):
        await task
    (left,) = (play for play in lab.alive if play is not somebody)
    assert json.loads((tmp_path / "bots" / "plays.json").read_text()) == [left.id]

    lab.away_for_ever = False
    sweeping = asyncio.create_task(nightly.run())
    while left.state != "DESTROYED":  # noqa: ASYNC110 - a play does not call
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    assert json.loads((tmp_path / "bots" / "plays.json").read_text()) == []
    assert lab.alive == [somebody]
    sweeping.cancel()
