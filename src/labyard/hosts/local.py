"""A host that is this process: the engine and its image stores behind the contract."""

from __future__ import annotations

import asyncio
import builtins
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from labyard.engine.admission import memory_of
from labyard.engine.engine import Engine
from labyard.engine.snapshot import Snapshot
from labyard.engine.upkeep import Kind, use_of
from labyard.errors import ConflictError
from labyard.hosts.contract import (
    Capacity,
    DiskUse,
    ImageInfo,
    KernelInfo,
    Load,
    MachineDebug,
    MachineLoad,
    MachineLoads,
    PlayCost,
    SnapshotInfo,
)
from labyard.machine.disks import allocated
from labyard.play.plan import PlayPlan
from labyard.play.progress import Progress
from labyard.play.status import PlayReport, TaskStatus
from labyard.play.streams import Request, Stream


class LocalHost:
    """Implements `hosts.contract.Host`; every verb is the engine's own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def start(self, play_id: str, plan: PlayPlan, *, lifetime: float | None = None, cold: bool = False) -> None:
        await self._engine.start(play_id, plan, lifetime=lifetime, cold=cold)

    async def fork(self, play_id: str, source: str, *, lifetime: float | None = None) -> None:
        await self._engine.fork(play_id, source, lifetime=lifetime)

    async def snapshot(self, play_id: str, name: str) -> SnapshotInfo:
        return _info(name, await self._engine.play(play_id).snapshot(name), 0)

    async def snapshots(self, play_id: str) -> builtins.list[SnapshotInfo]:
        moments = self._engine.play(play_id).moments
        named = await asyncio.to_thread(moments.named)
        return [_info(name, each, use_of(Kind.SNAPSHOT, name, moments.place(name)).own) for name, each in named.items()]

    async def rewind(self, play_id: str, name: str) -> None:
        await self._engine.play(play_id).rewind(name)

    async def remove_snapshot(self, play_id: str, name: str) -> None:
        await self._engine.play(play_id).forget_snapshot(name)

    async def save(self, play_id: str) -> str:
        return await self._engine.save(play_id)

    async def forget(self, snapshot: str) -> None:
        await self._engine.forget(snapshot)

    def prepare(self, plan: PlayPlan) -> AsyncIterator[Progress]:
        async def work(say: Callable[[Progress], None]) -> None:
            await self._engine.prepare(plan, lambda report: say(_progress(plan, report)))

        return steps(work)

    async def disk_use(self) -> builtins.list[DiskUse]:
        uses = [DiskUse(**use.model_dump(mode="json")) for use in await self._engine.disk_use()]
        images = [DiskUse(kind=Kind.IMAGE, name=image.source, own=image.size) for image in await self.images()]
        kernels = [DiskUse(kind=Kind.KERNEL, name=each.version, own=each.size) for each in await self.kernels()]
        return [*uses, *images, *kernels]

    async def scrub(self) -> builtins.list[str]:
        return await self._engine.scrub()

    async def restart(self, play_id: str) -> None:
        await self._engine.restart(play_id)

    async def stop(self, play_id: str) -> None:
        await self._engine.stop(play_id)

    async def destroy(self, play_id: str) -> None:
        await self._engine.destroy(play_id)

    async def machine(self, play_id: str, machine: str, verb: str) -> None:
        await self._engine.machine(play_id, machine, verb)

    async def put_in(self, play_id: str, task: str, value: str) -> None:
        await self._engine.put_in(play_id, task, value)

    async def set_lifetime(self, play_id: str, seconds: float | None) -> None:
        await self._engine.set_lifetime(play_id, seconds)

    async def list(self) -> list[PlayReport]:
        return self._engine.reports()

    def watch(self) -> AsyncIterator[PlayReport]:
        return self._engine.watch()

    async def open(self, play_id: str, machine: str, request: Request) -> Stream:
        return await self._engine.open(play_id, machine, request)

    async def console(self, play_id: str, machine: str) -> str:
        return await self._engine.console(play_id, machine)

    async def debug(self, play_id: str) -> builtins.list[MachineDebug]:
        return [
            MachineDebug(
                name=each.name,
                command=each.command,
                enter=each.enter,
                console=each.console,
                pid=each.pid,
                limits=each.limits,
            )
            for each in await self._engine.debug(play_id)
        ]

    async def capacity(self) -> Capacity:
        room = self._engine.room()
        return Capacity(
            cpus=room.cpus,
            memory=room.memory,
            memory_used=room.memory_used,
            disk=room.disk,
            disk_free=room.disk_free,
            accelerator=(await self._engine.parts.verdict()).accelerator.value,
            plays=len(self._engine.reports()),
            machine_overhead=self._engine.parts.settings.memory_overhead,
        )

    async def load(self) -> Load:
        theirs, nobodys = await self._engine.load()
        plans, settings = self._engine.plans(), self._engine.parts.settings
        return Load(
            at=datetime.now(UTC).isoformat(),
            plays=tuple(
                PlayCost(id=play_id, promised=memory_of(plans[play_id], settings), **each.model_dump())
                for play_id, each in theirs.items()
                if play_id in plans
            ),
            waiting=len(nobodys),
            waiting_memory=sum(each.memory or 0 for each in nobodys),
            load_average=os.getloadavg()[0],
        )

    async def machine_loads(self, play_id: str) -> MachineLoads:
        play = self._engine.play(play_id)
        cpus = {machine.name: machine.cpus for machine in play.entry.plan.machines}
        at = time.monotonic()
        return MachineLoads(
            at=at,
            machines=tuple(
                MachineLoad(
                    name=each.name,
                    cpus=cpus[each.name],
                    cpu_seconds=each.cpu_seconds,
                    memory=each.memory,
                    memory_total=each.total,
                )
                for each in await play.machine_loads()
            ),
        )

    async def images(self) -> builtins.list[ImageInfo]:
        used = self._engine.image_users()
        return [
            ImageInfo(
                source=image.source,
                digest=image.digest,
                size=image.path.stat().st_blocks * 512,
                created_at=image.created_at.isoformat(),
                used_by=tuple(used.get(image.digest, ())),
            )
            for image in await self._engine.parts.images.list()
        ]

    def pull_image(self, source: str) -> AsyncIterator[Progress]:
        return steps(lambda say: self._engine.parts.images.ensure(source, say))

    def import_image(self, path: str, name: str) -> AsyncIterator[Progress]:
        return steps(lambda say: self._engine.parts.images.import_archive(Path(path), name, say))

    async def remove_image(self, source: str) -> None:
        images = self._engine.parts.images
        users = self._engine.image_users()
        for image in await images.list():
            if source in (image.source, image.digest) and users.get(image.digest):
                raise ConflictError(
                    f"{source} is in use by {len(users[image.digest])} play(s)", hint="destroy these plays first"
                )
        await images.remove(source)

    async def gc_images(self) -> int:
        return await self._engine.parts.images.gc(self._engine.image_users().keys())

    async def kernels(self) -> builtins.list[KernelInfo]:
        used = self._engine.kernel_users()
        return [
            KernelInfo(
                version=kernel.version,
                release=kernel.release,
                size=allocated(kernel.vmlinuz.parent),
                used_by=tuple(used.get(kernel.version, ())),
            )
            for kernel in await self._engine.parts.kernels.list()
        ]

    async def remove_kernel(self, version: str) -> None:
        if users := self._engine.kernel_users().get(version):
            raise ConflictError(
                f"kernel {version} is in use by {len(users)} play(s) or snapshots", hint="destroy these plays first"
            )
        await self._engine.parts.kernels.remove(version)

    def pull_kernel(self, version: str) -> AsyncIterator[Progress]:
        return steps(lambda say: self._engine.parts.kernels.ensure(version, say))


def _info(name: str, snapshot: Snapshot, size: int) -> SnapshotInfo:
    return SnapshotInfo(name=name, created_at=snapshot.created_at.isoformat(), size=size)


def _progress(plan: PlayPlan, report: PlayReport) -> Progress:
    """Of a play that is brought up so that others need not be: what its slowest machine does."""
    stages = [f"{machine.name} {machine.stage}" for machine in report.machines if not machine.ready and machine.stage]
    running = [f"task {task.name}" for task in report.tasks if task.status is TaskStatus.RUNNING]
    return Progress(subject=plan.playground, step=(stages or running or ["starting"])[0])


async def steps(work: Callable[[Callable[[Progress], None]], Awaitable[object]]) -> AsyncIterator[Progress]:
    """Progress calls of `work` as a stream; its error is raised at the end, and leaving the stream cancels it."""
    waiting: asyncio.Queue[Progress | None] = asyncio.Queue()
    task = asyncio.ensure_future(work(waiting.put_nowait))
    task.add_done_callback(lambda _: waiting.put_nowait(None))
    try:
        while (step := await waiting.get()) is not None:
            if not step.finished:
                yield step
        await task
        yield Progress(subject="", step="done", finished=True)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
