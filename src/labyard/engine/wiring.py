"""The ground a play stands on while it runs: its world, its names, and a launcher per machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from labyard.engine.footing import Footing, lay_footing, write_initrd
from labyard.engine.journal import Entry
from labyard.engine.live_machine import LiveMachine
from labyard.engine.parts import Parts
from labyard.engine.together import together
from labyard.images.progress import Progress
from labyard.machine.machine import Machine
from labyard.network.blocking import in_thread
from labyard.network.dns import DnsForwarder
from labyard.network.world import World
from labyard.play.plan import MachinePlan
from labyard.play.status import MachineState


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    world: World
    dns: DnsForwarder
    footings: Mapping[str, Footing]
    plans: Mapping[str, MachinePlan]
    parts: Parts

    def launcher(self, name: str, entry: Entry) -> Callable[[], Awaitable[Machine]]:
        """Finds the machine where it runs already, else starts it."""
        footing = self.footings[name]
        plan = self.plans[name]

        async def launch() -> Machine:
            found = await Machine.adopt(footing.spec)
            if found is not None:
                return found
            await in_thread(write_initrd, footing, entry, plan)
            # what the box can do may have changed since the play began
            spec = footing.spec.model_copy(update={"accelerator": (await self.parts.verdict()).accelerator})
            taps = [self.world.open_tap(name, index) for index in range(len(spec.nics))]
            return await Machine.launch(spec, taps=taps)

        return launch

    def finder(self, name: str) -> Callable[[], Awaitable[Machine | None]]:
        """Finds the machine where it runs; starts nothing."""
        return partial(Machine.adopt, self.footings[name].spec)

    async def remove(self) -> None:
        await self.dns.close()
        await self.world.remove()

    async def let_go(self) -> None:
        await self.dns.close()


async def lay_ground(entry: Entry, parts: Parts, machines: Mapping[str, LiveMachine]) -> Ground:
    """Everything machines need before they start; what exists already is kept. Images come first: they take longest."""
    plans = entry.plan.machines
    laid = await together(*(lay_footing(entry, parts, plan, _progress(machines[plan.name])) for plan in plans))
    world = await World.of_play(data_mark=parts.settings.mark, play_id=entry.report.id, play=entry.plan)
    dns = await DnsForwarder.start(world, world.plan.names, parts.resolvers)
    footings = {plan.name: footing for plan, footing in zip(plans, laid, strict=True)}
    named = {plan.name: plan for plan in plans}
    return Ground(world=world, dns=dns, footings=footings, plans=named, parts=parts)


def _progress(machine: LiveMachine) -> Callable[[Progress], None]:
    """An image's or kernel's progress as this machine's stage."""

    def say(progress: Progress) -> None:
        if progress.finished:
            return
        share = f" {100 * progress.done // progress.total} %" if progress.total else ""
        machine.say(f"{progress.subject}: {progress.step}{share}", MachineState.WARMING_UP)

    return say
