"""What each idle fork beyond the first costs of the host's memory, and where it is."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from labyard.cli.client import Api
from labyard.cli.plays import PlayView
from tests.bench.client import client, destroy
from tests.bench.event import key, started
from tests.bench.figure import Figure, alone
from tests.bench.servers import machine_of, nobody_waiting, prepared
from tests.support.lab import Lab

MORE = 5
SETTLE = 10.0
"""Seconds the last of them is left alone before memory is read."""
LIMITS = {"tiny": 25, "debian": 60}


async def idle_fork(lab: Lab, rounds: int) -> list[Figure]:
    figures = []
    with nobody_waiting(lab) as other:
        async with client(other) as api:
            for playground, limit in LIMITS.items():
                found = [await _beyond_the_first(other, api, playground) for _ in range(rounds)]
                what = f"PSS of {MORE + 1} idle forks less that of one, by {MORE}; each looked at once"
                sums = [sum(each.values()) for each in found]
                figures.append(alone(f"an idle fork of {playground} beyond the first", "MB", sums, what, limit=limit))
                for part in sorted({part for each in found for part in each}):
                    figures.append(alone(f"... {part}", "MB", [each[part] for each in found], "of that"))
    return figures


async def _beyond_the_first(lab: Lab, api: Api, playground: str) -> dict[str, float]:
    """Megabytes by part."""
    await prepared(api, {"playground": playground})
    plays = [(await started(api, {"playground": playground}, key))[0]]
    await asyncio.sleep(SETTLE)
    first = _memory(lab, plays)
    plays += [(await started(api, {"playground": playground}, key))[0] for _ in range(MORE)]
    await asyncio.sleep(SETTLE)
    all_ = _memory(lab, plays)
    for play in plays:
        await destroy(api, play)
    return {part: (all_[part] - first[part]) / MORE for part in all_}


def _memory(lab: Lab, plays: list[PlayView]) -> dict[str, float]:
    """PSS of all their processes in megabytes, by part."""
    found: dict[str, float] = defaultdict(float)
    for play in plays:
        for head, sizes in _mappings(machine_of(lab, play).pid):
            for part, kilobytes in _parts(head, sizes):
                found[part] += kilobytes * 1.024e-3
    return found


def _parts(head: list[str], sizes: dict[str, int]) -> Iterator[tuple[str, float]]:
    """Guest memory is the one mapping of a memory that forks share, or of a file without a name."""
    name = head[5] if len(head) > 5 else ""
    if "(deleted)" in head:
        yield "guest memory, written by it", sizes["Anonymous"]
        yield "guest memory, shared with others", sizes["Pss"] - sizes["Anonymous"]
    elif not name and "x" in head[1]:  # no other code of QEMU's lies outside of files
        yield "translated code", sizes["Pss"]
    elif name == "[heap]":
        yield "heap", sizes["Pss"]
    elif not name or name.startswith("["):
        yield "other memory of QEMU's own (threads, arenas, tables)", sizes["Pss"]
    else:
        yield "programs and libraries, relocated by each", sizes["Anonymous"]
        yield "programs and libraries, shared with others", sizes["Pss"] - sizes["Anonymous"]


def _mappings(pid: int) -> Iterator[tuple[list[str], dict[str, int]]]:
    """Of /proc/PID/smaps: the words of each head, and its sizes in kB."""
    head: list[str] = []
    sizes: dict[str, int] = {}
    for line in Path("/proc", str(pid), "smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            if head:
                yield head, sizes
            head, sizes = words, {}
        elif words[-1] == "kB":
            sizes[words[0].removesuffix(":")] = int(words[1])
    if head:
        yield head, sizes
