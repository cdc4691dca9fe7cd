"""What an operator may change about how plays run on this box."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """Seconds and bytes throughout."""

    data: Path
    """The data folder; everything an engine keeps is under it."""
    mark: str
    """Six hexadecimal characters that mark all this folder owns on the host."""
    first_uid: int = 510_000
    last_uid: int = 519_999
    """Users of the jails, one per play; no entry in passwd is needed."""
    ready_timeout: float = 300
    """From the start of a machine until its examiner says ready. Emulation on a busy box is slow, hence generous."""
    stop_grace: float = 20
    """How long a machine may take to power itself off before it is ended."""
    memory_with_init: int = GIB
    memory_without_init: int = 512 * MIB
    memory_reserve: int = GIB
    """Kept back for the box itself when plays are admitted."""
    memory_overcommit: float = 1.0
    """How much more memory plays may be promised than there is: forks share most of theirs, idle ones need little of it."""
    memory_overhead: int = 128 * MIB
    """What a machine costs on the host beyond its own memory (measured 115 MiB under emulation, 64 of it translated code)."""
    play_disk_budget: int = 40 * GIB
    """What all drives of one play may really take on the host's disk."""
    disk_floor: int = 2 * GIB
    """Below this much free disk, the play that wrote last is halted before the box is full."""
    disk_interval: float = 2
    """How often the disk is looked at."""
    host_interval: float = 30
    """How often the box's own nftables table is made sure of."""
    snapshot_budget: int = 20 * GIB
    """What playgrounds' own snapshots may take on disk; those not used for longest go first."""
    waiting_each: int = 3
    """How many forked plays may wait for somebody to start the same playground; 0: none ever waits."""
    waiting_most: int = 4
    """... and for all playgrounds together."""
    boots_at_once: int = 8
    """Machines being launched at the same time; more wait their turn."""

    @property
    def plays(self) -> Path:
        return self.data / "plays"
