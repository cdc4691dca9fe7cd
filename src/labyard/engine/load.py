"""What the machines of this box take: memory and processor time of their processes, as the kernel counts them (proc(5))."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from labyard.play.plan import Value

PROC = Path("/proc")
_TICK = 1 / os.sysconf("SC_CLK_TCK")
_UTIME, _STIME = 11, 12  # fields of `stat` after the name, which may hold anything


class Taken(Value):
    """By one play. `memory` in bytes, shared pages counted by their share (PSS): forks share most of theirs.

    None: the kernel does not say, or all of its machines are off.
    """

    machines: int
    memory: int | None
    cpu_seconds: float


def taken(plays: Mapping[str, tuple[int, ...]], proc: Path = PROC) -> dict[str, Taken]:
    """By plays with the numbers of their processes. One that ended meanwhile counts for nothing."""
    return {play: _of(pids, proc) for play, pids in plays.items()}


def _of(pids: tuple[int, ...], proc: Path) -> Taken:
    times = [cpu_seconds(proc / str(pid)) for pid in pids]
    sizes = [size for pid in pids if (size := pss(proc / str(pid))) is not None]
    there = [seconds for seconds in times if seconds is not None]
    return Taken(machines=len(there), memory=sum(sizes) if sizes else None, cpu_seconds=round(sum(there), 2))


def cpu_seconds(process: Path) -> float | None:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[_UTIME]) + int(fields[_STIME])) * _TICK


def pss(process: Path) -> int | None:
    """Bytes of memory, shared pages counted by their share; None when the kernel does not say."""
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:  # gone, or a kernel before 4.14
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), None)
