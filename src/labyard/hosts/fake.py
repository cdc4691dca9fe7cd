"""A host whose machines are made of nothing: for control, server and pages, and for a thousand plays in a second.

A play behaves as the `Temper` given for its playground says. The bestiary of bad machines is made of tempers.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from labyard.errors import CapacityError, ConflictError, ImageError, MachineError, NotFoundError
from labyard.hosts.contract import Capacity, ImageInfo, KernelInfo, MachineDebug
from labyard.hosts.fake_guest import FakeGuest
from labyard.play.plan import MachinePlan, PlayPlan
from labyard.play.progress import Progress
from labyard.play.status import MachineState, MachineStatus, PlayReport, PlayState, Reason, TaskReport, TaskStatus
from labyard.play.streams import Request, Stream

GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Temper:
    """How a play behaves. Times in seconds; refusals are how many calls of a verb fail before one works."""

    boot: float = 0.0
    never_ready: bool = False
    dies_after: float | None = None
    failing_task: str | None = None
    start_refusals: int = 0
    stop_refusals: int = 0
    destroy_refusals: int = 0
    stop_hangs: bool = False
    loses_events: bool = False


@dataclass
class FakePlay:
    plan: PlayPlan
    temper: Temper
    report: PlayReport
    guests: dict[str, FakeGuest] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    work: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None
    initialised: bool = False  # init tasks run once per play, not once per boot


@dataclass
class FakeJournal:
    """What outlives a host object: hand it to the next one, as a disk would be."""

    plays: dict[str, FakePlay] = field(default_factory=dict)
    images: dict[str, ImageInfo] = field(default_factory=dict)
    kernels: dict[str, KernelInfo] = field(default_factory=dict)


class FakeHost:
    """Implements `hosts.contract.Host`. Give `journal` of an earlier one to be that host, adopting its plays."""

    def __init__(
        self,
        *,
        tempers: Mapping[str, Temper] | None = None,
        journal: FakeJournal | None = None,
        memory: int = 64 * GIB,
        cpus: int = 8,
    ) -> None:
        self.tempers = dict(tempers or {})
        self.journal = journal or FakeJournal()
        self.memory = memory
        self.cpus = cpus
        self.calls: list[tuple[str, str]] = []  # verb and play id, in order
        self._watchers: list[dict[str, PlayReport]] = []
        self._changed = asyncio.Condition()
        self._wakers: set[asyncio.Task[None]] = set()

    # -- verbs ---------------------------------------------------------------------------------------------------------

    async def start(self, play_id: str, plan: PlayPlan, *, lifetime: float | None = None) -> None:
        self.calls.append(("start", play_id))
        if play_id in self.journal.plays:
            return
        if _memory(plan) > self.memory:
            raise CapacityError("this host can never hold this play", hint="ask for less memory")
        play = FakePlay(
            plan,
            self.tempers.get(plan.playground, Temper()),
            PlayReport(id=play_id, state=PlayState.STARTING, at=_now(), notes=plan.notes),
        )
        self._refuse(play, "start", play.temper.start_refusals, keep=self.tempers)
        play.guests = {machine.name: FakeGuest(machine.name) for machine in plan.machines}
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
        self._halt(play, Reason.DESTROYED)
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

    async def watch(self) -> AsyncIterator[PlayReport]:
        pending = {play_id: play.report for play_id, play in self.journal.plays.items()}
        self._watchers.append(pending)
        try:
            while True:
                async with self._changed:
                    await self._changed.wait_for(lambda: bool(pending))
                    report = pending.pop(next(iter(pending)))
                yield report
        finally:
            self._watchers.remove(pending)

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
            memory_used=sum(_memory(play.plan) for play in busy),
            disk=100 * GIB,
            disk_free=90 * GIB,
            accelerator="none",
            plays=len(busy),
        )

    # -- images and kernels --------------------------------------------------------------------------------------------

    async def images(self) -> builtins.list[ImageInfo]:
        return list(self.journal.images.values())

    async def pull_image(self, source: str) -> AsyncIterator[Progress]:
        if "missing" in source:
            raise ImageError(f"image {source} does not exist", hint="check its name")
        for done in (0, 50, 100):
            yield Progress(subject=source, step="fetch", done=done, total=100)
        self._keep_image(source)
        yield Progress(subject=source, step="done", done=100, total=100, finished=True)

    async def import_image(self, path: str, name: str) -> AsyncIterator[Progress]:
        yield Progress(subject=name, step="unpack")
        self._keep_image(name)
        yield Progress(subject=name, step="done", finished=True)

    async def remove_image(self, source: str) -> None:
        if self.journal.images.pop(source, None) is None:
            raise NotFoundError(f"no image {source} here")

    async def gc_images(self) -> int:
        freed = sum(image.size for image in self.journal.images.values())
        self.journal.images.clear()
        return freed

    async def kernels(self) -> builtins.list[KernelInfo]:
        return [KernelInfo(version="6.1"), *self.journal.kernels.values()]

    async def pull_kernel(self, version: str) -> AsyncIterator[Progress]:
        self.journal.kernels[version] = KernelInfo(version=version, release=f"{version}.0", size=1)
        yield Progress(subject=version, step="done", finished=True)

    def _keep_image(self, source: str) -> None:
        at = _now().isoformat()
        self.journal.images[source] = ImageInfo(source=source, digest="sha256:" + "0" * 64, size=1, created_at=at)

    # -- for tests -----------------------------------------------------------------------------------------------------

    def guest(self, play_id: str, machine: str) -> FakeGuest:
        return self.journal.plays[play_id].guests[machine]

    def lose(self, play_id: str) -> None:
        """As if somebody removed the play's folder: no event, no trace."""
        play = self.journal.plays.pop(play_id)
        _quiet(play)

    def power_cut(self) -> None:
        """The box restarts: what ran is stopped, its disks are kept."""
        for play in self.journal.plays.values():
            if play.report.state is not PlayState.STOPPED:
                self._halt(play, Reason.HOST_RESTARTED)

    async def close(self) -> None:
        """End the fake machines' tasks."""
        works = [play.work for play in self.journal.plays.values() if play.work is not None]
        for play in self.journal.plays.values():
            _quiet(play)
            for guest in play.guests.values():
                guest.cut("host closed")
        await asyncio.gather(*works, *self._wakers, return_exceptions=True)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _play(self, play_id: str, verb: str) -> FakePlay:
        self.calls.append((verb, play_id))
        play = self.journal.plays.get(play_id)
        if play is None:
            raise NotFoundError(f"no play {play_id} on this host")
        return play

    def _machine(self, play: FakePlay, name: str) -> MachineStatus:
        status = next((machine for machine in play.report.machines if machine.name == name), None)
        if status is None:
            raise NotFoundError(f"play {play.report.id} has no machine {name}")
        return status

    def _refuse(self, play: FakePlay, verb: str, times: int, keep: dict[str, Temper] | None = None) -> None:
        """Fail `times` times. Before a start there is no play to remember it in, so its playground's temper does."""
        if keep is not None:
            if times:
                name = play.plan.playground
                keep[name] = Temper(**{**vars(keep[name]), "start_refusals": times - 1})
                raise MachineError(f"refuses to {verb}")
            return
        if play.refused.get(verb, 0) < times:
            play.refused[verb] = play.refused.get(verb, 0) + 1
            raise MachineError(f"refuses to {verb}")

    def _boot(self, play: FakePlay) -> None:
        machines = tuple(
            MachineStatus(name=machine.name, state=MachineState.STARTING, stage="booting", since=_now())
            for machine in play.plan.machines
        )
        tasks = play.report.tasks or tuple(TaskReport(name=task.name, machine=task.machine) for task in play.plan.tasks)
        self._tell(play, state=PlayState.STARTING, machines=machines, tasks=tasks, reason=None, detail="")
        play.work = asyncio.create_task(self._life(play))

    async def _life(self, play: FakePlay) -> None:
        await asyncio.sleep(play.temper.boot)
        if play.temper.never_ready:
            return
        for machine in play.plan.machines:
            self._set_machine(play, machine.name, MachineState.RUNNING)
        if not play.initialised and not await self._initialise(play):
            return
        self._tell(play, state=PlayState.RUNNING)
        if play.temper.dies_after is not None:
            await asyncio.sleep(play.temper.dies_after)
            self._set_machine(play, play.plan.machines[0].name, MachineState.STOPPED)
            self._tell(play, state=PlayState.FAILED, reason=Reason.MACHINE_GONE, detail="died, as was its nature")

    async def _initialise(self, play: FakePlay) -> bool:
        for task in play.plan.tasks:
            self._set_task(play, task.name, TaskStatus.RUNNING)
            await asyncio.sleep(0)
            if task.name == play.temper.failing_task:
                self._set_task(play, task.name, TaskStatus.FAILED)
                detail = f"init task {task.name} on {task.machine} exited with 1"
                self._tell(play, state=PlayState.FAILED, reason=Reason.INIT_TASK_FAILED, detail=detail)
                return False
            self._set_task(play, task.name, TaskStatus.COMPLETED)
        play.initialised = True
        return True

    def _halt(self, play: FakePlay, reason: Reason) -> None:
        _quiet(play)
        for machine in play.plan.machines:
            self._set_machine(play, machine.name, MachineState.STOPPED)
        self._tell(play, state=PlayState.STOPPED, reason=reason)

    def _set_timer(self, play: FakePlay, seconds: float | None) -> None:
        if play.timer is not None:
            play.timer.cancel()
        loop = asyncio.get_running_loop()
        play.timer = None if seconds is None else loop.call_later(seconds, self._halt, play, Reason.EXPIRED)

    def _set_machine(self, play: FakePlay, name: str, state: MachineState) -> None:
        ready = state is MachineState.RUNNING
        if not ready and name in play.guests:
            play.guests[name].cut(f"machine {name} is off")
        new = MachineStatus(name=name, state=state, ready=ready, ready_at=_now() if ready else None, since=_now())
        known = play.report.machines or tuple(MachineStatus(name=machine.name) for machine in play.plan.machines)
        self._tell(play, machines=tuple(new if machine.name == name else machine for machine in known))

    def _set_task(self, play: FakePlay, name: str, status: TaskStatus) -> None:
        failed = status is TaskStatus.FAILED
        change: dict[str, object] = {
            "status": status,
            "exit_code": None if status is TaskStatus.RUNNING else int(failed),
        }
        change |= {"stderr": "no such luck\n" if failed else "", "started_at": _now(), "duration_ms": 1}
        self._tell(
            play,
            tasks=tuple(task.model_copy(update=change) if task.name == name else task for task in play.report.tasks),
        )

    def _tell(self, play: FakePlay, **change: object) -> None:
        play.report = play.report.model_copy(update={"version": play.report.version + 1, "at": _now(), **change})
        if play.temper.loses_events:
            return
        for pending in self._watchers:
            pending[play.report.id] = play.report
        waker = asyncio.get_running_loop().create_task(self._wake())
        self._wakers.add(waker)
        waker.add_done_callback(self._wakers.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _quiet(play: FakePlay) -> None:
    if play.work is not None:
        play.work.cancel()
    if play.timer is not None:
        play.timer.cancel()


def _memory(plan: PlayPlan) -> int:
    return sum(machine_memory(machine) for machine in plan.machines)


def machine_memory(machine: MachinePlan) -> int:
    """Bytes; a machine that does not say counts as 1 GiB."""
    return machine.memory or GIB


def _now() -> datetime:
    return datetime.now(UTC)
