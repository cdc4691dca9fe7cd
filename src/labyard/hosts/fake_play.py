"""What a fake host keeps of its plays: how each behaves, what it was at moments that were kept. No verbs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from labyard.hosts.contract import ImageInfo, KernelInfo, MachineLoad, SnapshotInfo
from labyard.hosts.fake_guest import FakeGuest, GuestMemory
from labyard.play.plan import MachinePlan, PlayPlan, TaskKind
from labyard.play.status import PlayReport, TaskReport

GIB = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Temper:
    """How a play behaves. Times in seconds (`pace`: between two tries of a task); refusals are how many calls of a verb
    fail before one works.

    `keeping`: fork (asked of its source), snapshot, rewind and save.
    """

    boot: float = 0.0
    pace: float = 0.1
    never_ready: bool = False
    dies_after: float | None = None
    failing_task: str | None = None
    start_refusals: int = 0
    stop_refusals: int = 0
    destroy_refusals: int = 0
    keeping_refusals: int = 0
    stop_hangs: bool = False
    keeping_hangs: bool = False
    loses_events: bool = False


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A play at one instant. `kept`: with its memory, so that nothing boots when it goes on."""

    plan: PlayPlan
    tasks: tuple[TaskReport, ...]
    guests: Mapping[str, GuestMemory]
    kept: bool


@dataclass(frozen=True, kw_only=True)
class FakeSnapshot:
    info: SnapshotInfo
    moment: Moment


@dataclass
class FakePlay:
    """`kept`: what it was is still in memory, or was when it was stopped. `cold`: it makes no snapshot for others."""

    plan: PlayPlan
    temper: Temper
    report: PlayReport
    guests: dict[str, FakeGuest] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    snapshots: dict[str, FakeSnapshot] = field(default_factory=dict)
    work: asyncio.Task[None] | None = None
    timer: asyncio.TimerHandle | None = None
    kept: bool = False
    cold: bool = False

    def moment(self) -> Moment:
        guests = {name: guest.remember() for name, guest in self.guests.items()}
        return Moment(plan=self.plan, tasks=self.report.tasks, guests=guests, kept=self.kept)

    def recall(self, moment: Moment) -> None:
        """Be what it was then. What was on the way to its machines is cut."""
        self.kept = moment.kept
        self.guests = {machine.name: FakeGuest(machine.name) for machine in self.plan.machines}
        for name, guest in self.guests.items():
            if name in moment.guests:
                guest.recall(moment.guests[name])


@dataclass
class FakeJournal:
    """What outlives a host object: hand it to the next one, as a disk would be.

    `warm`: playgrounds' own snapshots, by `warm_key`. `saved`: by id. `damaged`: names of snapshots a scrub will find.
    """

    plays: dict[str, FakePlay] = field(default_factory=dict)
    images: dict[str, ImageInfo] = field(default_factory=dict)
    kernels: dict[str, KernelInfo] = field(default_factory=dict)
    warm: dict[str, Moment] = field(default_factory=dict)
    saved: dict[str, Moment] = field(default_factory=dict)
    damaged: set[str] = field(default_factory=set)


def warm_key(plan: PlayPlan) -> str:
    """All that goes into a playground's snapshot; what is told of it alone does not, nor what begins after a fork."""
    init = tuple(task for task in plan.tasks if task.kind is TaskKind.INIT)
    told = {"title": "", "notes": (), "tabs": (), "forwards": (), "lesson": "", "tasks": init}
    return plan.model_copy(update=told).model_dump_json()


def quiet(play: FakePlay) -> None:
    if play.work is not None:
        play.work.cancel()
    if play.timer is not None:
        play.timer.cancel()


def memory_of(plan: PlayPlan) -> int:
    return sum(machine_memory(machine) for machine in plan.machines)


def machine_memory(machine: MachinePlan) -> int:
    """Bytes; a machine that does not say counts as 1 GiB."""
    return machine.memory or GIB


def load_of(plan: MachinePlan, at: float, alive: bool) -> MachineLoad:
    """`at`: seconds of the clock by which it is busy."""
    if not alive:
        return MachineLoad(name=plan.name, cpus=plan.cpus)
    total = machine_memory(plan)
    return MachineLoad(
        name=plan.name, cpus=plan.cpus, cpu_seconds=at * plan.cpus / 10, memory=total // 4, memory_total=total
    )


def now() -> datetime:
    return datetime.now(UTC)
