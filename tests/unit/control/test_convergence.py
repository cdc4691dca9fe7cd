"""Whatever happens, in whatever order, cut wherever: in the end every play is where it should be, and says why."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.support.database import Kind, databases_are
from tests.unit.control.conftest import FAST, World, manifest, world

from labyard.control.planning import NewPlay
from labyard.errors import ConflictError, MachineError, NotFoundError
from labyard.hosts.fake import FakeHost, Temper
from labyard.hosts.fake_plans import fake_plan
from labyard.play.status import PlayState
from labyard.store.plays import Desired

TEMPERS = {
    "good": Temper(),
    "slow": Temper(boot=0.01),
    "silent": Temper(loses_events=True),
    "never": Temper(never_ready=True),
    "mortal": Temper(dies_after=0.002),
    "stubborn": Temper(stop_refusals=3, destroy_refusals=3),
    "hanging": Temper(stop_hangs=True),
    "shy": Temper(start_refusals=2),
    "unprepared": Temper(failing_task="prepare"),
    "clumsy": Temper(keeping_refusals=2),
    "frozen": Temper(keeping_hangs=True),
}


class Act(Enum):
    STOP = auto()
    RESTART = auto()
    DESTROY = auto()
    FORK = auto()
    SNAPSHOT = auto()
    REWIND = auto()
    REMOVE_SNAPSHOT = auto()
    CUT_REWIND = auto()
    STEP = auto()
    CUT_STEP = auto()
    TICK = auto()
    REBOOT_SERVER = auto()
    POWER_CUT = auto()
    LOSE = auto()
    STRANGER = auto()
    WAIT = auto()
    HOUR = auto()
    FORTNIGHT = auto()


@dataclass(frozen=True)
class Event:
    act: Act
    play: int
    number: int


EVENTS = st.builds(Event, st.sampled_from(Act), st.integers(0, 5), st.integers(1, 12))


async def happen(it: World, event: Event, ids: list[str]) -> None:  # noqa: C901 - one line per act
    play_id = ids[event.play % len(ids)]
    name = f"s{event.number % 2}"
    with contextlib.suppress(ConflictError, NotFoundError, MachineError):
        match event.act:
            case Act.STOP:
                await it.plays.stop("owner", play_id)
            case Act.RESTART:
                await it.plays.restart("owner", play_id)
            case Act.DESTROY:
                await it.plays.destroy("owner", play_id)
            case Act.FORK:
                ids.append((await it.plays.fork("owner", play_id)).row.id)
            case Act.SNAPSHOT:
                await it.plays.snapshot("owner", play_id, name)
            case Act.REWIND:
                await it.plays.rewind("owner", play_id, name)
            case Act.REMOVE_SNAPSHOT:
                await it.plays.remove_snapshot("owner", play_id, name)
            case Act.CUT_REWIND:
                await cut(it, it.plays.rewind("owner", play_id, name), event.number)
            case Act.STEP:
                await it.reconciler.step(play_id)
            case Act.CUT_STEP:
                await cut(it, it.reconciler.step(play_id), event.number)
            case Act.TICK:
                await it.settle()
            case Act.REBOOT_SERVER:
                it.reboot_server()
            case Act.POWER_CUT:
                it.host.power_cut()
            case Act.LOSE if play_id in it.host.journal.plays:
                it.host.lose(play_id)
            case Act.STRANGER:
                await it.host.start(f"{event.number:024x}", fake_plan())
            case Act.WAIT:
                await asyncio.sleep(0.003)
            case Act.HOUR:
                it.clock.advance(timedelta(hours=1))
            case Act.FORTNIGHT:
                it.clock.advance(timedelta(days=14))
            case _:
                pass


async def cut(it: World, work: Coroutine[Any, Any, object], after: int) -> None:
    """Take a step, or do what somebody asked, and cut it after so many turns of the event loop."""
    step = asyncio.create_task(work)
    for _ in range(after):
        await asyncio.sleep(0)
    step.cancel()
    await asyncio.gather(step, return_exceptions=True)
    it.reboot_server()


async def converge(it: World) -> None:
    """Let time pass until every deadline has come, well before stopped plays are too old."""
    for _ in range(4):
        await it.settle(2)
        await asyncio.sleep(0.012)
        it.clock.advance(FAST.start_deadline)
    await it.settle(3)


async def check(it: World) -> None:
    here = {report.id: report for report in await it.host.list()}
    rows = await it.rows()
    assert set(here) <= {row.id for row in rows}, "a stranger was left"
    for row in rows:
        report = here.get(row.id)
        assert row.state in (PlayState.RUNNING, PlayState.STOPPED, PlayState.FAILED, PlayState.DESTROYED)
        assert row.state is PlayState.RUNNING or row.reason is not None
        states = [event.state for event in row.events]
        assert all(before.may_become(after) for before, after in pairwise(states))
        hangs = row.playground == "hanging"
        match row.state:
            case PlayState.DESTROYED:
                assert row.desired is Desired.DESTROYED and report is None
            case PlayState.RUNNING:
                assert row.desired is Desired.RUNNING and report is not None and report.state is PlayState.RUNNING
            case PlayState.STOPPED:
                assert report is not None and report.state is PlayState.STOPPED
            case _:
                rests = report is None or report.state in (PlayState.FAILED, PlayState.STOPPED)
                assert rests or (hangs and row.desired is Desired.STOPPED)


async def story(folder: Path, kinds: list[str], events: list[Event]) -> None:
    async with asyncio.timeout(20), world(folder, FakeHost(tempers=TEMPERS)) as it:
        ids = [(await it.plays.create("owner", NewPlay(manifest=manifest(kind)))).row.id for kind in kinds]
        for event in events:
            await happen(it, event, ids)
        await converge(it)
        await check(it)


@settings(
    max_examples=settings().max_examples // 4,  # each is a story of many turns
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(kinds=st.lists(st.sampled_from(sorted(TEMPERS)), min_size=1, max_size=4), events=st.lists(EVENTS, max_size=15))
def test_everything_converges(kinds: list[str], events: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(Path(folder), kinds, events))


@settings(max_examples=max(2, settings().max_examples // 20), deadline=None, phases=(Phase.explicit, Phase.generate))
@given(kinds=st.lists(st.sampled_from(sorted(TEMPERS)), min_size=1, max_size=4), events=st.lists(EVENTS, max_size=15))
def test_everything_converges_with_postgresql(kinds: list[str], events: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder, databases_are(Kind.POSTGRESQL):
        asyncio.run(story(Path(folder), kinds, events))
