"""From an accepted play to one that runs: by booting, or by going on from a snapshot. Safe to cut anywhere and begin again.

Every step makes only what is missing. That is how a restarted engine adopts: it brings up once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from functools import partial

import structlog

from labyard.engine.chores import Chores
from labyard.engine.continuing import lay_kept, take_over_memory, waiter
from labyard.engine.identity import make_own, open_shells, rehearse, until_idle
from labyard.engine.init_tasks import InitTasks, how_it_failed
from labyard.engine.keeping import Keeping
from labyard.engine.lesson import Lesson
from labyard.engine.live_machine import LiveMachine
from labyard.engine.parts import Parts
from labyard.engine.record import KEEPING, SPENT, PlayRecord
from labyard.engine.snapshot import Snapshot, copy_snapshot, read_snapshot, set_aside
from labyard.engine.together import together
from labyard.engine.upkeep import seal
from labyard.engine.wiring import Ground, lay_ground, raise_ground
from labyard.errors import CapacityError, ImageError, LabyardError, MachineError
from labyard.machine.machine import Machine
from labyard.machine.sparse import SnapshotError
from labyard.network.blocking import in_thread
from labyard.play.plan import Identity
from labyard.play.status import MachineState, PlayState, Reason, TaskReport

log = structlog.get_logger(__name__)


class BringUp:
    """Owns the ground of one play, and the order in which it comes up."""

    def __init__(
        self,
        record: PlayRecord,
        parts: Parts,
        machines: Mapping[str, LiveMachine],
        tasks: InitTasks,
        lesson: Lesson,
    ) -> None:
        self.record = record
        self.ground: Ground | None = None
        self._parts = parts
        self._patience = parts.settings.ready_timeout
        self._machines = machines
        self._tasks = tasks
        self._lesson = lesson
        self.chores = Chores(record)
        self.keeping = Keeping(record, parts, machines, lambda: self.ground)
        for machine in machines.values():
            machine.relaunch = partial(self._launch, machine.name)

    async def run(self) -> None:
        """Until it runs, or has failed with a reason."""
        try:
            if await self._come_up():
                await self._tasks_done()
            if self.record.report.state is PlayState.RUNNING:
                self._lesson.begin()
        except ImageError as error:
            await self._fail(Reason.IMAGE_UNAVAILABLE, error, keep=False)
        except CapacityError as error:
            await self._fail(Reason.NO_CAPACITY, error, keep=False)
        except TimeoutError as error:
            await self._fail(Reason.MACHINE_NEVER_READY, error, keep=True)
        except LabyardError as error:
            await self._fail(Reason.INTERNAL, error, keep=False)
        except Exception as error:
            log.exception("start failed", play=self.record.id)
            await self._fail(Reason.INTERNAL, error, keep=False)
        finally:
            self._catch_up()

    async def hold_on(self) -> None:
        """Take hold of the machines that run already; none is started and nothing else is tried."""
        try:
            await in_thread(self._sweep)
            ground = await lay_ground(self.record.entry, self._parts, self._machines)
            self.ground = ground
            await together(*(machine.take_up(ground.finder(name)) for name, machine in self._machines.items()))
        except LabyardError as error:
            log.warning("a play's machines are not to be had", play=self.record.id, error=str(error))

    # which way

    async def _come_up(self) -> bool:
        """Whether its machines are there, and its tasks may run. False: it has failed, and said so."""
        if (word := await self._parts.word_for_learners()) is not None:
            self.record.note(word)
        if self.record.report.state is PlayState.RUNNING:
            await self._boot()
            return True
        self.record.become(PlayState.STARTING, booted=False)
        if await self._go_on():
            return True
        key = await self._template_key()
        if key is None:
            await self._boot()
            return True
        return await self._by_template(key)

    async def _template_key(self) -> str | None:
        """The snapshot to start from; None: boot, as a play does that has disks of its own already."""
        entry = self.record.entry
        if entry.cold or entry.booted:
            return None
        if entry.plan.snapshot is not None:
            return entry.plan.snapshot
        return await self._parts.templates.key(entry.plan, await self._parts.maker())

    async def _by_template(self, key: str) -> bool:
        templates = self._parts.templates
        if await self._start_from(key):
            return True
        if templates.is_saved(key):
            templates.check(self.record.plan, await self._parts.maker())
            await self._boot()  # from its disks, which were laid
            return True
        if self.record.plan.one_off and not self.record.entry.internal:
            await self._boot()
            return True
        async with templates.turn(key):
            if await self._start_from(key):
                return True
            if not await self._boot_for(key):
                return self.record.report.state is not PlayState.FAILED
        if not await self._start_from(key):
            await self._boot()
        return True

    async def _boot_for(self, key: str) -> bool:
        """Boot, prepare, and keep that; a lesson is prepared in a fork of its playground, where there is one. False: it goes on
        as it is, or has failed and said so."""
        self.record.veiled = True
        try:
            ground = await self._parts.templates.key(self.record.plan.without_lesson(), await self._parts.maker())
            if ground in (None, key) or not await self._start_from(ground):
                await self._boot()
            failed = await self._prepared(up_to_fork=True)
            if failed is None:
                return await self._make_template(key)
            self._tell_failed(failed)
            return False
        finally:
            self.record.veiled = False
            self.record.say(machines=tuple(machine.status for machine in self._machines.values()))

    # by going on

    async def _start_from(self, key: str) -> bool:
        """Fork a template: False when there is none that can be used."""
        place = self._parts.templates.find(key, await self._parts.maker())
        if place is None:
            return False
        await in_thread(copy_snapshot, place, self.record.folder / KEEPING, self.record.kept)
        saved = self._parts.templates.is_saved(key)
        if await self._go_on(or_disks=saved):
            return True
        if not saved:
            set_aside(place)
        return False

    async def _go_on(self, *, or_disks: bool = True) -> bool:
        """Go on from what is kept. False when nothing is, or its memory cannot be used: then its disks are laid, to boot
        from, or with `or_disks` false nothing of it."""
        kept = self.record.kept
        try:
            snapshot = await in_thread(read_snapshot, kept)
            if snapshot is None:
                return False
            if not self.record.hurry:  # of a start that an earlier engine did not finish
                await self._parts.end_strays(self.record.home)
            if snapshot.maker != await self._parts.maker():
                raise SnapshotError("it was kept by another version of QEMU or another kind of box")
            await self._rise(snapshot)
        except (SnapshotError, MachineError) as error:
            log.warning("a kept memory cannot be used", play=self.record.id, why=str(error))
            await asyncio.gather(*(machine.end() for machine in self._machines.values()))
            ground, self.ground = self.ground, None
            if ground is not None:
                await ground.let_go()  # whoever boots now raises it again
            await (self._lay_disks_alone(error) if or_disks else self._lay_nothing())
            return False
        return True

    async def _rise(self, snapshot: Snapshot) -> None:
        entry, kept = self.record.entry, self.record.kept
        ground = self.ground = self.ground or await raise_ground(entry, self._parts)
        ground.footings.update(await lay_kept(entry, self._parts, kept, snapshot))
        asleep = [self._machines[saved.name] for saved in snapshot.machines if saved.memory]
        try:
            await together(*(machine.lay_down(waiter(ground, kept, machine.name)) for machine in asleep))
            await in_thread(self._consume, snapshot)
        except BaseException:
            await asyncio.gather(*(machine.end() for machine in asleep))
            raise
        fresh, veiled = self._to_be_own(), self.record.veiled
        self.record.write(booted=snapshot.booted)
        self._restore(snapshot.tasks)
        self.record.veiled = veiled or bool(fresh)  # nobody is to see whose it was before
        await together(*(machine.rise() for machine in asleep))
        for saved in snapshot.machines:
            if saved.memory:
                continue
            if saved.status.state is MachineState.STOPPED:
                await self._machines[saved.name].end()
            else:
                await self._start_machine(ground, self._machines[saved.name])
        await together(*(machine.until_ready(self._patience) for machine in asleep))
        await together(*(make_own(machine) for machine in fresh if machine.up.is_set()))
        self.record.veiled = veiled
        if fresh:
            self.record.say(machines=tuple(machine.status for machine in self._machines.values()))
        self.chores.later(self._tidy())

    def _consume(self, snapshot: Snapshot) -> None:
        """From here on its disks are written, and what was kept does not fit them any more."""
        self._sweep()
        take_over_memory(self.record.kept, self.record.machine_folders(), snapshot)
        self.record.kept.rename(self.record.folder / SPENT)

    def _sweep(self) -> None:
        """What was cut off has names for its disks, too: they must not be taken for a snapshot's."""
        for name in (KEEPING, SPENT):
            shutil.rmtree(self.record.folder / name, ignore_errors=True)

    def _to_be_own(self) -> list[LiveMachine]:
        """Machines that get an identity of their own: in a new play of a playground, whose machines it has not seen before.

        A fork of a play, a rewind and a restart keep the play's.
        """
        if self.record.entry.booted:
            return []
        return [self._machines[plan.name] for plan in self.record.plan.machines if plan.identity is Identity.FRESH]

    async def _tidy(self) -> None:
        """What the start had no time for."""
        await in_thread(shutil.rmtree, self.record.folder / SPENT, ignore_errors=True)
        for name in self._machines:
            await self._parts.memories.settle(self.record.machine_folders() / name)

    async def _lay_disks_alone(self, error: LabyardError) -> None:
        """Disks are never thrown away: the machines boot from them."""
        kept = self.record.kept
        with contextlib.suppress(SnapshotError, FileNotFoundError):
            snapshot = await in_thread(read_snapshot, kept)
            if snapshot is not None:
                await lay_kept(self.record.entry, self._parts, kept, snapshot)
                self.record.write(booted=snapshot.booted)
                self._restore(snapshot.tasks)
        await in_thread(set_aside, kept)
        self.record.note(f"Its memory could not be used, so its machines booted from their disks: {error.message}.")

    async def _lay_nothing(self) -> None:
        """It was but a copy of a playground's, which is made anew."""
        for folder in (self.record.kept, self.record.machine_folders()):
            await in_thread(shutil.rmtree, folder, ignore_errors=True)
        self.record.write(booted=())
        self._restore(tuple(TaskReport.of(task) for task in self.record.plan.tasks))

    def _restore(self, tasks: tuple[TaskReport, ...]) -> None:
        self._tasks.restore(tasks)
        self._lesson.restore(tasks)

    # by waiting

    async def rest(self) -> None:
        """Stand still, rehearsed, until it is somebody's."""
        plans = {plan.name: plan for plan in self.record.plan.machines}
        alive = [machine for machine in self._machines.values() if machine.process is not None]
        await self.chores.end(finish=True)
        await together(*(rehearse(machine, plans[machine.name]) for machine in alive))
        for machine in alive:
            machine.posing = True
        await together(*(machine.freeze() for machine in alive))
        await together(*(machine.pause() for machine in alive))

    async def wake_up(self) -> None:
        """It is somebody's now, and runs when this returns, or has failed with a reason. Who died while waiting starts anew."""
        try:
            alive = [machine for machine in self._machines.values() if machine.process is not None]
            await together(*(machine.wake_from_rest() for machine in alive))
        except (LabyardError, TimeoutError) as error:
            log.warning("a play that waited does not wake up", play=self.record.id, why=str(error))
            for machine in self._machines.values():
                machine.posing = False
            await asyncio.gather(*(machine.end() for machine in self._machines.values()))
            await self._lay_nothing()
            await self.run()
            return
        self.record.become(PlayState.RUNNING, machines=tuple(machine.status for machine in self._machines.values()))
        self._lesson.begin()
        self._catch_up()

    # by booting

    async def _boot(self) -> None:
        self.record.catch_up(booted=True)  # what a boot has done is not to be done again
        await in_thread(self._sweep)
        ground = await lay_ground(self.record.entry, self._parts, self._machines)
        self.ground = ground
        await together(*(self._start_machine(ground, machine) for machine in self._machines.values()))

    async def _launch(self, name: str) -> Machine:
        if self.ground is None:
            raise MachineError(f"{name} has no ground to stand on")
        return await self.ground.launcher(name, self.record.entry)()

    async def _start_machine(self, ground: Ground, machine: LiveMachine) -> None:
        """A machine that was switched off on purpose before the engine restarted stays off."""
        if machine.status.state is MachineState.STOPPED and self.record.report.state is PlayState.RUNNING:
            return
        async with self._parts.boots:
            await machine.run(ground.launcher(machine.name, self.record.entry))

    async def _make_template(self, key: str) -> bool:
        """Keep what has been prepared for all starts to come; its machines end with it. False: they run on as they are."""
        for machine in self._machines.values():
            machine.say("keeping this moment for later starts")
        place = self._parts.templates.place(key)
        try:
            await together(*(open_shells(self._machines[plan.name], plan) for plan in self.record.plan.machines))
            await together(*(until_idle(machine) for machine in self._machines.values()))
            await self.keeping.keep(self._parts.templates.new_work(), place)
        except (LabyardError, OSError) as error:
            log.warning("no snapshot of a playground", playground=self.record.plan.playground, why=str(error))
            return False
        await asyncio.gather(*(machine.end() for machine in self._machines.values()))
        self.record.write(booted=())  # what has booted is the playground's now, and this play a new one
        for plan in self.record.plan.machines:
            await self._parts.memories.settle(place / plan.name)
        self.chores.later(self._seal_template(key))
        await in_thread(self._parts.templates.make_room)
        return True

    async def _seal_template(self, key: str) -> None:
        async with self._parts.templates.turn(key):
            await in_thread(seal, self._parts.templates.place(key))

    # tasks and readiness

    async def _tasks_done(self) -> None:
        if self.record.report.state is PlayState.RUNNING:
            return  # it got here before the engine restarted; a machine that has gone off since is the learner's doing
        failed = await self._prepared()
        if failed is not None:
            self._tell_failed(failed)
        else:
            self.record.become(PlayState.RUNNING)

    async def _prepared(self, *, up_to_fork: bool = False) -> TaskReport | None:
        """Wait for readiness and init tasks together: a task runs as soon as its own machine is ready."""
        started = [machine for machine in self._machines.values() if machine.process is not None]
        failed = None

        async def tasks() -> None:
            nonlocal failed
            failed = await self._tasks.run(up_to_fork=up_to_fork)

        await together(tasks(), *(machine.until_ready(self._patience) for machine in started))
        return failed

    def _tell_failed(self, failed: TaskReport) -> None:
        self.record.become(PlayState.FAILED, Reason.INIT_TASK_FAILED, how_it_failed(failed))

    # the end

    async def _fail(self, reason: Reason, error: BaseException, *, keep: bool) -> None:
        """`keep`: machines stay as they are, for someone to look. Else nothing is left but the journal."""
        if not keep:
            await asyncio.gather(*(machine.end() for machine in self._machines.values()))
            await self.clear_ground()
        self.record.become(PlayState.FAILED, reason, str(error))

    async def clear_ground(self) -> None:
        await self.chores.end()
        await self._parts.end_strays(self.record.home)
        ground, self.ground = self.ground, None
        if ground is not None:
            await ground.remove()
        else:
            await self._parts.remove_world(self.record.home)

    def _catch_up(self) -> None:
        self.record.catch_up()
        self.chores.later(in_thread(self.record.sync))

    async def let_go(self) -> None:
        await self.chores.end()
        if self.ground is not None:
            await self.ground.let_go()
