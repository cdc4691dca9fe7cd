"""Which init tasks may run now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from labyard.play.plan import TaskPlan
from labyard.play.status import TaskStatus


def runnable(
    tasks: Collection[TaskPlan], statuses: Mapping[str, TaskStatus], ready: Collection[str]
) -> tuple[TaskPlan, ...]:
    """Tasks not begun yet whose machine is ready and whose needs are completed."""
    return tuple(
        task
        for task in tasks
        if statuses[task.name] in (TaskStatus.CREATED, TaskStatus.BLOCKED)
        and task.machine in ready
        and all(statuses[need] is TaskStatus.COMPLETED for need in task.needs)
    )


def before_fork(tasks: Collection[TaskPlan]) -> tuple[TaskPlan, ...]:
    """Those whose work is part of a playground's snapshot: not told to run after a fork, nor in need of one that is."""
    later = {task.name for task in tasks if task.after_fork}
    while more := {task.name for task in tasks if task.name not in later and later & set(task.needs)}:
        later |= more
    return tuple(task for task in tasks if task.name not in later)


def waiting_status(task: TaskPlan, statuses: Mapping[str, TaskStatus]) -> TaskStatus:
    """BLOCKED while a need is open, CREATED when only its machine is."""
    done = all(statuses[need] is TaskStatus.COMPLETED for need in task.needs)
    return TaskStatus.CREATED if done else TaskStatus.BLOCKED


def verdict(statuses: Mapping[str, TaskStatus]) -> TaskStatus:
    """FAILED as soon as one failed, COMPLETED when all are, else RUNNING."""
    if TaskStatus.FAILED in statuses.values():
        return TaskStatus.FAILED
    return TaskStatus.COMPLETED if all(s is TaskStatus.COMPLETED for s in statuses.values()) else TaskStatus.RUNNING
