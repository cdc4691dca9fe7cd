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


class Capacity(Value):
    """Bytes and cores of a host: all there is, and what plays have been promised."""

    cpus: int
    memory: int
    memory_used: int
    disk: int
    disk_free: int
    accelerator: str
    plays: int


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


class Host(Protocol):
    """One box that runs plays.

    Every verb is safe to repeat: asking again for what is already so changes nothing. A verb on an unknown play raises
    NotFoundError; one that its state forbids raises ConflictError. Cancelling a call never leaves anything half-made.
    """

    async def start(self, play_id: str, plan: PlayPlan, *, lifetime: float | None = None) -> None:
        """Accept a play. Returns as soon as it is written to the host's journal; `watch` tells how it goes on.

        CapacityError when this host can never hold it. `lifetime` in seconds: the host stops it then, by itself.
        """

    async def restart(self, play_id: str) -> None:
        """Boot a stopped play from its disks."""

    async def stop(self, play_id: str) -> None:
        """Power its machines off and keep the disks. Returns when memory and processes are gone."""

    async def destroy(self, play_id: str) -> None:
        """End it, in whatever state. Returns when nothing of it is left on the host. Unknown plays are gone already."""

    async def machine(self, play_id: str, machine: str, verb: str) -> None:
        """`reboot`, `stop` or `restart` one machine."""

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

    async def images(self) -> builtins.list[ImageInfo]: ...

    def pull_image(self, source: str) -> AsyncIterator[Progress]:
        """Fetch or build; the last item is finished. Raises ImageError."""

    def import_image(self, path: str, name: str) -> AsyncIterator[Progress]:
        """Take an OCI layout or `docker save` archive at `path` on the host as image `name`."""

    async def remove_image(self, source: str) -> None: ...

    async def gc_images(self) -> int:
        """Remove what no playground and no play needs; bytes freed."""

    async def kernels(self) -> builtins.list[KernelInfo]: ...

    def pull_kernel(self, version: str) -> AsyncIterator[Progress]: ...
