"""How much room this box has for plays: a promise is counted when a play is accepted, not when it uses it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from labyard.engine.settings import EngineSettings
from labyard.errors import CapacityError
from labyard.play.plan import PlayPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """Bytes, and cores."""

    cpus: int
    memory: int
    memory_used: int
    disk: int
    disk_free: int


def memory_of(plan: PlayPlan, settings: EngineSettings) -> int:
    """What a play is promised: its machines' memory and what each costs beside it."""
    sizes = (machine.memory or settings.memory_with_init for machine in plan.machines)
    return sum(size + settings.memory_overhead for size in sizes)


def room_of(plans: Iterable[PlayPlan], settings: EngineSettings) -> Room:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    disk = shutil.disk_usage(settings.data)
    return Room(
        cpus=os.cpu_count() or 1,
        memory=int(max(0, total - settings.memory_reserve) * settings.memory_overcommit),
        memory_used=sum(memory_of(plan, settings) for plan in plans),
        disk=disk.total,
        disk_free=disk.free,
    )


def refuse_beyond(room: Room, needed: int) -> None:
    """CapacityError when a play of `needed` bytes of memory can never be here, or not now."""
    if needed > room.memory:
        raise CapacityError(
            f"this play asks for {needed >> 20} MiB of memory; this box can give {room.memory >> 20} MiB in all",
            hint="ask for less memory or fewer machines, or use a larger box",
        )
    if needed > room.memory - room.memory_used:
        raise CapacityError(
            f"no room now: {needed >> 20} MiB needed, {(room.memory - room.memory_used) >> 20} MiB free",
            hint="stop or destroy a play, or wait until one ends",
        )
