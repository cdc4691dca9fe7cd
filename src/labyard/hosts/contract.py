"""The one seam that matters: control decides what should run, a host owns how it runs there.

Small, async, values and byte streams only. Implemented by `hosts.local` (the engine in this process) and `hosts.fake`
(machines made of nothing, for tests with a thousand plays); both pass `tests/contract/`.
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import Protocol

from labyard.play.plan import PlayPlan, Value
from labyard.play.progress import Progress
from labyard.play.status import PlayReport
from labyard.play.streams import Request, Stream

INPUT_LIMIT = 16 << 10
"""Bytes (UTF-8) a learner may put in for one task."""


class Capacity(Value):
    """Bytes and cores of a host: all there is, and what plays have been promised.

    `machine_overhead`: what is counted for each machine beside its own memory.
    """

    cpus: int
    memory: int
    memory_used: int
    disk: int
    disk_free: int
    accelerator: str
    plays: int
    machine_overhead: int = 0


class PlayCost(Value):
    """What one play takes now. `promised`: memory it was admitted with. `memory`: bytes really taken, what it shares with
    others counted by its share (PSS); None: not to be had. `cpu_seconds`: of its machines' processes since they began."""

    id: str
    machines: int
    promised: int
    memory: int | None
    cpu_seconds: float


class Load(Value):
    """What is going on at one moment. `at`: ISO 8601. `waiting`: plays of nobody's that wait for a start to take them.

    `load_average`: processes of the box that run or want to, over the last minute.
    """

    at: str
    plays: tuple[PlayCost, ...]
    waiting: int
    waiting_memory: int
    load_average: float


class MachineLoad(Value):
    """What one machine takes now. `cpu_seconds`: of its process since that began, on `cpus` processors; None: it is off.

    `memory`: bytes in use of `memory_total`, as the machine says. Where it does not say, `memory_total` is None and `memory`
    what it takes of the box (PSS), None: not to be had.
    """

    name: str
    cpus: int
    cpu_seconds: float | None = None
    memory: int | None = None
    memory_total: int | None = None


class MachineLoads(Value):
    """Of all machines of a play, in their order. `at`: seconds of a clock that only goes on: two answers make a share."""

    at: float
    machines: tuple[MachineLoad, ...]


class MachineDebug(Value):
    """What one needs at three in the night: the line that started it, its console's tail, and how to get in."""

    name: str
    command: str
    enter: str
    console: str
    pid: int | None = None
    limits: str = ""
    """Where its CPU, memory and processes are limited, or why they are not."""


class ImageInfo(Value):
    """One image on this host; `size` is what it really takes on disk, in bytes."""

    source: str
    digest: str
    size: int
    created_at: str
    used_by: tuple[str, ...] = ()


class KernelInfo(Value):
    version: str
    release: str | None = None  # None: known, but not here yet
    size: int = 0
    used_by: tuple[str, ...] = ()


class SnapshotInfo(Value):
    """A named instant of a play: memory, devices, disks, terminals of all its machines.

    `size`: what it takes on disk, in bytes, less what it shares with the play or with other snapshots.
    """

    name: str
    created_at: str
    size: int = 0


class DiskUse(Value):
    """What one thing costs on disk, in bytes: `own` is freed when it goes, `shared` lies there for others too.

    `kind`: play, snapshot (of a play), warm (a playground's own, for its starts), saved, image, kernel.
    """

    kind: str
    name: str
    own: int
    shared: int = 0
    note: str = ""


class Host(Protocol):
    """One box that runs plays.

    Every verb is safe to repeat: asking again for what is already so changes nothing. A verb on an unknown play raises
    NotFoundError; one that its state forbids raises ConflictError. Cancelling a call never leaves anything half-made.
    """

    async def start(self, play_id: str, plan: PlayPlan, *, lifetime: float | None = None, cold: bool = False) -> None:
        """Accept a play. Returns as soon as it is written to the host's journal; `watch` tells how it goes on.

        It is forked from its playground's own snapshot where there is one, unless `cold`. With `plan.snapshot` it is
        forked from that one. CapacityError when this host can never hold it, NotFoundError when that snapshot is gone.
        `lifetime` in seconds: the host stops it then, by itself.
        """

    async def fork(self, play_id: str, source: str, *, lifetime: float | None = None) -> None:
        """Accept a play that is what `source`, running or stopped, is at this moment; `source` goes on as it was.

        Returns when the moment is taken and written to the journal. NotFoundError without `source`; ConflictError when
        it is neither running nor stopped; CapacityError.
        """

    async def restart(self, play_id: str) -> None:
        """Let a stopped play go on where it was stopped; it boots from its disks when its memory was not kept."""

    async def stop(self, play_id: str) -> None:
        """Keep its memory, devices and disks, and end its processes. Returns when all is on disk and memory is free."""

    async def snapshot(self, play_id: str, name: str) -> SnapshotInfo:
        """Keep this moment of a running or stopped play under a name; it goes on as it was. Returns when it is on disk.

        ConflictError when it has one of that name already, or is neither running nor stopped.
        """

    async def snapshots(self, play_id: str) -> builtins.list[SnapshotInfo]:
        """Oldest first."""

    async def rewind(self, play_id: str, name: str) -> None:
        """Make the play what it was then: one that runs goes on from there, a stopped one will when it is restarted.

        NotFoundError without such a snapshot: nothing has changed. The snapshot stays.
        """

    async def remove_snapshot(self, play_id: str, name: str) -> None:
        """Forget it. NotFoundError when there is none."""

    async def save(self, play_id: str) -> str:
        """Copy this moment of a running or stopped play into a snapshot of its own, which outlives it; its id.

        Plays start from it by `plan.snapshot`.
        """

    async def forget(self, snapshot: str) -> None:
        """Remove what `save` made. Plays that run on it go on. Unknown ones are gone already."""

    def prepare(self, plan: PlayPlan) -> AsyncIterator[Progress]:
        """Have a snapshot that starts of this plan fork from; boots it where there is none. The last item is finished.

        Raises LabyardError when it cannot be made. A plan that is not `warm` is finished at once.
        """

    async def disk_use(self) -> builtins.list[DiskUse]:
        """What each play, snapshot, image and kernel really costs on disk."""

    async def scrub(self) -> builtins.list[str]:
        """Read every snapshot whole and compare it with its digests; what is damaged is set aside. A line for each."""

    async def destroy(self, play_id: str) -> None:
        """End it, in whatever state. Returns when nothing of it is left on the host. Unknown plays are gone already."""

    async def machine(self, play_id: str, machine: str, verb: str) -> None:
        """`reboot`, `stop` or `restart` one machine."""

    async def put_in(self, play_id: str, task: str, value: str) -> None:
        """What the learner puts in for a task of a running play: its scripts see it from their next run on, in any boot.

        At most INPUT_LIMIT bytes, no NUL. NotFoundError for an unknown task and for init tasks, ConflictError when the
        play does not run, GuestError when its machine does not answer.
        """

    async def set_lifetime(self, play_id: str, seconds: float | None) -> None:
        """From now on."""

    async def list(self) -> list[PlayReport]:
        """All that is here, running or stopped, from the host's own journal."""

    def watch(self) -> AsyncIterator[PlayReport]:
        """First everything that is here, then every change. Slow watchers see the latest state, not every step."""

    async def open(self, play_id: str, machine: str, request: Request) -> Stream:
        """Ask a machine's examiner. ConflictError when the machine is off, GuestError when it does not answer."""

    async def console(self, play_id: str, machine: str) -> str:
        """The tail of its serial console, at most 256 KiB."""

    async def debug(self, play_id: str) -> builtins.list[MachineDebug]:
        """For `labyard playground debug`."""

    async def capacity(self) -> Capacity: ...

    async def load(self) -> Load:
        """What each play that has machines takes now. Measured when asked for: some milliseconds for each machine."""

    async def machine_loads(self, play_id: str) -> MachineLoads:
        """What each machine of one play takes now: some milliseconds, two seconds where a machine does not answer."""

    async def images(self) -> builtins.list[ImageInfo]: ...

    def pull_image(self, source: str) -> AsyncIterator[Progress]:
        """Fetch or build; the last item is finished. Raises ImageError."""

    def import_image(self, path: str, name: str) -> AsyncIterator[Progress]:
        """Take an OCI layout or `docker save` archive at `path` on the host as image `name`."""

    async def remove_image(self, source: str) -> None: ...

    async def gc_images(self) -> int:
        """Remove what no playground and no play needs; bytes freed."""

    async def kernels(self) -> builtins.list[KernelInfo]: ...

    async def remove_kernel(self, version: str) -> None:
        """NotFoundError when it is not here, ConflictError while a play or a snapshot boots from it."""

    def pull_kernel(self, version: str) -> AsyncIterator[Progress]: ...
