"""Verbs that come at the wrong moment, or together: the play ends as it was last told to, and nothing is lost or left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.contract.host_contract import ID as PLAY
from tests.contract.host_contract import OTHER, listed, output, reached, until
from tests.support import leftovers
from tests.support.box import Box, small_plan

from labyard.play.status import MachineState, PlayReport, PlayState, Reason, TaskStatus
from labyard.play.streams import Channel, Exec

pytestmark = pytest.mark.vm

PATIENCE = 120


MOMENTS = ("accepted", "launching", "booting", "preparing")


def being(state: MachineState) -> Callable[[PlayReport], bool]:
    ready = state is MachineState.RUNNING
    return lambda report: any(m.state is state and m.ready is ready for m in report.machines)


async def come(box: Box, moment: str) -> PlayReport:
    """Wait until a start has come so far."""
    if moment == "launching":
        return await until(box.host, PLAY, being(MachineState.STARTING))
    if moment == "booting":
        while not any(machine.pid for machine in await box.host.debug(PLAY)):  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0.01)
    if moment == "preparing":
        return await until(box.host, PLAY, lambda report: any(t.status is TaskStatus.RUNNING for t in report.tasks))
    report = await listed(box.host, PLAY)
    assert report is not None
    return report


COUNTING = "echo once >>/count; sleep 1"


async def printed(box: Box, script: str) -> str:
    heard, _ = await output(await box.host.open(PLAY, "node-01", Exec(argv=("sh", "-c", script))))
    return heard.get(Channel.STDOUT, b"").decode()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_destroy_during_a_start(box: Box, moment: str) -> None:
    async with asyncio.timeout(PATIENCE):
        await box.host.start(PLAY, small_plan(COUNTING, warm=False))
        await come(box, moment)
        await asyncio.gather(box.host.destroy(PLAY), box.host.destroy(PLAY))
    left = leftovers.look(box.data, box.mark)
    assert not left, left


async def test_stop_during_a_start_then_go_on(box: Box) -> None:
    async with asyncio.timeout(PATIENCE):
        await box.host.start(PLAY, small_plan(COUNTING, warm=False))
        await come(box, "booting")
        await asyncio.gather(box.host.stop(PLAY), box.host.stop(PLAY))
        left = leftovers.look(box.data, box.mark)
        assert not (left.processes or left.namespaces or left.links), left
        await asyncio.gather(box.host.restart(PLAY), box.host.restart(PLAY))
        await reached(box.host, PLAY, PlayState.RUNNING)
        assert await printed(box, "cat /count") == "once\n"


@pytest.mark.parametrize("moment", MOMENTS)
async def test_an_engine_that_ends_during_a_start_finishes_it_later(box: Box, moment: str) -> None:
    async with asyncio.timeout(PATIENCE):
        await box.host.start(PLAY, small_plan(COUNTING, warm=False))
        before = await come(box, moment)
        await box.leave()
        await box.enter()
        after = await reached(box.host, PLAY, PlayState.RUNNING)
        assert after.version > before.version
        assert await printed(box, "cat /count") == "once\n"


async def test_machine_verbs_that_come_together(box: Box) -> None:
    async with asyncio.timeout(PATIENCE):
        await box.host.start(PLAY, small_plan())
        await reached(box.host, PLAY, PlayState.RUNNING)
        stops = [box.host.machine(PLAY, "node-01", "stop") for _ in range(2)]
        await asyncio.gather(*stops, box.host.machine(PLAY, "node-01", "restart"))
        await until(box.host, PLAY, being(MachineState.RUNNING))
        await box.host.machine(PLAY, "node-01", "stop")
        restarting = asyncio.create_task(box.host.machine(PLAY, "node-01", "restart"))
        await asyncio.gather(restarting, box.host.stop(PLAY), return_exceptions=True)
        report = await listed(box.host, PLAY)
        assert report is not None
        assert report.state is PlayState.STOPPED
        left = leftovers.look(box.data, box.mark)
        assert not (left.processes or left.namespaces or left.links), left


async def test_a_play_that_failed_keeps_its_machines_and_can_be_tried_again(box: Box) -> None:
    """Also across a restart of the engine; another try runs the failed task again, from a fresh boot."""
    async with asyncio.timeout(PATIENCE):
        await box.host.start(PLAY, small_plan("test -e /mended || exit 7"))
        failed = await reached(box.host, PLAY, PlayState.FAILED)
        assert failed.reason is Reason.INIT_TASK_FAILED
        assert "prepare" in failed.detail
        assert "7" in failed.detail
        await box.leave()
        await box.enter()
        await until(box.host, PLAY, being(MachineState.RUNNING))
        report = await listed(box.host, PLAY)
        assert report is not None
        assert (report.state, report.reason) == (PlayState.FAILED, Reason.INIT_TASK_FAILED)
        await printed(box, "touch /mended; sync")
        await box.host.restart(PLAY)
        await reached(box.host, PLAY, PlayState.RUNNING)


async def test_a_machine_that_went_off_while_nobody_looked(box: Box) -> None:
    """The play goes on without it: a learner may switch a machine off."""
    async with asyncio.timeout(PATIENCE):
        await box.host.start(PLAY, small_plan())
        await reached(box.host, PLAY, PlayState.RUNNING)
        await printed(box, "(sleep 1; poweroff -f) >/dev/null 2>&1 &")
        await box.leave()
        await asyncio.sleep(3)  # nobody is there to be asked
        await box.enter()
        await until(box.host, PLAY, being(MachineState.STOPPED))
        report = await listed(box.host, PLAY)
        assert report is not None
        assert report.state is PlayState.RUNNING
        await box.host.machine(PLAY, "node-01", "restart")
        await until(box.host, PLAY, being(MachineState.RUNNING))


async def test_time_that_is_up_ends_several_plays_at_once(box: Box) -> None:
    async with asyncio.timeout(PATIENCE):
        for play in (PLAY, OTHER):
            await box.host.start(play, small_plan(), lifetime=1)
        for play in (PLAY, OTHER):
            report = await reached(box.host, play, PlayState.STOPPED)
            assert report.reason is Reason.EXPIRED
        await box.host.restart(PLAY)
        await reached(box.host, PLAY, PlayState.RUNNING)
