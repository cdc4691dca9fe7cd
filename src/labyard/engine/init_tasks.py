"""Run a play's init tasks: once per play, in the order of their needs, across machines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from labyard.engine.environment import environment
from labyard.engine.live_machine import LiveMachine
from labyard.engine.order import before_fork, runnable, verdict, waiting_status
from labyard.errors import ConflictError, GuestError
from labyard.play.plan import PlayPlan, TaskKind, TaskPlan
from labyard.play.status import TaskReport, TaskStatus

log = structlog.get_logger(__name__)


class InitTasks:
    """`changed` is called with all reports after every change. A completed task is never run again."""

    def __init__(
        self,
        plan: PlayPlan,
        known: tuple[TaskReport, ...],
        machines: Mapping[str, LiveMachine],
        changed: Callable[[tuple[TaskReport, ...]], None],
    ) -> None:
        self._plans = tuple(task for task in plan.tasks if task.kind is TaskKind.INIT)
        self._before_fork = before_fork(self._plans)
        self._machines = machines
        self._changed = changed
        before = {report.name: report for report in known}
        fresh = {task.name: TaskReport.of(task) for task in self._plans}
        self.reports: dict[str, TaskReport] = {name: before.get(name, report) for name, report in fresh.items()}

    @property
    def _statuses(self) -> dict[str, TaskStatus]:
        return {name: report.status for name, report in self.reports.items()}

    async def run(self, *, up_to_fork: bool = False) -> TaskReport | None:
        """Until all are completed (None), or one failed and those already running have ended (the failed one).

        `up_to_fork`: only those whose work is part of a playground's snapshot.
        """
        plans = self._before_fork if up_to_fork else self._plans
        self._begin_again()
        running: dict[asyncio.Task[None], str] = {}
        ready = {name: asyncio.create_task(machine.up.wait()) for name, machine in self._machines.items()}
        try:
            while verdict({task.name: self.reports[task.name].status for task in plans}) is TaskStatus.RUNNING:
                up = {name for name, waiter in ready.items() if waiter.done()}
                busy = set(running.values())
                for task in runnable(plans, self._statuses, up):
                    if task.name not in busy:
                        running[asyncio.create_task(self._run_one(task))] = task.name
                waiting = set(running) | {waiter for waiter in ready.values() if not waiter.done()}
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for finished in done & set(running):
                    del running[finished]  # type: ignore[arg-type]
                    finished.result()
            if running:
                await asyncio.gather(*running)
        finally:
            for each in (*running, *ready.values()):
                each.cancel()
        return next((report for report in self.reports.values() if report.status is TaskStatus.FAILED), None)

    def restore(self, reports: tuple[TaskReport, ...]) -> None:
        """They are as they were when a snapshot was taken; versions go on growing."""
        for report in reports:
            if (now := self.reports.get(report.name)) is not None:
                self.reports[report.name] = report.model_copy(update={"version": now.version + 1})
        self._changed(tuple(self.reports.values()))

    def forget_failures(self) -> None:
        """Failed tasks are to run again; completed ones never are."""
        for name, report in self.reports.items():
            if report.status is TaskStatus.FAILED:
                self.reports[name] = TaskReport(name=name, machine=report.machine, version=report.version + 1)

    def _begin_again(self) -> None:
        """What was running when the engine went away is asked for again: the examiner joins or restarts it."""
        for task in self._plans:
            report = self.reports[task.name]
            if report.status not in (TaskStatus.COMPLETED, TaskStatus.FAILED):
                self._set(task.name, status=waiting_status(task, self._statuses))

    def _set(self, name: str, **fields: Any) -> None:
        report = self.reports[name]
        self.reports[name] = report.model_copy(update={**fields, "version": report.version + 1})
        self._changed(tuple(self.reports.values()))

    async def _run_one(self, task: TaskPlan) -> None:
        self._set(task.name, status=TaskStatus.RUNNING, started_at=datetime.now(UTC))
        answer = await self._ask(task)
        failed = answer["timed_out"] or answer["exit_code"] != 0
        self._set(
            task.name,
            status=TaskStatus.FAILED if failed else TaskStatus.COMPLETED,
            exit_code=answer["exit_code"],
            stdout=answer["stdout"],
            stderr=answer["stderr"],
            output_cut=answer["cut"],
            timed_out=answer["timed_out"],
            duration_ms=answer["duration_ms"],
        )
        for other in self._plans:
            if self.reports[other.name].status is TaskStatus.BLOCKED:
                status = waiting_status(other, self._statuses)
                if status is not TaskStatus.BLOCKED:
                    self._set(other.name, status=status)

    async def _ask(self, task: TaskPlan) -> dict[str, Any]:
        """Across lost links and reboots: the same name asks for the same run, or starts it anew after a reboot."""
        machine = self._machines[task.machine]
        while True:
            await machine.up.wait()
            try:
                env = environment(task, self.reports)
                return await machine.call(
                    "task", name=task.name, run=task.run, user=task.user, env=env, timeout=task.timeout
                )
            except (GuestError, ConflictError) as error:
                log.warning("init task lost its machine", task=task.name, machine=task.machine, error=str(error))
                if machine.off.is_set():
                    return _never_ran(f"{task.machine} went off while '{task.name}' ran")
                await asyncio.sleep(0.2)


def how_it_failed(task: TaskReport) -> str:
    how = "ran out of time" if task.timed_out else f"ended with exit code {task.exit_code}"
    return f"init task '{task.name}' on {task.machine} {how}"


def _never_ran(why: str) -> dict[str, Any]:
    return {"exit_code": None, "stdout": "", "stderr": why, "cut": False, "timed_out": False, "duration_ms": 0}
