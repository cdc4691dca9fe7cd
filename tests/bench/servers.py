"""The servers that are measured, and machines' processes as the host sees them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labyard.cli.client import Api
from labyard.cli.plays import PlayView
from labyard.errors import MachineError
from labyard.machine.plan import MachineSpec
from labyard.machine.process import Found, find_all, processor_time
from tests.bench.bare import keep_specs
from tests.bench.client import PATIENCE, destroy, start
from tests.support.lab import CACHE, Lab, free_port

QUIET_SECONDS = 1.2
"""Longer than a play that is being made ready to wait ever pauses; an idle guest takes a tick of the clock in that time."""
UNLIMITED = {"LABYARD_MEMORY_RESERVE": str(-(1 << 40))}
"""Plays are admitted by what they were promised, not by what they take: more than fit here do so when nobody counts."""

_TICKS = os.sysconf("SC_CLK_TCK")
_kept: dict[tuple[str, str], list[MachineSpec]] = {}


@contextmanager
def beside(lab: Lab, name: str, environment: Mapping[str, str]) -> Iterator[Lab]:
    """Another server beside the first, with settings of its own; its snapshots stay for the next time."""
    folder = lab.data.parent / name
    if not folder.exists():
        folder.mkdir(mode=0o711)
        for shared in ("images", "kernels"):
            (folder / shared).symlink_to(CACHE / shared)
    other = Lab(folder, free_port(), environment)
    other.start_server()
    try:
        yield other
    finally:
        other.destroy_all()
        other.end_server()


@contextmanager
def nobody_waiting(lab: Lab) -> Iterator[Lab]:
    """A server where no play waits for somebody: each start begins with nothing but its snapshot."""
    with beside(lab, "nobody-waiting", {"LABYARD_WAITING_EACH": "0", **UNLIMITED}) as other:
        yield other


async def prepared(api: Api, request: dict[str, Any]) -> None:
    """From here on starts of it fork: one start that boots makes the snapshot, and another has its memory read in."""
    for _ in range(2):
        play, _ = await start(api, request)
        await destroy(api, play)


async def specs_of(lab: Lab, api: Api, request: dict[str, Any]) -> list[MachineSpec]:
    """What QEMU alone is started with: found out by a cold start, once."""
    known = _kept.get(key := (str(lab.data), str(request)))
    if known is None:
        play, _ = await start(api, {**request, "cold": True})
        folder = lab.data / "bench" / play.id
        known = _kept[key] = keep_specs(lab.data / "plays" / play.id, folder)
        await destroy(api, play)
    return known


async def until_waiting(lab: Lab, names: Collection[str]) -> None:
    """Until machines of these names are here and all stand still. Of a server that has no plays but those that wait."""
    deadline = time.monotonic() + PATIENCE
    before: dict[int, float] = {}
    while True:
        found = machines(lab)
        now = {each.pid: processor_seconds(each.pid) for each in found}
        if now == before and set(names) <= {each.mark.machine for each in found}:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody waits: {found}")
        before = now
        await asyncio.sleep(QUIET_SECONDS)


def machines(lab: Lab) -> list[Found]:
    """Processes of all its machines, those that wait for somebody too."""
    return find_all(lab.mark)


def machine_of(lab: Lab, play: PlayView) -> Found:
    """The process of a play's only machine, of a server where nobody waits."""
    (found,) = [found for found in machines(lab) if found.mark.play == play.id]
    return found


def processor_seconds(pid: int) -> float:
    """What a process has taken since it began, in steps of a tick; 0 when it is gone."""
    try:
        return processor_time(pid)
    except MachineError:
        return 0.0


def box_seconds() -> float:
    """Processor time that was not idle, of all processors since the box started (proc_stat(5))."""
    words = Path("/proc/stat").read_text().split(maxsplit=8)
    user, nice, system, _idle, _waiting, irq, softirq = map(int, words[1:8])
    return (user + nice + system + irq + softirq) / _TICKS
