"""What every play on this box is made with: settings, stores, the box's network, and turns for booting."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog

from labyard.engine.memories import Memories
from labyard.engine.settings import EngineSettings
from labyard.engine.snapshot import Maker
from labyard.engine.templates import Templates
from labyard.images.kernels import KernelStore
from labyard.images.progress import Report
from labyard.images.store import ImageStore
from labyard.machine import cgroup
from labyard.machine.accelerator import Verdict, choose, model
from labyard.machine.machine import version
from labyard.machine.plan import Accelerator
from labyard.machine.process import end, find_all
from labyard.network import host, world
from labyard.network.blocking import in_thread
from labyard.network.dns_upstream import HostResolvers, Upstreams
from labyard.network.plan import world_name

PROBE_KERNEL = "6.1"
EMULATED = "Machines are emulated on this box: everything works, but several times slower than with KVM."

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, slots=True)
class Parts:
    settings: EngineSettings
    images: ImageStore
    kernels: KernelStore
    resolvers: Upstreams = field(default_factory=HostResolvers)
    """Who answers the DNS questions that plays pass on."""
    memories: Memories = field(default_factory=Memories)
    boots: asyncio.Semaphore = field(init=False)
    templates: Templates = field(init=False)
    _verdict: Verdict | None = None
    _maker: Maker | None = None
    _deciding: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        settings = self.settings
        self.boots = asyncio.Semaphore(settings.boots_at_once)
        self.templates = Templates(
            settings.data / "snapshots", self.images, self.kernels, budget=settings.snapshot_budget
        )

    async def verdict(self) -> Verdict:
        """Whether machines run with KVM here, and why not: found by a probe boot, once per boot of the box."""
        async with self._deciding:
            if self._verdict is None:
                kernel = await self.kernels.ensure(PROBE_KERNEL)
                settings = self.settings
                self._verdict = await choose(
                    kernel.vmlinuz, kernel.initramfs, folder=settings.data, mark=settings.mark, uid=settings.first_uid
                )
                log.info("accelerator", note=self._verdict.note)
            return self._verdict

    async def word_for_learners(self) -> str | None:
        """What a learner should know of this box; why is for the operator, in the server's log and `labyard doctor`."""
        return None if (await self.verdict()).accelerator is Accelerator.KVM else EMULATED

    async def maker(self) -> Maker:
        """Who writes memories down here, and can read what the same wrote."""
        verdict = await self.verdict()
        if self._maker is None:
            chosen = verdict.accelerator
            self._maker = Maker(
                qemu=await version(), accelerator=chosen.value, processor=await in_thread(model, chosen)
            )
        return self._maker

    async def prepare_host(self) -> None:
        """The folder of plays, and what all worlds share on the box."""
        self.settings.plays.mkdir(mode=0o711, parents=True, exist_ok=True)
        await host.prepare_host(self.settings.mark)

    async def prepare_images(self, kernels: Sequence[str], images: Sequence[str], report: Report) -> None:
        """Have these, and the disks that machines of every pair start from."""
        had = [await self.kernels.ensure(version, report) for version in kernels]
        for source in images:
            image = await self.images.ensure(source, report)
            for kernel in had:
                await self.images.boot_disk(image, kernel, report)

    async def sweep(self, keep: Collection[str]) -> None:
        """End every process and remove every world that bears our mark and belongs to none of the plays in `keep`."""
        for found in await in_thread(find_all, self.settings.mark):
            if found.mark.play not in keep:
                log.warning("ending a machine that no play owns", play=found.mark.play, machine=found.mark.machine)
                await end(found)
        await asyncio.to_thread(cgroup.sweep, self.settings.mark, keep)
        swept = await world.sweep(self.settings.mark, [world_name(self.settings.mark, play) for play in keep])
        for name in swept:
            log.warning("removed a world that no play owns", world=name)

    async def end_strays(self, play_id: str) -> None:
        """End what runs for a play and nobody holds: a start that was cut while it took hold of a machine."""
        for found in await in_thread(find_all, self.settings.mark):
            if found.mark.play == play_id:
                await end(found)

    async def remove_world(self, play_id: str) -> None:
        await in_thread(world.remove_world, world_name(self.settings.mark, play_id))
