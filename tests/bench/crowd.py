"""Starts in a crowd: how much later one comes with forty idle plays beside it, and what an idle one costs a processor."""

from __future__ import annotations

import asyncio
import time

from labyard.cli.client import Api
from labyard.cli.plays import PlayView
from tests.bench.client import client, destroy
from tests.bench.event import key, once, started
from tests.bench.figure import Figure, alone, beside
from tests.bench.servers import UNLIMITED, machine_of, nobody_waiting, prepared, processor_seconds
from tests.bench.servers import beside as server_beside
from tests.bench.warm import DEBIAN, NOBODY, WAITING
from tests.support.lab import Lab

OTHERS = 40
SETTLE = 10.0
WATCHED = 30.0
"""Seconds in which processor time is counted."""
APART = 2.2
"""Seconds between starts of the crowd: one person may start thirty plays a minute (control/policy.py)."""
BETWEEN = 6.0
"""Seconds between two starts: one that waits is made ready meanwhile. That it stands still cannot be seen among so many."""


async def crowd(lab: Lab, rounds: int) -> list[Figure]:
    with nobody_waiting(lab) as other:
        figures = await _among(other, NOBODY, rounds)
    with server_beside(lab, "crowd", UNLIMITED) as other:
        figures += await _among(other, WAITING, rounds)
    return figures


async def _among(lab: Lab, who: str, rounds: int) -> list[Figure]:
    async with client(lab) as api:
        await prepared(api, DEBIAN)
        first = [await _later(api) for _ in range(rounds)]
        others = [await _another(api) for _ in range(OTHERS)]
        await asyncio.sleep(SETTLE)
        shares = await _shares(lab, others) if who == NOBODY else []
        crowded = [await _later(api) for _ in range(rounds)]
        for play in others:
            await destroy(api, play)
    name = f"warm start of debian with {OTHERS} idle plays, key echoed, {who}"
    floor = sorted(first)[len(first) // 2]
    figures = [beside(name, "s", crowded, floor, "the same with none", limit=1.5)]
    if shares:
        what = f"median of {OTHERS} over {WATCHED:.0f} s"
        figures.append(alone("processor of one idle debian", "% of a core", shares, what, limit=1.0))
    return figures


async def _another(api: Api) -> PlayView:
    await asyncio.sleep(APART)
    return (await started(api, DEBIAN, key))[0]


async def _later(api: Api) -> float:
    await asyncio.sleep(BETWEEN)
    return await once(api, DEBIAN, key)


async def _shares(lab: Lab, plays: list[PlayView]) -> list[float]:
    """Percent of a core that each takes."""
    pids = [machine_of(lab, play).pid for play in plays]
    began, before = time.perf_counter(), [processor_seconds(pid) for pid in pids]
    await asyncio.sleep(WATCHED)
    taken = time.perf_counter() - began
    return [(processor_seconds(pid) - spent) / taken * 100 for pid, spent in zip(pids, before, strict=True)]
