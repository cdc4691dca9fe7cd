"""How many plays a second can be forked from a snapshot, one after another and several at a time.

By the engine in this process: the server's policy lets one person start far fewer. Nobody waits; memory is not counted.
"""

from __future__ import annotations

import asyncio
import resource as resource_use
import secrets
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from labyard.play.plan import PlayPlan
from labyard.play.status import PlayState
from tests.bench.client import PATIENCE
from tests.bench.engine import box_of, plan_of, settings
from tests.bench.figure import Figure, alone
from tests.bench.servers import UNLIMITED, box_seconds, processor_seconds
from tests.support.box import Box
from tests.support.lab import Lab

IN_A_ROW = 40
AT_ONCE = (1, 2, 4)
LIMITS = {"tiny": 10.0, "debian": 8.0}


async def forks_per_second(lab: Lab, rounds: int) -> list[Figure]:
    figures = []
    with settings({"LABYARD_WAITING_EACH": "0", **UNLIMITED}):
        async with box_of(lab) as box:
            for playground, limit in LIMITS.items():
                plan = plan_of(box, playground)
                await _prepare(box, plan)
                figures += await _best(box, plan, rounds, limit)
    return figures


async def _best(box: Box, plan: PlayPlan, rounds: int, limit: float) -> list[Figure]:
    """All that were tried; the limit is asked of the best of them, and where its processor time went."""
    found = {count: [await _row(box, plan, count) for _ in range(rounds)] for count in AT_ONCE}
    rates = {count: [IN_A_ROW / row.seconds for row in rows] for count, rows in found.items()}
    best = max(rates, key=lambda count: statistics.median(rates[count]))
    figures = [_figure(plan, count, values, limit if count == best else None) for count, values in rates.items()]
    rows = found[best]
    for part in rows[0].spent:
        spent = [row.spent[part] / IN_A_ROW * 1000 for row in rows]
        figures.append(alone(f"... {part}", "ms", spent, f"processor time of each, {best} at a time"))
    return figures


def _figure(plan: PlayPlan, count: int, rates: list[float], limit: float | None) -> Figure:
    name = f"forks of {plan.playground} per second, {IN_A_ROW} in a row, {count} at a time"
    return alone(name, "1/s", rates, "start to RUNNING, all stay", limit=limit, more_is_better=True)


@dataclass(frozen=True, slots=True)
class Row:
    """`seconds` it took in all. `spent`: seconds of processor time of all of them, by who took it."""

    seconds: float
    spent: dict[str, float]


async def _row(box: Box, plan: PlayPlan, at_once: int) -> Row:
    """All stay until the last is there, and go then."""
    plays = [secrets.token_hex(12) for _ in range(IN_A_ROW)]
    waiting = iter(plays)
    began, busy, ours, programs = time.perf_counter(), box_seconds(), time.process_time(), _programs()
    machines = sum(await asyncio.gather(*(_start_each(box, plan, waiting) for _ in range(at_once))))
    ours, programs = time.process_time() - ours, _programs() - programs
    taken, busy = time.perf_counter() - began, box_seconds() - busy
    await asyncio.gather(*(box.host.destroy(play) for play in plays))
    spent = {
        "the engine": ours,
        "programs it runs": programs,
        "QEMU, until its machine has waked": machines,
        "forks that are there already, and the rest of the box": busy - ours - programs - machines,
    }
    return Row(taken, spent)


async def _start_each(box: Box, plan: PlayPlan, plays: Iterator[str]) -> float:
    return sum([await _start(box, plan, play) for play in plays])


async def _start(box: Box, plan: PlayPlan, play: str) -> float:
    """The processor time its machines have taken when it runs."""
    assert box.engine is not None
    async with asyncio.timeout(PATIENCE):
        await box.host.start(play, plan)
        await box.engine.play(play).brought_up()
    if (report := box.engine.play(play).report).state is not PlayState.RUNNING:
        raise RuntimeError(f"it did not start: {report}")
    machines = box.engine.play(play).machines.values()
    return sum(processor_seconds(each.process.pid) for each in machines if each.process is not None)


def _programs() -> float:
    ended = resource_use.getrusage(resource_use.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


async def _prepare(box: Box, plan: PlayPlan) -> None:
    """The snapshot, and its memory where forks find it."""
    async for _ in box.host.prepare(plan):
        pass
    for _ in range(2):
        play = secrets.token_hex(12)
        await _start(box, plan, play)
        await box.host.destroy(play)
