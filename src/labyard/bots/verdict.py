"""From how tasks stand to what it means for a solution. Pure.

Red before green: a check that passes, or fails for good, before anything was done proves nothing. Each must have been
carried out at least twice and not passed. A task that waits for another regular one is not carried out before that one has
passed, so nothing can be asked of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labyard.bots.lab import TaskSight
from labyard.play.status import TaskStatus

RUNS = 2
"""How often a check must have been seen red."""

_LINE = 200  # characters of a task's last words


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """`wrong`: why it can never come right any more, empty while it can. `waits`: tasks that are still waited for."""

    wrong: str = ""
    waits: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        return bool(self.wrong) or not self.waits


def untouched(tasks: Sequence[TaskSight]) -> Verdict:
    """Before the solution: settled and not wrong once every check is known to be red."""
    regular = [task for task in tasks if task.regular]
    if green := [task.name for task in regular if task.status == TaskStatus.COMPLETED]:
        return Verdict(wrong=f"green before anything was done: {_named(green)}")
    if gone := [task.name for task in regular if task.status == TaskStatus.FAILED]:
        return Verdict(wrong=f"failed for good before anything was done: {_named(gone)}")
    names = {task.name for task in regular}
    return Verdict(waits=tuple(task.name for task in regular if task.runs < RUNS and not names & {*task.needs}))


def solved(tasks: Sequence[TaskSight]) -> Verdict:
    """After the solution: settled and not wrong once every task but helpers has passed."""
    counted = [task for task in tasks if not task.helper]
    if gone := [task for task in counted if task.status == TaskStatus.FAILED]:
        return Verdict(wrong=f"failed for good: {_told(gone)}")
    return Verdict(waits=tuple(task.name for task in counted if task.status != TaskStatus.COMPLETED))


def unseen(tasks: Sequence[TaskSight], waits: Iterable[str]) -> str:
    """Why it is not known whether these are red."""
    runs = {task.name: task.runs for task in tasks}
    return "not carried out twice: " + "; ".join(f"task {name}, {runs.get(name, 0)} of {RUNS} times" for name in waits)


def unsolved(tasks: Sequence[TaskSight], waits: Iterable[str]) -> str:
    """What is red though all was done."""
    names = {*waits}
    return "not completed: " + _told([task for task in tasks if task.name in names])


def unprepared(tasks: Sequence[TaskSight]) -> str:
    """Which init tasks failed; empty when none did."""
    return _told([task for task in tasks if task.init and task.status == TaskStatus.FAILED])


def _named(names: Sequence[str]) -> str:
    return ("task " if len(names) == 1 else "tasks ") + ", ".join(names)


def _told(tasks: Sequence[TaskSight]) -> str:
    return "; ".join(_one(task) for task in tasks)


def _one(task: TaskSight) -> str:
    if task.runs == 0 and not task.init:
        return f"task {task.name} was never carried out"
    lines = [line.strip() for line in (task.stderr or task.stdout).splitlines() if line.strip()]
    said = f": {lines[-1][:_LINE]}" if lines else ""
    return f"task {task.name}, exit status {task.exit_code}{said}"
