"""A fake play's tasks. Nothing runs: of an init task its play's temper decides, of a regular one its script.

`true` passes, everything else is tried again and again. Helpers go on for ever. Tests may decide otherwise: `set_task`.
"""

from __future__ import annotations

import asyncio
from typing import Final

from labyard.errors import ConflictError, NotFoundError
from labyard.hosts.fake_play import FakeJournal, FakePlay, now
from labyard.play.plan import TaskKind, TaskPlan
from labyard.play.status import MachineState, PlayState, Reason, TaskReport, TaskStatus

_FINAL: Final = (TaskStatus.COMPLETED, TaskStatus.FAILED)


class FakeTasks:
    journal: FakeJournal

    def _tell(self, play: FakePlay, **change: object) -> None:
        raise NotImplementedError

    def _play(self, play_id: str, verb: str) -> FakePlay:
        raise NotImplementedError

    async def put_in(self, play_id: str, task: str, value: str) -> None:
        play = self._play(play_id, "put_in")
        if all(each.name != task or each.kind is TaskKind.INIT for each in play.plan.tasks):
            raise NotFoundError(f"play {play_id} has no task {task} to put something in")
        if play.report.state is not PlayState.RUNNING:
            raise ConflictError(f"play {play_id} is {play.report.state}, not RUNNING")
        self._change_task(play, task, input=value)

    def set_task(self, play_id: str, task: str, **change: object) -> None:
        """For tests: what the report says of it from now on."""
        self._change_task(self.journal.plays[play_id], task, **change)

    async def _initialise(self, play: FakePlay) -> bool:
        """Run what has not been run: init tasks run once per play, not once per boot."""
        done = {task.name for task in play.report.tasks if task.status is TaskStatus.COMPLETED}
        for task in play.plan.tasks:
            if task.name in done or task.kind is not TaskKind.INIT:
                continue
            self._set_task(play, task.name, TaskStatus.RUNNING)
            await asyncio.sleep(0)
            if task.name == play.temper.failing_task:
                self._set_task(play, task.name, TaskStatus.FAILED)
                detail = f"init task {task.name} on {task.machine} exited with 1"
                self._tell(play, state=PlayState.FAILED, reason=Reason.INIT_TASK_FAILED, detail=detail)
                return False
            self._set_task(play, task.name, TaskStatus.COMPLETED)
        return True

    async def _check(self, play: FakePlay) -> None:
        """Until nothing more can change: every task that is neither init nor helper, after those it needs."""
        others = [task for task in play.plan.tasks if task.kind is not TaskKind.INIT]
        while True:
            passed = [self._try(play, task) for task in others]
            if all(status in _FINAL or kind is TaskKind.HELPER for status, kind in passed):
                return
            await asyncio.sleep(play.temper.pace)

    def _try(self, play: FakePlay, task: TaskPlan) -> tuple[TaskStatus, TaskKind]:
        reports = {report.name: report for report in play.report.tasks}
        report = reports[task.name]
        machine = next(machine for machine in play.report.machines if machine.name == task.machine)
        if report.status in _FINAL or machine.state is not MachineState.RUNNING:
            return report.status, task.kind
        if any(reports[need].status is not TaskStatus.COMPLETED for need in task.needs):
            change: dict[str, object] = {"status": TaskStatus.BLOCKED}
        elif task.kind is TaskKind.HELPER:
            change = {"status": TaskStatus.RUNNING}
        else:
            change = _tried(task, report)
        if any(getattr(report, name) != value for name, value in change.items()):
            self._change_task(play, task.name, **change)
        status = change["status"]
        return (status if isinstance(status, TaskStatus) else report.status), task.kind

    def _set_task(self, play: FakePlay, name: str, status: TaskStatus) -> None:
        failed = status is TaskStatus.FAILED
        self._change_task(
            play,
            name,
            status=status,
            exit_code=None if status is TaskStatus.RUNNING else int(failed),
            stderr="no such luck\n" if failed else "",
            started_at=now(),
            duration_ms=1,
        )

    def _change_task(self, play: FakePlay, name: str, **change: object) -> None:
        def changed(task: TaskReport) -> TaskReport:
            return task.model_copy(update={"version": task.version + 1, **change}) if task.name == name else task

        self._tell(play, tasks=tuple(map(changed, play.report.tasks)))


def _tried(task: TaskPlan, report: TaskReport) -> dict[str, object]:
    passes = task.run.strip() == "true"
    return {
        "status": TaskStatus.COMPLETED if passes else TaskStatus.RUNNING,
        "exit_code": int(not passes),
        "runs": report.runs + 1,
        "hint": "" if passes or task.hintcheck is None else "try again",
        "started_at": now(),
        "duration_ms": 1,
    }
