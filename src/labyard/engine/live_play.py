"""One play while an engine has it: images, world, disks, machines, init tasks, in the order a start needs them.

Every step makes only what is missing, so a start that was cut off anywhere is finished by running it again. That is how a
restarted engine adopts: it calls `bring_up` once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from labyard.engine.facts import MachineFacts
from labyard.engine.footing import machine_folder, read_footing
from labyard.engine.init_tasks import InitTasks
from labyard.engine.journal import Entry, Journal
from labyard.engine.live_machine import LiveMachine
from labyard.engine.parts import Parts
from labyard.engine.together import together
from labyard.engine.wiring import Ground, lay_ground
from labyard.errors import CapacityError, ConflictError, ImageError, LabyardError, NotFoundError
from labyard.machine import cgroup
from labyard.machine.console import tail
from labyard.machine.machine import line
from labyard.machine.plan import CONSOLE_BYTES, Accelerator, MachineSpec
from labyard.network.blocking import in_thread
from labyard.network.plan import world_name
from labyard.play.status import MachineState, MachineStatus, PlayReport, PlayState, Reason, TaskReport

log = structlog.get_logger(__name__)

EMULATED = "Machines are emulated on this box: everything works, but several times slower than with KVM."
"""For the learner; why is for the operator, in the server's log and `labyard doctor`."""
DEBUG_CONSOLE = 4000
"""Characters of a console that `debug` shows."""


class LivePlay:
    """Owns all of one play on this host. Verbs are serialised by `_verb`; `destroy` cuts through a start."""

    def __init__(self, entry: Entry, parts: Parts, journal: Journal, publish: Callable[[PlayReport], None]) -> None:
        self.entry = entry
        self._parts = parts
        self._journal = journal
        self._publish = publish
        self._verb = asyncio.Lock()
        self._work: asyncio.Task[None] | None = None
        self._ground: Ground | None = None
        self._gone = False
        self.machines = {
            status.name: LiveMachine(status, self._machine_changed)
            for status in entry.report.machines or tuple(MachineStatus(name=m.name) for m in entry.plan.machines)
        }
        self._tasks = InitTasks(entry.plan, entry.report.tasks, self.machines, self._task_changed)

    @property
    def id(self) -> str:
        return self.entry.report.id

    @property
    def report(self) -> PlayReport:
        return self.entry.report

    # what it is

    def _say(self, *, durable: bool = True, **fields: Any) -> None:
        if self._gone:
            return
        report = self.report.model_copy(update={**fields, "version": self.report.version + 1})
        self.entry = self.entry.model_copy(update={"report": report})
        if durable:
            self._journal.write(self.entry)
        self._publish(report)

    def _become(self, state: PlayState, reason: Reason | None = None, detail: str = "") -> None:
        log.info("play", play=self.id, state=state.value, reason=reason, detail=detail[:200])
        self._say(state=state, at=datetime.now(UTC), reason=reason, detail=detail)

    def _machine_changed(self, status: MachineStatus) -> None:
        before = {machine.name: machine.state for machine in self.report.machines}
        machines = tuple(machine.status for machine in self.machines.values())
        if status.ready and status.name not in self.entry.booted:
            self.entry = self.entry.model_copy(update={"booted": (*self.entry.booted, status.name)})
        # a stage's words are not worth a disk write; a state is
        self._say(machines=machines, durable=before.get(status.name) is not status.state)

    def _task_changed(self, tasks: tuple[TaskReport, ...]) -> None:
        self._say(tasks=tasks)

    # verbs

    def begin(self) -> None:
        """Bring it up in the background; `report` tells how it goes. A play that has failed only gets its machines back."""
        if self._work is None or self._work.done():
            work = self._hold_on() if self.report.state is PlayState.FAILED else self._bring_up()
            self._work = asyncio.create_task(work, name=f"start {self.id}")

    async def stop(self, reason: Reason) -> None:
        await self._give_up_start()
        async with self._verb:
            if self._gone or self.report.state is PlayState.STOPPED:
                return
            await self._give_up_start()  # of a restart that came first
            self._become(PlayState.STOPPING, reason)
            await asyncio.gather(*(m.power_off(self._parts.settings.stop_grace) for m in self.machines.values()))
            await self._clear_ground()
            self._become(PlayState.STOPPED, reason)

    async def restart(self) -> None:
        """Boot it from its disks. What has failed is ended first and its failed tasks run again; what runs is left alone."""
        async with self._verb:
            if self.report.state is PlayState.DESTROYING or self._gone:
                raise ConflictError(f"play {self.id} is being destroyed")
            if self.report.state not in (PlayState.STOPPED, PlayState.FAILED):
                return
            await self._give_up_start()
            await asyncio.gather(*(machine.end() for machine in self.machines.values()))
            await self._clear_ground()
            self._tasks.forget_failures()
            self._become(PlayState.STARTING)
            self.begin()

    async def destroy(self) -> None:
        """Nothing of it is left when this returns. Safe in every state, also half-way through itself."""
        await self._give_up_start()
        await asyncio.gather(*(machine.end() for machine in self.machines.values()))  # a stop in its grace ends now
        async with self._verb:
            if self._gone:
                return
            await self._give_up_start()
            if self.report.state is not PlayState.DESTROYING:
                self._become(PlayState.DESTROYING, Reason.DESTROYED)
            await asyncio.gather(*(machine.end() for machine in self.machines.values()))
            await self._clear_ground()
            self._gone = True
            await in_thread(self._journal.remove, self.id)
            self._publish(
                self.report.model_copy(update={"state": PlayState.DESTROYED, "version": self.report.version + 1})
            )

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
            if self._ground is None or self.report.state not in (PlayState.RUNNING, PlayState.FAILED):
                raise ConflictError(f"play {self.id} is {self.report.state.lower()}", hint="restart the play instead")
            await machine.run(self._ground.launcher(machine.name, self.entry))

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
            self._become(PlayState.FAILED, Reason.DISK_BUDGET, detail)

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
        if self._ground is not None:
            await self._ground.let_go()

    def image_digests(self) -> set[str]:
        """What its drives lie on, as far as they are laid."""
        footings = (read_footing(machine_folder(self.entry, self._parts, name)) for name in self.machines)
        return {digest for footing in footings if footing for digest in footing.images}

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
            enter=shlex.join(["ip", "netns", "exec", world_name(self._parts.settings.mark, self.id), "bash"]),
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

    # the start

    async def _give_up_start(self) -> None:
        if self._work is not None:
            self._work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._work
            self._work = None

    async def _bring_up(self) -> None:
        try:
            await self._start_machines()
            await self._tasks_done()
        except ImageError as error:
            await self._fail(Reason.IMAGE_UNAVAILABLE, error, keep=False)
        except CapacityError as error:
            await self._fail(Reason.NO_CAPACITY, error, keep=False)
        except TimeoutError as error:
            await self._fail(Reason.MACHINE_NEVER_READY, error, keep=True)
        except LabyardError as error:
            await self._fail(Reason.INTERNAL, error, keep=False)
        except Exception as error:
            log.exception("start failed", play=self.id)
            await self._fail(Reason.INTERNAL, error, keep=False)

    async def _hold_on(self) -> None:
        """Take hold of the machines that a failed play left running; none is started and nothing else is tried."""
        try:
            ground = await lay_ground(self.entry, self._parts, self.machines)
            self._ground = ground
            await together(*(machine.take_up(ground.finder(name)) for name, machine in self.machines.items()))
        except LabyardError as error:
            log.warning("a failed play's machines are not to be had", play=self.id, error=str(error))
        if self.report.reason is Reason.DISK_BUDGET:
            await self._freeze()

    async def _start_machines(self) -> None:
        if self.report.state is not PlayState.RUNNING:
            self._become(PlayState.STARTING)
        ground = await lay_ground(self.entry, self._parts, self.machines)
        self._ground = ground
        await self._note_the_accelerator()
        await together(*(self._start_machine(ground, machine) for machine in self.machines.values()))

    async def _note_the_accelerator(self) -> None:
        verdict = await self._parts.verdict()
        emulated = () if verdict.accelerator is Accelerator.KVM else (EMULATED,)
        notes = (*self.entry.plan.notes, *emulated)
        if notes != self.report.notes:
            self._say(notes=notes)

    async def _start_machine(self, ground: Ground, machine: LiveMachine) -> None:
        """A machine that was switched off on purpose before the engine restarted stays off."""
        if machine.status.state is MachineState.STOPPED and self.report.state is PlayState.RUNNING:
            return
        async with self._parts.boots:
            await machine.run(ground.launcher(machine.name, self.entry))

    async def _tasks_done(self) -> None:
        """Wait for readiness and init tasks together: a task runs as soon as its own machine is ready."""
        if self.report.state is PlayState.RUNNING:
            return  # it got here before the engine restarted; a machine that has gone off since is the learner's doing
        started = [machine for machine in self.machines.values() if machine.process is not None]
        failed, *_ = await together(self._tasks.run(), *(self._wait_ready(machine) for machine in started))
        if failed is not None:
            detail = f"init task '{failed.name}' on {failed.machine} " + _how(failed)
            self._become(PlayState.FAILED, Reason.INIT_TASK_FAILED, detail)
        else:
            self._become(PlayState.RUNNING)

    async def _wait_ready(self, machine: LiveMachine) -> TaskReport | None:
        """Raises TimeoutError when it does not get ready. (Returns None, to be awaited beside the tasks.)"""
        events = (machine.up, machine.off, machine.broken)
        waiting = [asyncio.create_task(event.wait()) for event in events]
        limit = self._parts.settings.ready_timeout
        try:
            await asyncio.wait(waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        if machine.up.is_set():
            return None
        if machine.broken.is_set():
            raise TimeoutError(f"{machine.name} cannot get ready: {machine.status.message}")
        if machine.off.is_set():
            raise TimeoutError(
                f"{machine.name} went off before it was ready: {machine.status.message or 'it powered off'}"
            )
        raise TimeoutError(f"{machine.name} was not ready after {limit:.0f} s; it was {machine.status.stage}")

    async def _fail(self, reason: Reason, error: BaseException, *, keep: bool) -> None:
        """`keep`: machines stay as they are, for someone to look. Else nothing is left but the journal."""
        if not keep:
            await asyncio.gather(*(machine.end() for machine in self.machines.values()))
            await self._clear_ground()
        self._become(PlayState.FAILED, reason, str(error))

    async def _clear_ground(self) -> None:
        await self._parts.end_strays(self.id)
        ground, self._ground = self._ground, None
        if ground is not None:
            await ground.remove()
        else:
            await self._parts.remove_world(self.id)


def _limits(spec: MachineSpec) -> str:
    group = cgroup.existing(spec)
    return f"limited by {group}" if group else cgroup.lacking()


def _how(task: TaskReport) -> str:
    if task.timed_out:
        return "ran out of time"
    return f"ended with exit code {task.exit_code}"
