"""A play's regular and helper tasks: handed to the examiners, who run them; here is what is known of them.

What has been completed, or has failed, stays so: across reboots, restarts and forks, whoever of examiner and engine was away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import structlog
from pydantic import Field, ValidationError

from labyard.engine.live_machine import LiveMachine
from labyard.engine.record import PlayRecord
from labyard.errors import ConflictError, GuestError, LabyardError, NotFoundError
from labyard.play.plan import TaskKind, TaskPlan, Value
from labyard.play.status import PlayState, TaskReport, TaskStatus

log = structlog.get_logger(__name__)

LONGEST: Final = 64 << 10
"""Characters of an output, as an examiner says it."""
HANDED_ON: Final = 16 << 10
"""Characters of an output that other machines are told: its end."""
FINAL: Final = (TaskStatus.COMPLETED, TaskStatus.FAILED)


class _State(Value):
    """How a task stands, as an examiner says; guests are not to be trusted."""

    name: str = Field(max_length=256)
    status: TaskStatus
    runs: int = Field(default=0, ge=0, le=1 << 53)
    exit_code: int | None = Field(default=None, ge=-1, le=255)
    stdout: str = Field(default="", max_length=LONGEST)
    stderr: str = Field(default="", max_length=LONGEST)
    output_cut: bool = False
    timed_out: bool = False
    duration_ms: int = Field(default=0, ge=0, le=1 << 53)
    hint: str = Field(default="", max_length=LONGEST)
    hintcheck_exit_code: int | None = Field(default=None, ge=-1, le=255)
    failcheck_exit_code: int | None = Field(default=None, ge=-1, le=255)
    failcheck_stdout: str = Field(default="", max_length=LONGEST)
    failcheck_stderr: str = Field(default="", max_length=LONGEST)
    input: str | None = Field(default=None, max_length=LONGEST)


class Lesson:
    """`machines`: those of the play of `record`, which may become somebody else's play, with other tasks, before it begins."""

    def __init__(self, record: PlayRecord, machines: Mapping[str, LiveMachine]) -> None:
        self._record = record
        self._machines = machines
        self._errands: dict[asyncio.Task[None], str] = {}
        for name, machine in machines.items():
            machine.heard = partial(self.hear, name)

    @property
    def _plans(self) -> dict[str, TaskPlan]:
        return {task.name: task for task in self._record.plan.tasks}

    def _report(self, task: TaskPlan) -> TaskReport:
        known = (report for report in self._record.report.tasks if report.name == task.name)
        return next(known, None) or TaskReport.of(task)

    @property
    def _concerned(self) -> bool:
        """Whether examiners have to be told anything: what was saved may hold tasks of the play it was saved from."""
        plan = self._record.plan
        if self._record.entry.internal:
            return False
        return plan.snapshot is not None or any(task.kind is not TaskKind.INIT for task in plan.tasks)

    def begin(self) -> None:
        """The play is its learner's: hand the tasks over, now and whenever an examiner comes back. Nobody's play has none."""
        for name in self._machines:
            self._hand_over(name)

    def end(self) -> None:
        for errand in self._errands:
            errand.cancel()

    def restore(self, reports: tuple[TaskReport, ...]) -> None:
        """They are as they were when a snapshot was taken; versions go on growing."""
        then = {report.name: report for report in reports}
        restored = []
        for task in self._record.plan.tasks:
            if task.kind is not TaskKind.INIT:
                version = self._report(task).version + 1
                restored.append(then.get(task.name, TaskReport.of(task)).model_copy(update={"version": version}))
        self._record.tell_tasks(*restored)

    async def put_in(self, name: str, value: str) -> None:
        """What the learner gives a task. NotFoundError without such a task, GuestError when its machine does not answer."""
        task = self._plans.get(name)
        if task is None or task.kind is TaskKind.INIT:
            raise NotFoundError(f"this play has no task {name[:64]!r} to put something in")
        if self._record.report.state is not PlayState.RUNNING:
            raise ConflictError(f"this play is {self._record.report.state.lower()}", hint="it must be running")
        await self._machines[task.machine].call("task-input", name=name, value=value)

    def hear(self, machine: str, event: dict[str, Any]) -> None:
        """What an examiner tells unasked."""
        if self._record.report.state is not PlayState.RUNNING or not self._concerned:
            return
        match event.get("event"):
            case "linked":
                self._hand_over(machine)
            case "task-state" if event.get("attempt") == self._record.entry.attempt:
                self._take(machine, event.get("state"))
            case "task-input":
                self._later(machine, partial(self._pass_on, str(event.get("name")), str(event.get("value"))))
            case "used":
                for other in self._machines:
                    if other != machine and self._open_on(other):
                        self._later(other, partial(self._call, other, "used"))

    def _open_on(self, machine: str) -> bool:
        return any(
            task.machine == machine and task.kind is TaskKind.REGULAR and self._report(task).status not in FINAL
            for task in self._record.plan.tasks
        )

    # out

    def _later(self, machine: str, work: Callable[[], Awaitable[Any]]) -> None:
        """What cannot be told now is told when the examiner is back."""

        async def guarded() -> None:
            try:
                await work()
            except GuestError as error:
                log.warning("tasks were not told", play=self._record.id, machine=machine, why=str(error))
            except LabyardError:
                return  # it is off

        task = asyncio.create_task(guarded(), name=f"tasks {self._record.id} {machine}")
        self._errands[task] = machine
        task.add_done_callback(lambda done: self._errands.pop(done, None))

    def _hand_over(self, machine: str) -> None:
        if self._concerned and self._machines[machine].up.is_set():
            self._later(machine, partial(self._assign, machine))

    async def _assign(self, machine: str) -> None:
        attempt = self._record.entry.attempt
        await self._call(machine, "attempt", attempt=attempt)
        for task in self._record.plan.tasks:
            told = _told(task, mine=task.machine == machine and task.kind is not TaskKind.INIT)
            answer = await self._call(machine, "assign", attempt=attempt, task=told, state=_known(self._report(task)))
            if "state" in answer:
                self._take(machine, answer["state"])
        await self._call(machine, "assigned", attempt=attempt)

    async def _call(self, machine: str, op: str, **arguments: Any) -> dict[str, Any]:
        return await self._machines[machine].call(op, **arguments)

    async def _tell(self, machine: str, report: TaskReport) -> None:
        await self._call(machine, "task-news", attempt=self._record.entry.attempt, states=[_known(report)])

    async def _pass_on(self, name: str, value: str) -> None:
        try:
            await self.put_in(name, value)
        except NotFoundError as error:
            log.warning("input for no task", play=self._record.id, why=str(error))

    # in

    def _take(self, machine: str, said: Any) -> None:
        try:
            state = _State.model_validate(said)
        except ValidationError as error:
            log.warning("an examiner's word of a task cannot be read", play=self._record.id, why=str(error)[:200])
            return
        task = self._plans.get(state.name)
        if task is None or task.machine != machine or task.kind is TaskKind.INIT:
            return
        before = self._report(task)
        if before.status in FINAL or (task.kind is TaskKind.HELPER and state.status in FINAL):
            return
        fields = {name: getattr(state, name) for name in _State.model_fields}
        after = before.model_copy(
            update={**fields, "version": before.version + 1, "started_at": datetime.now(UTC) if state.runs else None}
        )
        changed = before.status is not after.status
        # How often it ran is not worth a disk write.
        self._record.tell_tasks(after, durable=changed or before.input != after.input)
        if changed:
            for other in self._machines:
                if other != machine and self._machines[other].up.is_set():
                    self._later(other, partial(self._tell, other, after))


def _told(task: TaskPlan, *, mine: bool) -> dict[str, Any]:
    """As an examiner reads it: with scripts where they are run."""
    told: dict[str, Any] = {"name": task.name, "machine": task.machine, "kind": task.kind.value, "mine": mine}
    if mine:
        told |= task.model_dump(mode="json", include={"user", "run", "env", "needs", "timeout"})
        told |= {"hintcheck": task.hintcheck or "", "failcheck": task.failcheck or ""}
    return told


def _known(report: TaskReport) -> dict[str, Any]:
    told = report.model_dump(mode="json", include=set(_State.model_fields) | {"version"})
    for output in ("stdout", "stderr", "failcheck_stdout", "failcheck_stderr"):
        told[output] = told[output][-HANDED_ON:]
    return told
