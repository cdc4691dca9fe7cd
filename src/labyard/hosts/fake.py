"""A host whose machines are made of nothing: for control, server and pages, and for a thousand plays in a second.

A play behaves as the `Temper` given for its playground says. The bestiary of bad machines is made of tempers.
"""

from __future__ import annotations

import asyncio
import builtins
import time
from collections.abc import Mapping

from labyard.errors import CapacityError, ConflictError
from labyard.hosts.contract import Capacity, Load, MachineDebug, MachineLoads, PlayCost
from labyard.hosts.fake_guest import FakeGuest
from labyard.hosts.fake_moments import FakeMoments
from labyard.hosts.fake_play import GIB, FakeJournal, FakePlay, Temper, load_of, memory_of, now, quiet
from labyard.hosts.fake_stock import FakeStock
from labyard.play.plan import PlayPlan
from labyard.play.status import MachineState, PlayReport, PlayState, Reason
from labyard.play.streams import Request, Stream

__all__ = ["GIB", "FakeHost", "FakeJournal", "Temper"]


class FakeHost(FakeMoments, FakeStock):
    """Implements `hosts.contract.Host`. Give `journal` of an earlier one to be that host, adopting its plays."""

    def __init__(
        self,
        *,
        tempers: Mapping[str, Temper] | None = None,
        journal: FakeJournal | None = None,
        memory: int = 64 * GIB,
        cpus: int = 8,
    ) -> None:
        super().__init__(tempers, journal)
        self.memory = memory
        self.cpus = cpus

    # -- verbs ---------------------------------------------------------------------------------------------------------

    async def start(self, play_id: str, plan: PlayPlan, *, lifetime: float | None = None, cold: bool = False) -> None:
        self.calls.append(("start", play_id))
        if play_id in self.journal.plays:
            return
        if memory_of(plan) > self.memory:
            raise CapacityError("this host can never hold this play", hint="ask for less memory")
        play = FakePlay(
            plan,
            self.tempers.get(plan.playground, Temper()),
            PlayReport(id=play_id, state=PlayState.STARTING, at=now(), notes=plan.notes),
        )
        self._refuse(play, "start", play.temper.start_refusals, keep=self.tempers)
        play.cold = cold
        play.guests = {machine.name: FakeGuest(machine.name) for machine in plan.machines}
        if (moment := self._ground(plan, cold=cold)) is not None:
            self._begin_from(play, moment)
        self.journal.plays[play_id] = play
        self._boot(play)
        self._set_timer(play, lifetime)

    async def restart(self, play_id: str) -> None:
        play = self._play(play_id, "restart")
        if play.report.state in (PlayState.STARTING, PlayState.RUNNING):
            return
        if play.report.state is not PlayState.STOPPED:
            raise ConflictError(f"play {play_id} is {play.report.state}, not STOPPED")
        self._boot(play)

    async def stop(self, play_id: str) -> None:
        play = self._play(play_id, "stop")
        if play.report.state is PlayState.STOPPED:
            return
        self._refuse(play, "stop", play.temper.stop_refusals)
        if play.temper.stop_hangs:
            await asyncio.Event().wait()
        self._halt(play, Reason.STOPPED)

    async def destroy(self, play_id: str) -> None:
        self.calls.append(("destroy", play_id))
        play = self.journal.plays.get(play_id)
        if play is None:
            return
        self._refuse(play, "destroy", play.temper.destroy_refusals)
        self._halt(play, Reason.DESTROYED, memory=False)
        del self.journal.plays[play_id]
        self._tell(play, state=PlayState.DESTROYED)

    async def machine(self, play_id: str, machine: str, verb: str) -> None:
        play = self._play(play_id, f"machine.{verb}")
        status = self._machine(play, machine)
        if play.report.state not in (PlayState.RUNNING, PlayState.FAILED, PlayState.STARTING):
            raise ConflictError(f"play {play_id} is {play.report.state}")
        match verb:
            case "stop":
                self._set_machine(play, machine, MachineState.STOPPED)
            case "reboot" | "restart":
                if verb == "reboot" and status.state is MachineState.STOPPED:
                    raise ConflictError(f"machine {machine} is off", hint="use restart")
                self._set_machine(play, machine, MachineState.STOPPED)
                self._set_machine(play, machine, MachineState.RUNNING)
            case _:
                raise ConflictError(f"a machine cannot {verb}", hint="reboot, stop or restart")

    async def set_lifetime(self, play_id: str, seconds: float | None) -> None:
        self._set_timer(self._play(play_id, "set_lifetime"), seconds)

    # -- what is here --------------------------------------------------------------------------------------------------

    async def list(self) -> list[PlayReport]:
        return [play.report for play in self.journal.plays.values()]

    async def open(self, play_id: str, machine: str, request: Request) -> Stream:
        play = self._play(play_id, "open")
        if not self._machine(play, machine).ready:
            raise ConflictError(f"machine {machine} is off or not ready", hint="wait until it is ready")
        return await play.guests[machine].open(request)

    async def console(self, play_id: str, machine: str) -> str:
        play = self._play(play_id, "console")
        self._machine(play, machine)
        return f"{machine}: nothing boots, nothing burns\n"

    async def debug(self, play_id: str) -> builtins.list[MachineDebug]:
        play = self._play(play_id, "debug")
        return [
            MachineDebug(
                name=machine.name, command="true", enter="true", console=await self.console(play_id, machine.name)
            )
            for machine in play.plan.machines
        ]

    async def capacity(self) -> Capacity:
        plays = self.journal.plays.values()
        busy = [play for play in plays if play.report.state not in (PlayState.STOPPED, PlayState.DESTROYED)]
        return Capacity(
            cpus=self.cpus,
            memory=self.memory,
            memory_used=sum(memory_of(play.plan) for play in busy),
            disk=100 * GIB,
            disk_free=90 * GIB,
            accelerator="none",
            plays=len(busy),
        )

    async def load(self) -> Load:
        """Machines of nothing take a quarter of what they were promised, and no time."""
        plays = [play for play in self.journal.plays.values() if play.report.state is not PlayState.STOPPED]
        return Load(
            at=now().isoformat(),
            plays=tuple(
                PlayCost(
                    id=play.report.id,
                    machines=len(play.plan.machines),
                    promised=memory_of(play.plan),
                    memory=memory_of(play.plan) // 4,
                    cpu_seconds=0.0,
                )
                for play in plays
            ),
            waiting=0,
            waiting_memory=0,
            load_average=0.0,
        )

    async def machine_loads(self, play_id: str) -> MachineLoads:
        """Machines of nothing have one processor busy in ten, and a quarter of their memory in use."""
        play, at = self._play(play_id, "machine_loads"), time.monotonic()
        alive = {each.name for each in play.report.machines if each.state is MachineState.RUNNING}
        return MachineLoads(at=at, machines=tuple(load_of(plan, at, plan.name in alive) for plan in play.plan.machines))

    # -- for tests -----------------------------------------------------------------------------------------------------

    def guest(self, play_id: str, machine: str) -> FakeGuest:
        return self.journal.plays[play_id].guests[machine]

    def lose(self, play_id: str) -> None:
        """As if somebody removed the play's folder: no event, no trace."""
        play = self.journal.plays.pop(play_id)
        quiet(play)

    def power_cut(self) -> None:
        """The box restarts: what ran is stopped, its disks are kept; what was stopped keeps its memory too."""
        for play in self.journal.plays.values():
            if play.report.state is not PlayState.STOPPED:
                self._halt(play, Reason.HOST_RESTARTED, memory=False)

    async def close(self) -> None:
        """End the fake machines' tasks."""
        works = [play.work for play in self.journal.plays.values() if play.work is not None]
        for play in self.journal.plays.values():
            quiet(play)
            for guest in play.guests.values():
                guest.cut("host closed")
        await asyncio.gather(*works, *self._wakers, return_exceptions=True)
