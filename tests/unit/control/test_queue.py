"""What those who wait are told, by what the database and the host say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.control.conftest import FAST, World, world
from tests.unit.control.test_reconciler import becomes, create

from labyard.control.forecast import STOP_TAKES, Forecast
from labyard.hosts.fake import GIB, FakeHost, Temper
from labyard.play.status import PlayState
from labyard.store.plays import Desired, PlayRow, StateEvent

pytestmark = pytest.mark.usefixtures("each_database")


async def forecast(it: World, play_id: str) -> Forecast:
    return (await it.plays.get("owner", play_id)).forecast


async def seconds(it: World, play_id: str) -> int:
    soon = (await forecast(it, play_id)).soon
    assert soon is not None
    return round(soon.total_seconds())


async def test_starts_in_front_take_as_long_as_others_took_lately(tmp_path: Path) -> None:
    host = FakeHost(tempers={"slow": Temper(boot=3600)})
    async with world(tmp_path, host, FAST.model_copy(update={"starting_at_once": 1})) as it:
        running = asyncio.create_task(it.reconciler.run())
        slow = await becomes(it, await create(it, "slow"), PlayState.STARTING)
        it.clock.advance(timedelta(seconds=10))
        first = await create(it, "a")
        assert (await forecast(it, first)).latest == slow.state_at + FAST.start_deadline, "no start is known yet"
        await it.store.insert(gone(slow, took=timedelta(seconds=40)))
        it.clock.advance(timedelta(microseconds=1))  # of two at the very same time, either may be the first
        second = await create(it, "b")
        assert [await seconds(it, each) for each in (first, second)] == [30, 70]
        await it.plays.destroy("owner", first)
        assert await seconds(it, second) == 30, "as soon as somebody in front leaves"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def gone(row: PlayRow, *, took: timedelta) -> PlayRow:
    """A play of before, whose start took that long."""
    way = ((PlayState.STARTING, timedelta()), (PlayState.RUNNING, took), (PlayState.DESTROYED, took))
    events = tuple(StateEvent(state=state, at=row.created_at + after) for state, after in way)
    return replace(row, id="0" * 24, state=PlayState.DESTROYED, desired=Desired.DESTROYED, events=events, report=None)


async def test_a_stop_that_is_under_way_is_waited_for_and_no_more(tmp_path: Path) -> None:
    host = FakeHost(memory=GIB, tempers={"last": Temper(stop_hangs=True)})
    async with world(tmp_path, host) as it:
        running = asyncio.create_task(it.reconciler.run())
        play = await create(it, "last", memory="1GiB")
        await becomes(it, play, PlayState.RUNNING)
        waiting = await create(it, memory="1GiB")
        assert (await forecast(it, waiting)).latest is not None
        await it.plays.stop("owner", play)
        assert await forecast(it, waiting) == Forecast(soon=STOP_TAKES)
        it.clock.advance(timedelta(minutes=1))
        assert await forecast(it, waiting) == Forecast(soon=timedelta()), "any moment"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_goes_on_comes_first(tmp_path: Path) -> None:
    """A stopped play that shall go on takes the room that is free before those who wait for their first start."""
    async with world(tmp_path, FakeHost(memory=GIB)) as it:
        running = asyncio.create_task(it.reconciler.run())
        stopped = await create(it, memory="1GiB")
        await becomes(it, stopped, PlayState.RUNNING)
        await it.plays.stop("owner", stopped)
        await becomes(it, stopped, PlayState.STOPPED)
        second = await create(it, memory="1GiB")
        await becomes(it, second, PlayState.RUNNING)
        await it.plays.set_max_play_time("owner", stopped, 60)
        await it.plays.restart("owner", stopped)
        waiting = await create(it, memory="1GiB")
        latest = (await forecast(it, waiting)).latest
        end = (await it.store.get(second)).expires_at
        assert end is not None and latest == end + timedelta(hours=1) + 2 * FAST.stop_deadline
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
