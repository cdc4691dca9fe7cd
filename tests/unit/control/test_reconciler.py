from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.control.conftest import FAST, World, manifest, world

from labyard.control.forecast import Forecast
from labyard.control.planning import NewPlay
from labyard.control.refusals import TooManyError
from labyard.errors import ConflictError, NotFoundError
from labyard.hosts.fake import GIB, FakeHost, Temper
from labyard.hosts.fake_plans import fake_plan
from labyard.play.status import PlayState, Reason, TaskStatus
from labyard.store.plays import PlayRow

pytestmark = pytest.mark.usefixtures("each_database")


async def create(it: World, name: str = "good", memory: str = "512MiB") -> str:
    return (await it.plays.create("owner", NewPlay(manifest=manifest(name, memory)))).row.id


async def becomes(it: World, play_id: str, state: PlayState) -> PlayRow:
    """Wait for it; the reconciler must be running, or `poke` enough."""
    async with asyncio.timeout(5):
        with it.changes.follow(play_id) as changed:
            while (row := await it.store.get(play_id)).state is not state:
                await changed.wait()
                changed.clear()
    return row


@pytest.fixture
async def it(tmp_path: Path):  # type: ignore[no-untyped-def]
    async with world(tmp_path) as made:
        running = asyncio.create_task(made.reconciler.run())
        yield made
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_row_comes_before_the_host(tmp_path: Path) -> None:
    host = FakeHost(tempers={"shy": Temper(start_refusals=1)})
    async with world(
        tmp_path, host, FAST.model_copy(update=dict.fromkeys(("retry_first", "retry_most"), timedelta(minutes=1)))
    ) as it:
        play_id = await create(it, "shy")
        assert (await it.store.get(play_id)).state is PlayState.CREATED
        assert not host.journal.plays


async def test_a_failed_preparation_says_which_and_leaves_machines_reachable(it: World) -> None:
    it.host.tempers["bad"] = Temper(failing_task="prepare")
    row = await becomes(it, await create(it, "bad"), PlayState.FAILED)
    assert row.reason is Reason.INIT_TASK_FAILED and "prepare on node-01" in row.detail
    assert row.report is not None and row.report.machines[0].ready
    assert row.report.tasks[0].status is TaskStatus.FAILED


async def test_a_start_that_is_refused_for_ever_is_given_up(it: World) -> None:
    it.host.tempers["never"] = Temper(start_refusals=1000)
    row = await becomes(it, await create(it, "never"), PlayState.FAILED)
    assert row.reason is Reason.INTERNAL and "refuses" in row.detail
    assert not it.host.journal.plays
    with pytest.raises(ConflictError):
        await it.plays.restart("owner", row.id)


async def test_lost_events_are_found_by_comparing(it: World) -> None:
    it.host.tempers["silent"] = Temper(loses_events=True)
    await becomes(it, await create(it, "silent"), PlayState.RUNNING)


async def test_a_stubborn_machine_is_asked_again(it: World) -> None:
    it.host.tempers["stubborn"] = Temper(stop_refusals=3, destroy_refusals=3)
    play_id = await create(it, "stubborn")
    await becomes(it, play_id, PlayState.RUNNING)
    await it.plays.stop("owner", play_id)
    await becomes(it, play_id, PlayState.STOPPED)
    await it.plays.destroy("owner", play_id)
    await becomes(it, play_id, PlayState.DESTROYED)
    assert not it.host.journal.plays


async def test_the_box_restarts(it: World) -> None:
    play_id = await create(it)
    await becomes(it, play_id, PlayState.RUNNING)
    it.host.power_cut()
    row = await becomes(it, play_id, PlayState.STOPPED)
    assert row.reason is Reason.HOST_RESTARTED
    await it.plays.restart("owner", play_id)
    assert (await becomes(it, play_id, PlayState.RUNNING)).reason is None


async def test_what_vanished_is_told(it: World) -> None:
    play_id = await create(it)
    await becomes(it, play_id, PlayState.RUNNING)
    it.host.lose(play_id)
    assert (await becomes(it, play_id, PlayState.FAILED)).reason is Reason.HOST_RESTARTED


async def test_time_runs_out_and_then_it_is_forgotten(it: World) -> None:
    play_id = await create(it)
    await becomes(it, play_id, PlayState.RUNNING)
    it.clock.advance(timedelta(hours=8))
    assert (await becomes(it, play_id, PlayState.STOPPED)).reason is Reason.EXPIRED
    it.clock.advance(timedelta(days=14))
    assert (await becomes(it, play_id, PlayState.DESTROYED)).reason is Reason.EXPIRED
    it.clock.advance(timedelta(days=7))
    async with asyncio.timeout(5):
        while await it.rows():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    with pytest.raises(NotFoundError):
        await it.plays.get("owner", play_id)


async def test_strangers_get_a_grace_then_go(tmp_path: Path) -> None:
    async with world(tmp_path) as it:
        await it.host.start("a" * 24, fake_plan())
        await it.settle()
        it.clock.advance(FAST.orphan_grace - timedelta(seconds=1))
        await it.settle()
        assert it.host.journal.plays
        it.clock.advance(timedelta(seconds=1))
        await it.settle()
        assert not it.host.journal.plays


async def test_first_come_first_served(tmp_path: Path) -> None:
    async with world(tmp_path, FakeHost(memory=GIB)) as it:
        running = asyncio.create_task(it.reconciler.run())
        first = await create(it, memory="768MiB")
        await becomes(it, first, PlayState.RUNNING)
        big = await create(it, memory="1GiB")
        it.clock.advance(timedelta(microseconds=1))  # of two at the very same time, either may be the first
        small = await create(it, memory="256MiB")
        await it.settle(2)
        assert [(await it.plays.get("owner", each)).place for each in (first, big, small)] == [None, 1, 2]
        await it.plays.destroy("owner", first)
        await becomes(it, big, PlayState.RUNNING)
        assert (await it.store.get(small)).state is PlayState.CREATED
        await it.plays.destroy("owner", big)
        await becomes(it, small, PlayState.RUNNING)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_another_servers_plays_are_taken_over(tmp_path: Path) -> None:
    async with world(tmp_path) as it:
        play_id = await create(it)
        await it.settle(3)
        it.host = FakeHost(journal=it.host.journal)
        it.reboot_server()
        running = asyncio.create_task(it.reconciler.run())
        await becomes(it, play_id, PlayState.RUNNING)
        assert [verb for verb, _ in it.host.calls if verb == "start"] == []
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_other_peoples_plays_are_not_told(it: World) -> None:
    play_id = await create(it)
    for ask in (it.plays.get, it.plays.stop, it.plays.destroy):
        with pytest.raises(NotFoundError):
            await ask("somebody", play_id)


async def test_limits_of_an_owner(tmp_path: Path) -> None:
    policy = FAST.model_copy(update={"plays_at_most": 2, "starts_per_minute": 3})
    async with world(tmp_path, policy=policy) as it:
        ids = [await create(it), await create(it)]
        with pytest.raises(TooManyError, match="2 plays"):
            await create(it)
        for play_id in ids:
            await it.plays.destroy("owner", play_id)
        await it.settle(3)
        await create(it)
        with pytest.raises(TooManyError, match="within a minute"):
            await create(it)
        it.clock.advance(timedelta(minutes=1, seconds=1))
        await create(it)


async def test_set_max_play_time_counts_from_the_start(it: World) -> None:
    play_id = await create(it)
    begun = (await becomes(it, play_id, PlayState.RUNNING)).expires_at
    assert begun is not None
    it.clock.advance(timedelta(minutes=30))
    row = (await it.plays.set_max_play_time("owner", play_id, 60)).row
    assert row.expires_at == begun - timedelta(hours=7)
    with pytest.raises(ConflictError):
        await it.plays.set_max_play_time("owner", play_id, 20)


@pytest.mark.slow
async def test_a_hundred_plays(tmp_path: Path) -> None:
    policy = FAST.model_copy(update={"verb_limit": timedelta(seconds=5), "tick": timedelta(seconds=1)})
    async with world(tmp_path, FakeHost(memory=1000 * GIB), policy) as it:
        running = asyncio.create_task(it.reconciler.run())
        ids = [await create(it) for _ in range(100)]
        async with asyncio.timeout(30):
            for play_id in ids:
                await becomes(it, play_id, PlayState.RUNNING)
            await asyncio.gather(*(it.plays.destroy("owner", play_id) for play_id in ids))
            for play_id in ids:
                await becomes(it, play_id, PlayState.DESTROYED)
        assert not it.host.journal.plays
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_waits_begins_by_the_time_that_was_told(tmp_path: Path) -> None:
    async with world(tmp_path, FakeHost(memory=GIB)) as it:
        running = asyncio.create_task(it.reconciler.run())
        first = await create(it, memory="1GiB")
        await becomes(it, first, PlayState.RUNNING)
        await it.plays.set_max_play_time("owner", first, 90)
        waiting = await create(it, memory="1GiB")
        told = (await it.plays.get("owner", waiting)).forecast
        assert told.soon is None and told.latest == it.clock.now + timedelta(minutes=90) + FAST.stop_deadline
        it.clock.advance(timedelta(minutes=90))
        await becomes(it, waiting, PlayState.RUNNING)
        assert (await it.plays.get("owner", waiting)).forecast == Forecast()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_nothing_is_told_while_nobody_must_end(tmp_path: Path) -> None:
    async with world(tmp_path, FakeHost(memory=GIB)) as it:
        running = asyncio.create_task(it.reconciler.run())
        first = await create(it, memory="1GiB")
        await becomes(it, first, PlayState.RUNNING)
        await it.plays.make_persistent("owner", first)
        view = await it.plays.get("owner", await create(it, memory="1GiB"))
        assert (view.place, view.forecast) == (1, Forecast())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
