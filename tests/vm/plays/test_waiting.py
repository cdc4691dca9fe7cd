"""Plays that wait for somebody, on real machines: whoever starts one gets it at once, as their own; none is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.host_contract import ID as PLAY
from tests.contract.host_contract import OTHER, listed
from tests.support import leftovers
from tests.support.box import Box, small_plan
from tests.support.cut import cut
from tests.support.plays import PATIENCE, printed, runs, started

from labyard.engine.live_play import LivePlay
from labyard.errors import CapacityError
from labyard.machine.process import find_all
from labyard.play.plan import PlayPlan

pytestmark = pytest.mark.vm

THIRD = "0123456789abcdef01234569"
PLAN = small_plan("echo waiting")


@pytest.fixture
async def box(own_box: None, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    monkeypatch.setenv("LABYARD_WAITING_EACH", "1")
    box = Box(folder / "waiting")
    await box.enter()
    yield box
    await box.clear()


def who_waits(box: Box) -> list[LivePlay]:
    assert box.engine is not None
    return [play for play in box.engine._plays.values() if play.entry.internal and play.at_rest]


async def one_waits(box: Box) -> LivePlay:
    async with asyncio.timeout(PATIENCE):
        while not (found := who_waits(box)):  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.05)
    return found[0]


async def taken(box: Box, play: str, plan: PlayPlan = PLAN) -> None:
    """A start that gets the one that waits."""
    waiting = await one_waits(box)
    processes = {name: machine.process for name, machine in waiting.machines.items()}
    await started(box, play, plan)
    assert box.engine is not None
    assert {name: each.process for name, each in box.engine.play(play).machines.items()} == processes


RANDOM = "head -c 64 /dev/urandom | od -An -tx8"


async def test_a_start_takes_the_one_that_waits_as_its_own(box: Box) -> None:
    await started(box, PLAY, PLAN)
    assert [report.id for report in await box.host.list()] == [PLAY], "who waits is nobody's, and not told"
    used = (await box.host.capacity()).memory_used
    await one_waits(box)
    assert (await box.host.capacity()).memory_used == used
    seen = [set((await printed(box, PLAY, RANDOM)).split())]
    for play in (OTHER, THIRD):
        await taken(box, play)
        report = await listed(box.host, play)
        assert report is not None and all(machine.ready for machine in report.machines)
        assert abs(int(await printed(box, play, "date +%s")) - time.time()) < PATIENCE / 10, "it did not stop with it"
        seen.append(set((await printed(box, play, RANDOM)).split()))
    assert len(set.union(*seen)) == sum(len(each) for each in seen), "no random value comes twice"
    facts = "ip -o -4 addr; hostname; cat /proc/sys/kernel/random/boot_id"
    assert len({await printed(box, play, facts) for play in (PLAY, OTHER, THIRD)}) == 1
    await box.host.stop(OTHER)
    await box.host.restart(OTHER)
    await runs(box, OTHER)
    assert await printed(box, OTHER, "echo on") == "on\n", "it can be stopped and go on as any other"


async def test_one_that_died_is_not_given_out(box: Box) -> None:
    await started(box, PLAY, PLAN)
    waiting = await one_waits(box)
    dead = next(machine.process for machine in waiting.machines.values())
    assert dead is not None
    os.kill(dead.pid, signal.SIGKILL)
    await started(box, OTHER, PLAN)
    assert await printed(box, OTHER, "echo alive") == "alive\n"
    await one_waits(box)
    assert len(find_all(box.mark)) == 3, "two plays, and one that waits: the dead one is gone"


async def test_they_make_room(box: Box) -> None:
    await started(box, PLAY, PLAN)
    await one_waits(box)
    capacity = await box.host.capacity()
    machine = PLAN.machines[0].model_copy(update={"memory": capacity.memory - capacity.memory_used})
    with pytest.raises(CapacityError):
        await box.host.start(OTHER, PLAN.model_copy(update={"machines": (machine,)}))
    assert not who_waits(box)
    assert len(find_all(box.mark)) == 1
    assert await printed(box, PLAY, "echo alive") == "alive\n"


async def test_they_end_with_their_server_however_it_ends(box: Box) -> None:
    await started(box, PLAY, PLAN)
    await one_waits(box)
    await box.leave()
    assert len(find_all(box.mark)) == 1
    await box.enter()
    await started(box, OTHER, PLAN)
    await box.host.destroy(OTHER)
    await box.host.destroy(PLAY)
    await cut(box, "rested", "take", OTHER, "echo waiting")
    await box.host.destroy("f" * 24)
    left = leftovers.look(box.data, box.mark)
    assert not left, left


async def test_a_server_killed_right_after_one_was_taken(box: Box) -> None:
    """The play is its starter's: another server finds it, awake."""
    await started(box, PLAY, PLAN)
    boot = await printed(box, PLAY, "cat /proc/sys/kernel/random/boot_id")
    await box.leave()
    await box.enter()
    await cut(box, "seated", "take", OTHER, "echo waiting")
    await runs(box, OTHER)
    assert await printed(box, OTHER, "cat /proc/sys/kernel/random/boot_id") == boot
    assert len(find_all(box.mark)) == 2
