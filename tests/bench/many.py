"""What machines cost that have booted and do nothing: host memory of each, and how much later another one boots beside them.

Of machines that share their memory as forks of one snapshot, see `idle.py` and `crowd.py`.
"""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import replace

from labyard.cli.client import Api
from labyard.cli.plays import PlayView
from labyard.machine.process import find_all, proportional_memory
from tests.bench.client import client, destroy, start
from tests.bench.figure import Figure, of_rounds
from tests.support.lab import Lab

MIB = 1 << 20
COLD_TINY = {"playground": "tiny", "cold": True}
SETTLE = 10.0
"""Seconds a machine is left alone before its memory is read: boots leave work behind."""


async def idle_memory(lab: Lab, rounds: int) -> list[Figure]:
    """PSS of a QEMU whose guest is idle, beside the memory its guest's kernel does not call free."""
    figures = []
    for playground in ("debian", "tiny"):
        pairs = []
        async with client(lab) as api:
            for _ in range(rounds):
                play, _ = await start(api, {"playground": playground, "cold": True})
                await asyncio.sleep(SETTLE)
                pairs.append((_host_memory(lab, play), await asyncio.to_thread(_guest_memory, lab, play)))
                await destroy(api, play)
        figures.append(
            of_rounds(
                f"host memory of an idle {playground} that booted", "MiB", pairs, "MemTotal - MemFree in the guest"
            )
        )
    return figures


async def tenth_play(lab: Lab, rounds: int) -> list[Figure]:
    """Cold start of `tiny` with nine others running, beside its start with none."""
    async with client(lab) as api:
        before = [await _start_once(api) for _ in range(rounds)]
        others = [(await start(api, COLD_TINY))[0] for _ in range(9)]
        crowded = [await _start_once(api) for _ in range(rounds)]
        for play in others:
            await destroy(api, play)
        alone = before + [await _start_once(api) for _ in range(rounds)]
    pair = (statistics.median(crowded), statistics.median(alone))
    figure = of_rounds(
        "cold start of tiny as the tenth play", "s", [pair], "its start as the only play, before and after"
    )
    return [replace(figure, rounds=rounds)]


async def _start_once(api: Api) -> float:
    play, taken = await start(api, COLD_TINY)
    await destroy(api, play)
    return taken


def _host_memory(lab: Lab, play: PlayView) -> float:
    (found,) = [found for found in find_all(lab.mark) if found.mark.play == play.id]
    return proportional_memory(found.pid) / MIB


def _guest_memory(lab: Lab, play: PlayView) -> float:
    lines = lab.run(play.id, "cat /proc/meminfo", user="root").splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return (kib["MemTotal"] - kib["MemFree"]) / 1024
