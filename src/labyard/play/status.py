"""What is: states of plays, machines and tasks, and why a play ended. Words and numbers are those of the labctl contract."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

from labyard.play.plan import TaskKind, TaskPlan, Value


class PlayState(StrEnum):
    CREATED = "CREATED"
    WARMING_UP = "WARMING_UP"
    WARMED_UP = "WARMED_UP"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    DESTROYING = "DESTROYING"
    DESTROYED = "DESTROYED"
    FAILED = "FAILED"

    @property
    def active(self) -> bool:
        """Whether the play may still own something on a host (labctl counts FAILED as active, so do we)."""
        return self not in (PlayState.STOPPED, PlayState.DESTROYED)

    def may_become(self, target: PlayState) -> bool:
        return target in _NEXT[self]


_NEXT: dict[PlayState, frozenset[PlayState]] = {
    PlayState.CREATED: frozenset({PlayState.WARMING_UP, PlayState.STARTING, PlayState.FAILED, PlayState.DESTROYING}),
    PlayState.WARMING_UP: frozenset({PlayState.WARMED_UP, PlayState.STARTING, PlayState.FAILED, PlayState.DESTROYING}),
    PlayState.WARMED_UP: frozenset({PlayState.STARTING, PlayState.FAILED, PlayState.DESTROYING}),
    PlayState.STARTING: frozenset(
        {PlayState.RUNNING, PlayState.STOPPING, PlayState.STOPPED, PlayState.FAILED, PlayState.DESTROYING}
    ),
    PlayState.RUNNING: frozenset({PlayState.STOPPING, PlayState.STOPPED, PlayState.FAILED, PlayState.DESTROYING}),
    PlayState.STOPPING: frozenset({PlayState.STOPPED, PlayState.FAILED, PlayState.DESTROYING}),
    PlayState.STOPPED: frozenset({PlayState.STARTING, PlayState.DESTROYING}),
    PlayState.FAILED: frozenset({PlayState.STOPPING, PlayState.STARTING, PlayState.DESTROYING}),
    PlayState.DESTROYING: frozenset({PlayState.DESTROYED}),
    PlayState.DESTROYED: frozenset(),
}


class MachineState(StrEnum):
    CREATED = "CREATED"
    WARMING_UP = "WARMING_UP"
    WARMED_UP = "WARMED_UP"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    REBOOTING = "REBOOTING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"


class TaskStatus(IntEnum):
    NONE = 0
    CREATED = 10
    BLOCKED = 20
    RUNNING = 30
    FAILED = 35
    COMPLETED = 40


class Reason(StrEnum):
    """Why a play ended or failed. `sentence` is what its learner reads."""

    DESTROYED = "destroyed"
    STOPPED = "stopped"
    EXPIRED = "expired"
    INIT_TASK_FAILED = "init-task-failed"
    IMAGE_UNAVAILABLE = "image-unavailable"
    MACHINE_NEVER_READY = "machine-never-ready"
    MACHINE_GONE = "machine-gone"
    NO_CAPACITY = "no-capacity"
    ORIGIN_GONE = "origin-gone"
    DISK_BUDGET = "disk-budget"
    HOST_RESTARTED = "host-restarted"
    INTERNAL = "internal"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES: dict[Reason, str] = {
    Reason.DESTROYED: "This play was destroyed by its owner.",
    Reason.STOPPED: "This play was stopped; it can go on where it was.",
    Reason.EXPIRED: "This play reached the end of its time and was stopped; it can go on where it was.",
    Reason.INIT_TASK_FAILED: "A preparation step of this playground failed; its machines stay reachable until you destroy it.",
    Reason.IMAGE_UNAVAILABLE: "An image this playground needs could not be had.",
    Reason.MACHINE_NEVER_READY: "A machine did not become ready in time.",
    Reason.MACHINE_GONE: "A machine ended unexpectedly.",
    Reason.NO_CAPACITY: "This box has no room for this play right now.",
    Reason.ORIGIN_GONE: "What this play was to be made from is not there, or cannot be copied as it is now.",
    Reason.DISK_BUDGET: "This play wrote more than its share of the disk and was halted.",
    Reason.HOST_RESTARTED: "The box was restarted while this play ran; its disks are kept.",
    Reason.INTERNAL: "Something went wrong inside Labyard.",
}


class MachineStatus(Value):
    """`stage` says in a few words what a machine that is not ready is waiting for; `since` when that began."""

    name: str
    state: MachineState = MachineState.CREATED
    ready: bool = False
    ready_at: datetime | None = None
    stage: str = ""
    since: datetime | None = None
    message: str = ""


class TaskReport(Value):
    """One task as it stands. Output is bounded; `output_cut` tells that there was more.

    `runs`: how often its `run` has ended. `hint` is for the learner: what `hintcheck` printed last, or why it failed for
    good; everything else is for authors. `input`: what the learner put in.
    """

    name: str
    machine: str
    init: bool = True
    helper: bool = False
    status: TaskStatus = TaskStatus.CREATED
    version: int = 0
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    output_cut: bool = False
    timed_out: bool = False
    started_at: datetime | None = None
    duration_ms: int | None = None
    runs: int = 0
    hint: str = ""
    hintcheck_exit_code: int | None = None
    failcheck_exit_code: int | None = None
    failcheck_stdout: str = ""
    failcheck_stderr: str = ""
    input: str | None = None

    @classmethod
    def of(cls, plan: TaskPlan) -> TaskReport:
        """As it is before anything was done."""
        return cls(
            name=plan.name,
            machine=plan.machine,
            init=plan.kind is TaskKind.INIT,
            helper=plan.kind is TaskKind.HELPER,
        )


class PlayReport(Value):
    """What an engine says of one play. `version` grows with every change.

    `booted`: in its last start its machines booted; False: they went on from a snapshot.
    """

    id: str
    version: int = 0
    state: PlayState
    at: datetime
    reason: Reason | None = None
    detail: str = ""
    machines: tuple[MachineStatus, ...] = ()
    tasks: tuple[TaskReport, ...] = ()
    notes: tuple[str, ...] = ()
    booted: bool = False
