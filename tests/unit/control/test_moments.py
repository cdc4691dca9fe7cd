"""Forks, snapshots and rewinds as people ask for them: what they get, and what they hear when it cannot be."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.control.conftest import FAST, World, manifest, world
from tests.unit.control.test_reconciler import becomes, create

from labyard.control.planning import NewPlay
from labyard.control.refusals import BadRequestError, TooManyError
from labyard.errors import ConflictError, MachineError, NotFoundError
from labyard.hosts.fake import GIB, FakeHost, Temper
from labyard.play.status import PlayState, Reason, TaskStatus

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
async def it(tmp_path: Path):  # type: ignore[no-untyped-def]
    async with world(tmp_path) as made:
        running = asyncio.create_task(made.reconciler.run())
        yield made
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def begun(it: World, name: str = "good") -> str:
    play_id = await create(it, name)
    await becomes(it, play_id, PlayState.RUNNING)
    return play_id


async def stopped(it: World, play_id: str) -> None:
    await it.plays.stop("owner", play_id)
    await becomes(it, play_id, PlayState.STOPPED)


@pytest.mark.parametrize("at_rest", [False, True])
async def test_a_fork_is_a_play_of_its_own(it: World, at_rest: bool) -> None:
    source = await begun(it)
    if at_rest:
        await stopped(it, source)
    view = await it.plays.fork("owner", source)
    assert (view.row.origin, view.row.title) == (source, "Fork of Playground good")
    fork = await becomes(it, view.row.id, PlayState.RUNNING)
    assert fork.plan == (await it.store.get(source)).plan and fork.expires_at is not None
    assert fork.report is not None and fork.report.tasks[0].status is TaskStatus.COMPLETED
    assert (await it.store.get(source)).state is (PlayState.STOPPED if at_rest else PlayState.RUNNING)
    assert next(verb for verb, play_id in it.host.calls if play_id == fork.id) == "fork"
    assert (await it.plays.fork("owner", fork.id)).row.title == "Fork of Playground good"


@pytest.mark.parametrize("undone", ["lost", "destroyed", "failed"])
async def test_a_fork_whose_source_is_not_there_when_its_turn_comes_fails_at_once(tmp_path: Path, undone: str) -> None:
    async with world(tmp_path, FakeHost(memory=768 << 20)) as it:
        source = await create(it)
        await it.settle(3)
        fork = (await it.plays.fork("owner", source)).row.id  # has to wait for room
        await it.settle(2)
        it.host.memory = GIB
        match undone:
            case "lost":
                it.host.lose(source)
            case "destroyed":
                await it.host.destroy(source)
            case _:
                there = it.host.journal.plays[source]
                there.report = there.report.model_copy(update={"state": PlayState.FAILED})
        await it.settle()
        row = await it.store.get(fork)
        assert (row.state, row.reason) == (PlayState.FAILED, Reason.ORIGIN_GONE)
        assert source in row.detail
        assert it.host.calls.count(("fork", fork)) == 1
        with pytest.raises(ConflictError):
            await it.plays.restart("owner", fork)


async def test_forks_count_as_starts(tmp_path: Path) -> None:
    async with world(tmp_path, policy=FAST.model_copy(update={"plays_at_most": 2})) as it:
        source = await create(it)
        await it.settle(3)
        await it.plays.fork("owner", source)
        with pytest.raises(TooManyError):
            await it.plays.fork("owner", source)


async def test_what_is_on_its_way_is_not_forked_or_kept(tmp_path: Path) -> None:
    async with world(tmp_path, FakeHost(tempers={"never": Temper(never_ready=True)})) as it:
        play_id = await create(it, "never")
        for _ in range(2):
            with pytest.raises(ConflictError, match="RUNNING or STOPPED"):
                await it.plays.fork("owner", play_id)
            with pytest.raises(ConflictError):
                await it.plays.snapshot("owner", play_id, "one")
            await it.settle(2)
        assert len(await it.rows()) == 1
        assert await it.plays.moments.list("owner", play_id) == []


async def test_snapshots_are_listed_and_removed(it: World) -> None:
    play_id = await begun(it)
    for name in ("one", "two.2-b_c", "0"):
        await it.plays.snapshot("owner", play_id, name)
    assert [each.name for each in await it.plays.moments.list("owner", play_id)] == ["one", "two.2-b_c", "0"]
    with pytest.raises(ConflictError, match="one already"):
        await it.plays.snapshot("owner", play_id, "one")
    await it.plays.remove_snapshot("owner", play_id, "one")
    with pytest.raises(NotFoundError, match=r"two\.2-b_c, 0"):
        await it.plays.remove_snapshot("owner", play_id, "one")


@pytest.mark.parametrize("name", ["", "A", "-a", ".", "a/b", "a b", "x" * 64, "../x", "ä", "a\n"])
async def test_names_that_are_none(it: World, name: str) -> None:
    play_id = await begun(it)
    with pytest.raises(BadRequestError):
        await it.plays.snapshot("owner", play_id, name)
    with pytest.raises(NotFoundError):
        await it.plays.rewind("owner", play_id, name)


async def test_snapshots_at_most(tmp_path: Path) -> None:
    async with world(tmp_path, policy=FAST.model_copy(update={"snapshots_at_most": 2})) as it:
        play_id = await create(it)
        await it.settle(3)
        told = await asyncio.gather(
            *(it.plays.snapshot("owner", play_id, f"s{number}") for number in range(4)), return_exceptions=True
        )
        assert sum(isinstance(each, TooManyError) for each in told) == 2
        assert len(await it.plays.moments.list("owner", play_id)) == 2


async def test_rewind_of_a_running_play(it: World) -> None:
    play_id = await begun(it)
    it.host.guest(play_id, "node-01").files["/a"] = b"then"
    await it.plays.snapshot("owner", play_id, "one")
    it.host.guest(play_id, "node-01").files["/a"] = b"now"
    before = await it.store.get(play_id)
    report = (await it.plays.rewind("owner", play_id, "one")).row.report
    assert report is not None and report.version > (before.report.version if before.report else 0)
    row = await becomes(it, play_id, PlayState.RUNNING)
    assert it.host.guest(play_id, "node-01").files["/a"] == b"then"
    assert row.expires_at == before.expires_at


async def test_rewind_of_a_stopped_play_restarts_it(it: World) -> None:
    play_id = await begun(it)
    await it.plays.snapshot("owner", play_id, "one")
    it.host.guest(play_id, "node-01").files["/a"] = b"now"
    await stopped(it, play_id)
    assert (await it.plays.rewind("owner", play_id, "one")).row.state is PlayState.STARTING
    await becomes(it, play_id, PlayState.RUNNING)
    assert it.host.guest(play_id, "node-01").files == {}


async def test_rewind_to_nowhere_changes_nothing(it: World) -> None:
    play_id = await begun(it)
    await stopped(it, play_id)
    before = await it.store.get(play_id)
    with pytest.raises(NotFoundError, match="no snapshot 'nope'"):
        await it.plays.rewind("owner", play_id, "nope")
    assert await it.store.get(play_id) == before


async def test_what_failed_and_was_stopped_can_be_rewound(it: World) -> None:
    it.host.tempers["mortal"] = Temper(dies_after=1.0)
    play_id = await begun(it, "mortal")
    await it.plays.snapshot("owner", play_id, "one")
    await becomes(it, play_id, PlayState.FAILED)
    with pytest.raises(ConflictError):
        await it.plays.rewind("owner", play_id, "one")
    await it.plays.stop("owner", play_id)
    async with asyncio.timeout(5):
        while it.host.journal.plays[play_id].report.state is not PlayState.STOPPED:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    await it.reconciler.settled()
    await it.plays.rewind("owner", play_id, "one")
    await becomes(it, play_id, PlayState.RUNNING)


async def test_a_host_that_hangs_or_refuses_says_so_and_nothing_is_lost(it: World) -> None:
    it.host.tempers |= {"frozen": Temper(keeping_hangs=True), "clumsy": Temper(keeping_refusals=1)}
    frozen, clumsy = await begun(it, "frozen"), await begun(it, "clumsy")
    with pytest.raises(ConflictError, match="given up"):
        await it.plays.snapshot("owner", frozen, "one")
    with pytest.raises(MachineError):
        await it.plays.snapshot("owner", clumsy, "one")
    await it.plays.snapshot("owner", clumsy, "one")
    fork = await it.plays.fork("owner", frozen)
    row = await becomes(it, fork.row.id, PlayState.FAILED)
    assert row.reason is Reason.INTERNAL
    for play_id in (frozen, clumsy):
        assert (await it.store.get(play_id)).state is PlayState.RUNNING


async def test_destroyed_while_it_is_frozen(it: World) -> None:
    it.host.tempers["frozen"] = Temper(keeping_hangs=True)
    play_id = await begun(it, "frozen")
    taking = asyncio.create_task(it.plays.snapshot("owner", play_id, "one"))
    await asyncio.sleep(0.005)
    await it.plays.destroy("owner", play_id)
    await becomes(it, play_id, PlayState.DESTROYED)
    with pytest.raises(ConflictError):
        await taking
    with pytest.raises(ConflictError, match="gone"):
        await it.plays.rewind("owner", play_id, "one")


async def test_two_stops_at_once(it: World) -> None:
    play_id = await begun(it)
    await asyncio.gather(*(it.plays.stop("owner", play_id) for _ in range(2)))
    assert (await becomes(it, play_id, PlayState.STOPPED)).reason is Reason.STOPPED
    assert len([verb for verb, _ in it.host.calls if verb == "stop"]) == 1


async def test_memory_is_kept_and_init_tasks_run_once(it: World) -> None:
    play_id = await begun(it)
    before = (await it.store.get(play_id)).report
    await stopped(it, play_id)
    await it.plays.restart("owner", play_id)
    after = (await becomes(it, play_id, PlayState.RUNNING)).report
    assert before is not None and after is not None and after.tasks == before.tasks


async def test_a_cold_start_takes_no_snapshot(tmp_path: Path) -> None:
    async with world(tmp_path) as it:
        for cold in (False, True, False):
            it.clock.advance(timedelta(seconds=1))
            new = NewPlay(manifest=manifest("good"), cold=cold)
            play_id = (await it.plays.create("owner", new)).row.id
            await it.settle(3)
            row = await it.store.get(play_id)
            assert (row.cold, row.state) == (cold, PlayState.RUNNING)
            assert it.host.journal.plays[play_id].cold is cold


async def test_moments_of_other_peoples_plays_are_not_told(it: World) -> None:
    play_id = await begun(it)
    await it.plays.snapshot("owner", play_id, "one")
    for call in (
        it.plays.fork("somebody", play_id),
        it.plays.snapshot("somebody", play_id, "two"),
        it.plays.rewind("somebody", play_id, "one"),
        it.plays.remove_snapshot("somebody", play_id, "one"),
        it.plays.moments.list("somebody", play_id),
    ):
        with pytest.raises(NotFoundError):
            await call
    assert len(await it.plays.moments.list("owner", play_id)) == 1
