"""What machines cost that do nothing: host memory of each, and how much later another play starts beside them."""

from __future__ import annotations

import asyncio
import statistics

from labyard.cli.plays import PlayView
from labyard.machine.process import find_all, proportional_memory
from tests.bench.client import client, destroy, start
from tests.bench.figure import Figure, of_rounds
from tests.support.lab import Lab

MIB = 1 << 20
SETTLE = 10.0
"""Seconds a machine is left alone before its memory is read: boots leave work behind."""


async def idle_memory(lab: Lab, rounds: int) -> list[Figure]:
    """PSS of a QEMU whose guest is idle, beside the memory its guest's kernel does not call free."""
    figures = []
    for playground in ("debian", "tiny"):
        pairs = []
        async with client(lab) as api:
            for _ in range(rounds):
                play, _ = await start(api, {"playground": playground})
                await asyncio.sleep(SETTLE)
                pairs.append((_host_memory(lab, play), await asyncio.to_thread(_guest_memory, lab, play)))
                await destroy(api, play)
        figures.append(
            of_rounds(f"host memory of an idle {playground}", "MiB", pairs, "MemTotal - MemFree in the guest")
        )
    return figures


async def tenth_play(lab: Lab, rounds: int) -> list[Figure]:
    """Start of `tiny` with nine others running, beside its start with none."""
    async with client(lab) as api:
        alone, others, crowded = [], [], []
        for _ in range(rounds):
            play, taken = await start(api, {"playground": "tiny"})
            alone.append(taken)
            await destroy(api, play)
        for _ in range(9):
            others.append((await start(api, {"playground": "tiny"}))[0])
        for _ in range(rounds):
            play, taken = await start(api, {"playground": "tiny"})
            crowded.append(taken)
            await destroy(api, play)
        for play in others:
            await destroy(api, play)
    pair = (statistics.median(crowded), statistics.median(alone))
    return [of_rounds("start of tiny as the tenth play", "s", [pair], "its start as the only play")]


def _host_memory(lab: Lab, play: PlayView) -> float:
    (found,) = [found for found in find_all(lab.mark) if found.mark.play == play.id]
    return proportional_memory(found.pid) / MIB


def _guest_memory(lab: Lab, play: PlayView) -> float:
    lines = lab.run(play.id, "cat /proc/meminfo", user="root").splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return (kib["MemTotal"] - kib["MemFree"]) / 1024
