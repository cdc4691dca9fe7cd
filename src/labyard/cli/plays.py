"""A play as the server tells of it (labctl's JSON), and what it means for someone who waits. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from labyard.cli.exits import UsageError
from labyard.errors import NotFoundError

ID_LENGTH = 24
# Numbers and words of labctl's contract, as in play.status; not imported: pydantic would make `exec` slower.
TASK_WORDS = {0: "none", 10: "created", 20: "blocked", 30: "running", 35: "failed", 40: "completed"}
TASK_RUNNING, TASK_FAILED, TASK_COMPLETED = 30, 35, 40
ENDED = frozenset({"STOPPED", "DESTROYED"})


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineView:
    """`stage`: what a machine that is not ready is doing; `since`: when that began (RFC 3339)."""

    name: str
    state: str
    ready: bool
    stage: str
    since: str
    message: str

    @property
    def words(self) -> str:
        return "ready" if self.ready else self.stage or self.state.lower().replace("_", " ")


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskView:
    name: str
    init: bool
    helper: bool
    status: int

    @property
    def failed(self) -> bool:
        """For good, and so has the attempt."""
        return self.status == TASK_FAILED and not self.helper

    @property
    def words(self) -> str:
        return TASK_WORDS.get(self.status, str(self.status))


class Verdict(Enum):
    """What a play is for someone who waits for it."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayView:
    """`expires_in` in seconds. `raw` is what the server said, for `-o json`."""

    id: str
    title: str
    playground: str
    state: str
    reason: str
    message: str
    notes: tuple[str, ...]
    created_at: str
    updated_at: str
    expires_in: float
    page_url: str
    machines: tuple[MachineView, ...]
    tasks: tuple[TaskView, ...]
    raw: dict[str, Any]

    @property
    def active(self) -> bool:
        return self.state not in ENDED

    def verdict(self) -> Verdict:
        """READY: every machine is, and every init task is done."""
        if self.state in ENDED or self.state == "DESTROYING":
            return Verdict.ENDED
        init = [task for task in self.tasks if task.init]
        if self.state == "FAILED" or any(task.status == TASK_FAILED for task in init):
            return Verdict.FAILED
        done = all(task.status == TASK_COMPLETED for task in init)
        if self.machines and all(machine.ready for machine in self.machines) and done:
            return Verdict.READY
        return Verdict.WAITING

    def machine(self, name: str | None) -> str:
        """The name of the asked machine, the first when none is. Raises NotFoundError."""
        names = [machine.name for machine in self.machines]
        if name is None and names:
            return names[0]
        if name in names and name is not None:
            return name
        raise NotFoundError(f"play {self.id} has no machine {name!r}", hint="it has: " + ", ".join(names))


def parse_play(raw: dict[str, Any]) -> PlayView:
    status = raw.get("status") or {}
    events = status.get("stateEvents") or []
    told = {item.get("name"): item for item in status.get("machines") or []}
    names = [item.get("name", "") for item in raw.get("machines") or []] or list(told)
    return PlayView(
        id=str(raw.get("id", "")),
        title=str(raw.get("title") or ""),
        playground=str((raw.get("playground") or {}).get("name") or ""),
        state=str(events[-1].get("state")) if events else "CREATED",
        reason=str(status.get("reason") or ""),
        message=str(status.get("message") or ""),
        notes=tuple(str(note) for note in status.get("notes") or ()),
        created_at=str(raw.get("createdAt") or ""),
        updated_at=str(raw.get("updatedAt") or ""),
        expires_in=float(raw.get("expiresIn") or 0) / 1000,
        page_url=str(raw.get("pageUrl") or ""),
        machines=tuple(_machine(name, told.get(name) or {}) for name in names),
        tasks=tuple(_task(name, item) for name, item in (raw.get("tasks") or {}).items()),
        raw=raw,
    )


def _machine(name: str, told: dict[str, Any]) -> MachineView:
    conditions = told.get("conditions") or []
    return MachineView(
        name=name,
        state=str(told.get("state") or "CREATED"),
        ready=any(item.get("name") == "Ready" and item.get("status") == "True" for item in conditions),
        stage=str(told.get("stage") or ""),
        since=str(told.get("since") or ""),
        message=str(told.get("message") or ""),
    )


def _task(name: str, told: dict[str, Any]) -> TaskView:
    return TaskView(
        name=str(told.get("name") or name),
        init=bool(told.get("init")),
        helper=bool(told.get("helper")),
        status=int(told.get("status") or 0),
    )


def apply_message(play: PlayView, message: dict[str, Any]) -> PlayView:
    """What a message of the play socket makes of what we knew. Unknown kinds change nothing."""
    raw = dict(play.raw)
    if message.get("kind") == "status" and isinstance(message.get("status"), dict):
        raw["status"] = message["status"]
    elif message.get("kind") == "task" and isinstance(message.get("task"), dict):
        task = message["task"]
        raw["tasks"] = {**(raw.get("tasks") or {}), str(task.get("name")): task}
    return replace(parse_play(raw), id=play.id)


def pick(plays: list[PlayView], prefix: str) -> PlayView:
    """The one play whose id begins so; of several the only active one. Raises NotFoundError, UsageError."""
    found = [play for play in plays if play.id.startswith(prefix)]
    if len(found) > 1:
        found = [play for play in found if play.active] or found
    if not found:
        raise NotFoundError(f"there is no play {prefix}", hint="`labyard playground list -a` shows all")
    if len(found) > 1:
        names = ", ".join(play.id for play in found[:8])
        raise UsageError(f"several plays begin with {prefix}: {names}", hint="write more of the id")
    return found[0]
