"""Warm starts: from the request to what its learner or client sees, beside QEMU alone until it answers.

With a play that waits for somebody, as a person finds it who is not one of many at once; and with none.
"""

from __future__ import annotations

import statistics
from typing import Any

from labyard.cli.client import Api
from tests.bench.bare import answering
from tests.bench.client import client
from tests.bench.event import Event, key, keys, once, program
from tests.bench.figure import Figure, of_rounds, spread
from tests.bench.servers import nobody_waiting, prepared, specs_of, until_waiting
from tests.bench.start import FIVE
from tests.support.lab import Lab

DEBIAN = {"playground": "debian"}
FIVE_MACHINES = {"playground": "", "manifest": FIVE.read_text()}
FLOOR = "QEMU alone, waiting for a snapshot: process start to its answer on QMP"
WAITING, NOBODY = "one waiting", "nobody waiting"

Pairs = list[tuple[float, float]]


async def warm(lab: Lab, rounds: int) -> list[Figure]:
    figures = []
    for who, pairs in (await _both(lab, DEBIAN, key, rounds)).items():
        figures.append(of_rounds(f"warm start of debian, key echoed, {who}", "s", pairs, FLOOR, limit=2.5))
        figures.append(spread(f"... its 95th percentile, {who}", "s", [ours for ours, _ in pairs], limit=2))
    return figures


async def warm_exec(lab: Lab, rounds: int) -> list[Figure]:
    found = await _both(lab, DEBIAN, program("true"), rounds)
    return [
        of_rounds(f"warm start of debian, first exec, {who}", "s", pairs, FLOOR, limit=5)
        for who, pairs in found.items()
    ]


async def warm_five(lab: Lab, rounds: int) -> list[Figure]:
    one = await _both(lab, DEBIAN, key, rounds)
    five = await _both(lab, FIVE_MACHINES, keys, rounds)
    return [
        of_rounds(
            *(f"warm start of five machines, keys echoed in all, {who}", "s"),
            [(ours, statistics.median(single for single, _ in one[who])) for ours, _ in pairs],
            *("a warm start of one machine",),
            limit=4,
        )
        for who, pairs in five.items()
    ]


async def warm_start(lab: Lab, api: Api, rounds: int, *, waiting: bool) -> float:
    """Median seconds of a warm start of debian, for others to stand beside."""
    await prepared(api, DEBIAN)
    taken = []
    for _ in range(rounds):
        if waiting:
            await until_waiting(lab, ("debian-01",))
        taken.append(await once(api, DEBIAN, key))
    return statistics.median(taken)


async def _both(lab: Lab, request: dict[str, Any], event: Event, rounds: int) -> dict[str, Pairs]:
    found = {WAITING: await _rounds(lab, request, event, rounds, waiting=True)}
    with nobody_waiting(lab) as other:
        found[NOBODY] = await _rounds(other, request, event, rounds, waiting=False)
    return found


async def _rounds(lab: Lab, request: dict[str, Any], event: Event, rounds: int, *, waiting: bool) -> Pairs:
    pairs = []
    async with client(lab) as api:
        specs = await specs_of(lab, api, request)
        await prepared(api, request)
        for _ in range(rounds):
            if waiting:
                await until_waiting(lab, [spec.name for spec in specs])
            floor = await answering(specs)
            pairs.append((await once(api, request, event), floor))
    return pairs
