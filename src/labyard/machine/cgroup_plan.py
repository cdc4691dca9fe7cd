"""A machine's control group: where it lies and what its files say. Pure; `cgroup.py` carries it out.

    <root>/labyard-<data>.slice/<play>-<machine>/

Files and values: the kernel's Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from labyard.machine.plan import MachineSpec
from labyard.play.plan import Value

CONTROLLERS = ("cpu", "memory", "pids")
PERIOD = 100_000
"""Microseconds over which cores are counted."""


class Write(Value):
    """Put `text` into the file `path`; its folder is made first where it is missing."""

    path: Path
    text: str


def slice_of(root: Path, data: str) -> Path:
    """The folder of everything that bears a data folder's mark."""
    return root / f"labyard-{data}.slice"


def group_of(root: Path, spec: MachineSpec) -> Path:
    return slice_of(root, spec.mark) / f"{spec.play}-{spec.name}"


def play_of(group: Path) -> str:
    """The play that a group's folder belongs to: ids of plays hold no hyphen."""
    return group.name.partition("-")[0]


def steps(root: Path, spec: MachineSpec, controllers: Collection[str]) -> tuple[Write, ...]:
    """What makes the group, in order: controllers are handed down, then limits set; those not in `controllers` are left out."""
    group = group_of(root, spec)
    limits = spec.limits
    values = {
        "cpu": (("cpu.max", f"{round(limits.cpus * PERIOD)} {PERIOD}"),) if limits.cpus else (),
        # all of it goes when it is out of memory: a QEMU that lost one thread is worth nothing
        "memory": (("memory.max", str(spec.memory + limits.memory)), ("memory.oom.group", "1")),
        "pids": (("pids.max", str(limits.processes)),),
    }
    wanted = [name for name in CONTROLLERS if name in controllers]
    handed = " ".join(f"+{name}" for name in wanted)
    down = [Write(path=folder / "cgroup.subtree_control", text=handed) for folder in (root, group.parent)]
    return (*down, *(Write(path=group / file, text=text) for name in wanted for file, text in values[name]))
