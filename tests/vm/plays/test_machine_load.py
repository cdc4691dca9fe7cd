"""What a real machine takes: a busy loop is seen on its processors, what is kept in memory is seen in its memory."""

from __future__ import annotations

import asyncio

import pytest
from tests.contract.told import ID, reached
from tests.support.box import Box, small_plan

from labyard.hosts.contract import Host, MachineLoad
from labyard.play.status import PlayState
from labyard.play.streams import Exec

pytestmark = pytest.mark.vm

MIB = 1 << 20
KEPT = 24 * MIB


async def run(host: Host, machine: str, script: str) -> None:
    stream = await host.open(ID, machine, Exec(argv=("sh", "-c", script), user="root"))
    while await stream.receive() is not None:
        pass
    assert (await stream.result()).exit_code == 0


async def share(host: Host, seconds: float) -> tuple[float, MachineLoad]:
    """Of all its processors; and how it stood at the end."""
    first = await host.machine_loads(ID)
    await asyncio.sleep(seconds)
    second = await host.machine_loads(ID)
    before, after = first.machines[0], second.machines[0]
    assert before.cpu_seconds is not None and after.cpu_seconds is not None
    return (after.cpu_seconds - before.cpu_seconds) / (second.at - first.at) / after.cpus, after


async def test_a_busy_loop_and_a_full_memory_are_seen(box: Box) -> None:
    plan = small_plan()
    machine = plan.machines[0].name
    async with asyncio.timeout(180):
        await box.host.start(ID, plan)
        await reached(box.host, ID, PlayState.RUNNING)
        await asyncio.sleep(3)  # what a boot still does
        idle, calm = await share(box.host, 4)
        assert calm.memory is not None and calm.memory_total is not None, "the guest says so itself"
        promised = plan.machines[0].memory
        assert promised is None or 0.5 * promised < calm.memory_total <= promised
        assert 4 * MIB < calm.memory < calm.memory_total
        await run(box.host, machine, "(while :; do :; done) >/dev/null 2>&1 & echo $! >/tmp/loop")
        busy, _ = await share(box.host, 5)
        await run(box.host, machine, "kill $(cat /tmp/loop)")
        # One of its processors does nothing else; this box may be busy with other things meanwhile.
        assert busy > idle + 0.15 / calm.cpus, (idle, busy)
        await run(box.host, machine, f"mkdir -p /run/kept && head -c {KEPT} /dev/zero >/run/kept/zero")
        _, full = await share(box.host, 1)
        assert full.memory is not None and full.memory - calm.memory > KEPT // 2, (calm.memory, full.memory)
        assert full.memory_total == calm.memory_total
        await run(box.host, machine, "rm -r /run/kept")
        await box.host.destroy(ID)
