"""Control groups (v2) of machines: made before the jail is entered, gone with the machine.

Where the box has none (v1, a container, a kernel without the controllers) machines run without, and `lacking` says why.
Groups are direct children of the root so that they, as their processes, outlive the service that serves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import structlog

from labyard.machine.cgroup_plan import CONTROLLERS, group_of, play_of, slice_of, steps
from labyard.machine.plan import MachineSpec

ROOT = Path("/sys/fs/cgroup")

# Linux 6.18 takes a process out of its group a moment after its end was told.
_ATTEMPTS, _PAUSE = 50, 0.02

log = structlog.get_logger(__name__)


def controllers(root: Path = ROOT) -> frozenset[str]:
    """Those of ours that this box offers through cgroup v2."""
    try:
        return frozenset((root / "cgroup.controllers").read_text().split()) & frozenset(CONTROLLERS)
    except OSError:
        return frozenset()


def lacking(root: Path = ROOT) -> str:
    """A sentence on what is not limited here, empty when everything is."""
    missing = [name for name in CONTROLLERS if name not in controllers(root)]
    if not missing:
        return ""
    return f"not limited by cgroup v2 here: {', '.join(missing)} (this box does not offer the controllers)"


def existing(spec: MachineSpec, root: Path = ROOT) -> Path | None:
    """The group that a machine runs in, None when it runs in none."""
    group = group_of(root, spec)
    return group if group.is_dir() else None


def make(spec: MachineSpec, root: Path = ROOT) -> Path | None:
    """Make a machine's group. None, with a word in the log, where that cannot be done: it then runs without."""
    offered = controllers(root)
    if not offered:
        return None
    group = group_of(root, spec)
    try:
        group.mkdir(parents=True, exist_ok=True)
        for step in steps(root, spec, offered):
            step.path.write_text(step.text)
    except OSError as error:
        log.warning("a machine runs without cgroup limits", machine=spec.name, group=str(group), error=str(error))
        for folder in (group, group.parent):
            _remove(folder)
        return None
    return group


async def remove(spec: MachineSpec, root: Path = ROOT) -> None:
    """Remove the group of a machine that has ended, and the slice with its last one. Safe to repeat."""
    group = group_of(root, spec)
    for _ in range(_ATTEMPTS):
        if _remove(group):
            break
        await asyncio.sleep(_PAUSE)
    _remove(group.parent)


def sweep(data: str, keep: Collection[str], root: Path = ROOT) -> None:
    """Remove the groups of every play that is not in `keep`; their processes have been ended."""
    top = slice_of(root, data)
    for group in [folder for folder in top.glob("*") if folder.is_dir() and play_of(folder) not in keep]:
        _remove(group)
    _remove(top)


def _remove(folder: Path) -> bool:
    """Whether it is gone; it stays while processes or groups are in it, for the next sweep."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
