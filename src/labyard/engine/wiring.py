"""The ground a play stands on while it runs: its world, its names, and a launcher per machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from labyard.engine.footing import Footing, forget_memory
from labyard.engine.journal import Entry
from labyard.engine.laying import lay_footing, over, write_initrd
from labyard.engine.live_machine import LiveMachine
from labyard.engine.parts import Parts
from labyard.engine.together import together
from labyard.errors import MachineError
from labyard.images.progress import Progress
from labyard.machine.machine import Machine
from labyard.machine.plan import MachineSpec
from labyard.network.blocking import in_thread
from labyard.network.dns import DnsForwarder
from labyard.network.world import World
from labyard.play.plan import MachinePlan
from labyard.play.status import MachineState


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    world: World
    dns: DnsForwarder
    footings: dict[str, Footing]
    plans: Mapping[str, MachinePlan]
    parts: Parts

    def launcher(self, name: str, entry: Entry) -> Callable[[], Awaitable[Machine]]:
        """Finds the machine where it runs already, else starts it."""
        footing = self.footings[name]
        plan = self.plans[name]

        async def launch() -> Machine:
            found = await adopt(footing.spec)
            if found is not None:
                return found
            await in_thread(write_initrd, footing, entry, plan)
            forget_memory(footing)
            spec = (await self._own_disks(name)).spec
            # what the box can do may have changed since the play began
            spec = spec.model_copy(update={"accelerator": (await self.parts.verdict()).accelerator})
            taps = [self.world.open_tap(name, index) for index in range(len(spec.nics))]
            return await Machine.launch(spec, taps=taps)

        return launch

    async def _own_disks(self, name: str) -> Footing:
        """A layer that a snapshot has too is never written again: it gets another on top."""
        footing = self.footings[name]
        layers = {}
        for index, disk in enumerate(footing.spec.disks):
            top = disk.layers[-1]
            if not disk.read_only and top.path.stat().st_nlink > 1:
                layers[index] = await over(footing.folder, index, top)
        if layers:
            footing = self.footings[name] = footing.with_layers(layers)
            await in_thread(footing.write)
        return footing

    def finder(self, name: str) -> Callable[[], Awaitable[Machine | None]]:
        """Finds the machine where it runs; starts nothing."""
        return partial(adopt, self.footings[name].spec)

    async def remove(self) -> None:
        await self.dns.close()
        await self.world.remove()

    async def let_go(self) -> None:
        await self.dns.close()


async def adopt(spec: MachineSpec) -> Machine | None:
    """Find a machine that runs. One that stands still since whoever took a snapshot of it went away is set going.

    Ended is one that was to be made of a snapshot and never was, and one that was to end with its snapshot taken: it would
    write to disks that are the snapshot's.
    """
    found = await Machine.adopt(spec)
    if found is None:
        return None
    try:
        status = await found.status()
    except MachineError:
        return found  # it powered off while nobody looked, and is ending: its events tell
    if status in ("inmigrate", "prelaunch") or (status == "paused" and _is_kept(spec)):
        await found.kill()
        return None
    if status == "paused":
        await found.resume()
    return found


def _is_kept(spec: MachineSpec) -> bool:
    """Whether a disk that it writes to is a snapshot's, too."""
    return any(disk.layers[-1].path.stat().st_nlink > 1 for disk in spec.disks if not disk.read_only)


async def lay_ground(entry: Entry, parts: Parts, machines: Mapping[str, LiveMachine]) -> Ground:
    """Everything machines need before they start; what exists already is kept. Images come first: they take longest."""
    plans = entry.plan.machines
    laid = await together(*(lay_footing(entry, parts, plan, _progress(machines[plan.name])) for plan in plans))
    ground = await raise_ground(entry, parts)
    ground.footings.update({plan.name: footing for plan, footing in zip(plans, laid, strict=True)})
    return ground


async def raise_ground(entry: Entry, parts: Parts) -> Ground:
    """A play's world and its names, what exists of them kept; on what its machines stand is still to be laid."""
    world = await World.of_play(data_mark=parts.settings.mark, play_id=entry.home, play=entry.plan)
    dns = await DnsForwarder.start(world, world.plan.names, parts.resolvers)
    plans = {plan.name: plan for plan in entry.plan.machines}
    return Ground(world=world, dns=dns, footings={}, plans=plans, parts=parts)


def _progress(machine: LiveMachine) -> Callable[[Progress], None]:
    """An image's or kernel's progress as this machine's stage."""

    def say(progress: Progress) -> None:
        if progress.finished:
            return
        share = f" {100 * progress.done // progress.total} %" if progress.total else ""
        machine.say(f"{progress.subject}: {progress.step}{share}", MachineState.WARMING_UP)

    return say
