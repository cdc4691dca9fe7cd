"""Stop a play that has written, and go on: how long until all is kept, and until its shell echoes again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from labyard.cli.client import Api
from labyard.cli.plays import PlayView
from tests.bench.client import client, destroy, in_state, start
from tests.bench.event import key, reached, run
from tests.bench.figure import Figure, alone, beside
from tests.bench.servers import machine_of, nobody_waiting
from tests.bench.warm import DEBIAN, NOBODY, WAITING, warm_start
from tests.support.lab import Lab

WRITTEN_MB = 100
SETTLED_SECONDS = 5.0
"""What a stop leaves to be done behind it is over by then: a restart is not asked for in the same breath."""


async def stop_restart(lab: Lab, rounds: int) -> list[Figure]:
    async with client(lab) as api:
        with_one = await warm_start(lab, api, rounds, waiting=True)
    with nobody_waiting(lab) as other:
        async with client(other) as api:
            with_none = await warm_start(other, api, rounds, waiting=False)
            taken = [await _stop_and_restart(other, api) for _ in range(rounds)]
    restarts = [restart for _, restart in taken]
    written = f"debian with {WRITTEN_MB} MB written"
    return [
        alone(f"stop of {written}", "s", [stop for stop, _ in taken], "told as STOPPED and QEMU gone", limit=0.6),
        beside(f"restart of {written}, key echoed", "s", restarts, with_none, f"a warm start, {NOBODY}", limit=1.5),
        beside(f"restart of {written}, key echoed", "s", restarts, with_one, f"a warm start, {WAITING}", limit=1.5),
    ]


async def _stop_and_restart(lab: Lab, api: Api) -> tuple[float, float]:
    play, _ = await start(api, DEBIAN)
    await key(api, play)
    await write(api, play, WRITTEN_MB)
    stopped = await _stop(lab, api, play)
    await asyncio.sleep(SETTLED_SECONDS)
    began = time.perf_counter()
    _, restarted = await reached(api, await api.act(play, "restart"), began, key)
    await destroy(api, play)
    return stopped, restarted


async def write(api: Api, play: PlayView, megabytes: int, *, machine: str | None = None) -> None:
    """Into the guest's memory, bytes that no two pages have in common."""
    script = f"head -c {megabytes}M /dev/urandom > /dev/shm/written-$$"
    await run(api, play, ("sh", "-c", script), machine=machine)


async def _stop(lab: Lab, api: Api, play: PlayView) -> float:
    process = Path("/proc", str(machine_of(lab, play).pid))
    began = time.perf_counter()
    await in_state(api, await api.act(play, "stop"), "STOPPED")
    taken = time.perf_counter() - began
    if process.exists():
        raise RuntimeError(f"its machine is still here: {process}")
    return taken
