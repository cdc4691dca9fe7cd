"""One play while an engine has it: its verbs, one at a time. How it comes up is in `bring_up.py`."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Callable
from pathlib import Path

import structlog

from labyard.engine.bring_up import BringUp
from labyard.engine.facts import MachineFacts
from labyard.engine.footing import BASE, DELTA, read_footing
from labyard.engine.init_tasks import InitTasks
from labyard.engine.journal import Entry, Journal
from labyard.engine.laying import machine_folder
from labyard.engine.lesson import Lesson
from labyard.engine.live_machine import LiveMachine
from labyard.engine.machine_load import MachineTaken, taken_by
from labyard.engine.moments import Moments
from labyard.engine.parts import Parts
from labyard.engine.record import KEEPING, PlayRecord
from labyard.engine.snapshot import Snapshot
from labyard.engine.turn import Turn
from labyard.engine.upkeep import scrub, seal
from labyard.errors import ConflictError, LabyardError, NotFoundError
from labyard.machine import cgroup
from labyard.machine.console import tail
from labyard.machine.machine import line
from labyard.machine.plan import CONSOLE_BYTES, MachineSpec
from labyard.network.blocking import in_thread
from labyard.network.plan import world_name
from labyard.play.status import MachineStatus, PlayReport, PlayState, Reason, TaskReport

log = structlog.get_logger(__name__)

DEBUG_CONSOLE = 4000
"""Characters of a console that `debug` shows."""
MEMORY_KEPT = "Its memory and disks are kept: it goes on exactly here."
DISKS_KEPT = "Its disks are kept: its machines will boot from them."


class LivePlay:
    """Owns all of one play on this host. Verbs are serialised by `_verb`; `destroy` cuts through a start."""

    def __init__(self, entry: Entry, parts: Parts, journal: Journal, publish: Callable[[PlayReport], None]) -> None:
        self.record = PlayRecord(entry, journal, publish)
        self._parts = parts
        self._verb = Turn(lambda: self.id)
        self._work: asyncio.Task[None] | None = None
        self._resting = False
        self.machines = {
            status.name: LiveMachine(status, self._machine_changed)
            for status in entry.report.machines or tuple(MachineStatus(name=m.name) for m in entry.plan.machines)
        }
        self._tasks = InitTasks(entry.plan, entry.report.tasks, self.machines, self._task_changed)
        self._lesson = Lesson(self.record, self.machines)
        self._start = BringUp(self.record, parts, self.machines, self._tasks, self._lesson)
        self.moments = Moments(self.record, parts, self._start.keeping, self._start.chores)

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def entry(self) -> Entry:
        return self.record.entry

    @property
    def report(self) -> PlayReport:
        return self.record.report

    async def rest(self) -> None:
        """Wait for somebody, standing still."""
        async with self._verb:
            await self._start.rest()
            self._resting = True

    @property
    def at_rest(self) -> bool:
        """Whether it waits, and nothing of it has died meanwhile."""
        alive = (machine.process is not None and machine.process.alive for machine in self.machines.values())
        return self._resting and all(alive)

    def become_somebodys(self, entry: Entry, publish: Callable[[PlayReport], None]) -> None:
        """Wake it as the play of `entry`, which must be one of the same snapshot. `report` tells how it goes."""
        self._resting = False
        self.record.become_somebodys(entry, publish)
        self._work = asyncio.create_task(self._start.wake_up(), name=f"wake {self.id}")

    async def brought_up(self) -> None:
        """Wait until it runs or has failed."""
        if self._work is not None:
            await asyncio.wait([self._work])

    # what it is

    def _machine_changed(self, status: MachineStatus) -> None:
        before = {machine.name: machine.state for machine in self.report.machines}
        machines = tuple(machine.status for machine in self.machines.values())
        if self.record.veiled:
            machines = tuple(each.model_copy(update={"ready": False, "ready_at": None}) for each in machines)
        if status.ready and status.name not in self.entry.booted:
            self.record.entry = self.entry.model_copy(update={"booted": (*self.entry.booted, status.name)})
        # a stage's words are not worth a disk write; a state is
        self.record.say(machines=machines, durable=before.get(status.name) is not status.state)

    def _task_changed(self, tasks: tuple[TaskReport, ...]) -> None:
        self.record.tell_tasks(*tasks)

    # verbs

    def begin(self) -> None:
        """Bring it up in the background; `report` tells how it goes. A play that has failed only gets its machines back."""
        if self._work is None or self._work.done():
            work = self._hold_on() if self.report.state is PlayState.FAILED else self._start.run()
            self._work = asyncio.create_task(work, name=f"start {self.id}")

    async def _hold_on(self) -> None:
        await self._start.hold_on()
        if self.report.reason is Reason.DISK_BUDGET:
            await self._freeze()

    async def stop(self, reason: Reason) -> None:
        """What runs is kept with its memory; what is still starting, or has failed, with its disks alone."""
        await self._give_up_start()
        async with self._verb:
            if self.record.gone or self.report.state is PlayState.STOPPED:
                return
            await self._give_up_start()  # of a restart that came first
            alive = any(machine.process is not None for machine in self.machines.values())
            running = alive and self.report.state is PlayState.RUNNING
            self.record.become(PlayState.STOPPING, reason)
            kept = running and await self._keep_memory()
            if not kept:
                grace = self._parts.settings.stop_grace
                await asyncio.gather(*(machine.power_off(grace) for machine in self.machines.values()))
            await self._ended(reason)

    async def _keep_memory(self) -> bool:
        """Whether it will go on exactly here. When that cannot be, its machines run on, to be powered off."""
        try:
            await self._start.keeping.keep(self.record.folder / KEEPING, self.record.kept, same_disks=True)
        except (LabyardError, OSError, TimeoutError) as error:
            log.warning("a play's memory was not kept", play=self.id, why=str(error))
            self.record.note(f"Its memory could not be kept when it was stopped: {error}.")
            return False
        await asyncio.gather(*(machine.end() for machine in self.machines.values()))
        return True

    async def _ended(self, reason: Reason) -> None:
        """Its machines have gone. Tidying what was kept can wait; who goes on from it waits for that."""
        await self._start.clear_ground()
        kept = self.record.kept.exists()
        self.record.become(PlayState.STOPPED, reason, MEMORY_KEPT if kept else DISKS_KEPT)
        self._start.chores.later(self._settle_kept())

    async def _settle_kept(self) -> None:
        for name in self.machines:
            for part in (BASE, DELTA):
                (self.record.machine_folders() / name / part).unlink(missing_ok=True)
            await self._parts.memories.settle(self.record.kept / name)
        await in_thread(seal, self.record.kept)

    async def finish_stop(self, reason: Reason) -> None:
        """After a crash of ours while it was being stopped: all of it is kept, or its machines run on and are stopped now."""
        if self.record.kept.exists():
            async with self._verb:
                await self._ended(reason)
            return
        await self._start.hold_on()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._parts.settings.stop_grace):
                await asyncio.gather(*(m.up.wait() for m in self.machines.values() if m.process is not None))
        self.record.become(PlayState.RUNNING)
        await self.stop(reason)

    async def restart(self) -> None:
        """Go on where it was stopped, or boot from its disks. What has failed is ended first and its failed tasks run again;
        what runs is left alone."""
        async with self._verb:
            self._refuse_gone()
            if self.report.state not in (PlayState.STOPPED, PlayState.FAILED):
                return
            await self._end_machines()
            self._tasks.forget_failures()
            self.record.become(PlayState.STARTING)
            self.record.hurry = True
            self.begin()

    async def _end_machines(self) -> None:
        await self._give_up_start()
        await asyncio.gather(*(machine.end() for machine in self.machines.values()))
        await self._start.clear_ground()

    def _refuse_gone(self) -> None:
        if self.report.state is PlayState.DESTROYING or self.record.gone:
            raise ConflictError(f"play {self.id} is being destroyed")

    async def destroy(self) -> None:
        """Nothing of it is left when this returns. Safe in every state, also half-way through itself."""
        await self._give_up_start()
        await asyncio.gather(*(machine.end() for machine in self.machines.values()))  # a stop in its grace ends now
        async with self._verb:
            if self.record.gone:
                return
            await self._give_up_start()
            if self.report.state is not PlayState.DESTROYING:
                with contextlib.suppress(OSError):  # a disk too full to write it down gets room by this
                    self.record.become(PlayState.DESTROYING, Reason.DESTROYED)
            await asyncio.gather(*(machine.end() for machine in self.machines.values()))
            await self._start.clear_ground()
            await in_thread(self.record.forget)
            self.record.tell_end()

    async def put_in(self, task: str, value: str) -> None:
        """See `Lesson.put_in`."""
        self.refuse_halted()
        await self._lesson.put_in(task, value)

    # moments

    async def take(self, place: Path, work: Path, *, durable: bool = True, own: bool = False) -> Snapshot:
        """See `Moments.take`."""
        async with self._verb:
            self._refuse_gone()
            return await self.moments.take(place, work, durable=durable, own=own)

    async def snapshot(self, name: str) -> Snapshot:
        async with self._verb:
            self._refuse_gone()
            snapshot = await self.moments.keep(name)
        self._start.chores.later(in_thread(seal, self.moments.place(name)))
        return snapshot

    async def forget_snapshot(self, name: str) -> None:
        async with self._verb:
            await self.moments.forget(name)

    async def rewind(self, name: str) -> None:
        """Returns when what it was is gone and it is on its way back, or, of a stopped play, when it will be."""
        async with self._verb:
            self._refuse_gone()
            await in_thread(self.moments.find, name)
            state = self.report.state
            if state not in (PlayState.RUNNING, PlayState.STOPPED):
                raise ConflictError(f"play {self.id} is {state.lower()}", hint="it must be running or stopped")
            if state is PlayState.STOPPED:
                await self.moments.go_back(name)
                self.record.say(detail=MEMORY_KEPT)
                return
            self.record.become(PlayState.STARTING)
            await self._end_machines()
            try:
                await self.moments.go_back(name)
                self.record.hurry = True
            finally:  # where it cannot go back, it boots from its disks
                self.begin()

    async def scrub(self) -> list[str]:
        """A line for each snapshot of its own that was damaged, and is set aside."""
        async with self._verb:
            if self.record.gone:
                return []
            await self._start.chores.end(finish=True)
            places = [self.moments.place(name) for name in await in_thread(self.moments.named)]
            if self.report.state is PlayState.STOPPED:
                places.append(self.record.kept)
            found = [(place, await in_thread(scrub, place)) for place in places]
            return [f"{self.id}/{place.name}: {wrong}" for place, wrong in found if wrong is not None]

    async def machine(self, name: str, verb: str) -> None:
        machine = self.find(name)
        self.refuse_halted()
        async with machine.turn:
            if verb == "reboot":
                await machine.reboot()
            elif verb == "stop":
                await machine.power_off(self._parts.settings.stop_grace)
            elif verb == "restart" and machine.process is not None:
                await machine.reboot()
            elif verb == "restart":
                await self._start_again(machine)
            else:
                raise ConflictError(f"machines cannot '{verb}'", hint="reboot, stop or restart")

    async def _start_again(self, machine: LiveMachine) -> None:
        async with self._verb:
            if self._start.ground is None or self.report.state not in (PlayState.RUNNING, PlayState.FAILED):
                raise ConflictError(f"play {self.id} is {self.report.state.lower()}", hint="restart the play instead")
            await machine.run(self._start.ground.launcher(machine.name, self.entry))

    def refuse_halted(self) -> None:
        """ConflictError when its machines stand still for good."""
        if self.report.reason is Reason.DISK_BUDGET and self.report.state is PlayState.FAILED:
            raise ConflictError(f"play {self.id} is halted: {self.report.detail}", hint="stop or destroy it")

    async def halt(self, detail: str) -> None:
        """Freeze its machines where they are: it took more of the disk than it may. Whatever it was starting is given up."""
        await self._give_up_start()
        async with self._verb:
            if self.report.state not in (PlayState.STARTING, PlayState.RUNNING, PlayState.FAILED):
                return
            await self._freeze()
            self.record.become(PlayState.FAILED, Reason.DISK_BUDGET, detail)

    async def _freeze(self) -> None:
        for machine in self.machines.values():
            if machine.process is not None:
                with contextlib.suppress(LabyardError):  # it may be ending by itself
                    await machine.process.pause()
                machine.say("halted: disk budget used up")

    async def let_go(self) -> None:
        """The engine ends, the machines run on."""
        await self._give_up_start()
        for machine in self.machines.values():
            await machine.let_go()
        await self._start.let_go()

    async def _give_up_start(self) -> None:
        self._lesson.end()
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work
            self._work = None

    def image_digests(self) -> set[str]:
        """What its drives lie on, as far as they are laid."""
        footings = (read_footing(machine_folder(self.entry, self._parts, name)) for name in self.machines)
        return {digest for footing in footings if footing for digest in footing.images}

    def kernels(self) -> set[str]:
        """Versions that its machines boot, as far as they are laid."""
        footings = (read_footing(machine_folder(self.entry, self._parts, name)) for name in self.machines)
        return {footing.kernel for footing in footings if footing}

    def pids(self) -> tuple[int, ...]:
        """Of its machines' processes that are there."""
        return tuple(machine.process.pid for machine in self.machines.values() if machine.process is not None)

    async def machine_loads(self) -> list[MachineTaken]:
        """Of each of its machines, in their order."""
        return await asyncio.gather(*(taken_by(machine) for machine in self.machines.values()))

    async def console(self, name: str) -> str:
        machine = self.find(name)
        if machine.process is not None:
            return await machine.process.console()
        footing = read_footing(machine_folder(self.entry, self._parts, name))
        return tail(footing.spec.console_log, CONSOLE_BYTES) if footing else ""

    async def debug(self) -> list[MachineFacts]:
        return [await self._facts(name) for name in self.machines]

    async def _facts(self, name: str) -> MachineFacts:
        footing = read_footing(machine_folder(self.entry, self._parts, name))
        process = self.machines[name].process
        return MachineFacts(
            name=name,
            command=shlex.join(line(footing.spec)) if footing else "",
            enter=shlex.join(["ip", "netns", "exec", world_name(self._parts.settings.mark, self.record.home), "bash"]),
            console=(await self.console(name))[-DEBUG_CONSOLE:],
            pid=process.pid if process else None,
            limits=_limits(footing.spec) if footing and process else "",
        )

    def find(self, name: str) -> LiveMachine:
        try:
            return self.machines[name]
        except KeyError:
            known = ", ".join(self.machines)
            raise NotFoundError(f"play {self.id} has no machine '{name}'", hint=f"it has: {known}") from None


def _limits(spec: MachineSpec) -> str:
    group = cgroup.existing(spec)
    return f"limited by {group}" if group else cgroup.lacking()
