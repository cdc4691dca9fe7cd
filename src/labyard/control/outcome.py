"""What an attempt at a lesson has come to. Pure: decided from the plan and the host's report alone."""

from __future__ import annotations

from enum import Enum

from labyard.play.plan import PlayPlan, TaskKind
from labyard.play.status import PlayReport, TaskStatus


class Outcome(Enum):
    OPEN = "open"
    SOLVED = "solved"  # everything that is checked has passed
    FAILED = "failed"  # something has failed for good


def has_checks(plan: PlayPlan) -> bool:
    """Whether there is anything to solve."""
    return any(task.kind is TaskKind.REGULAR for task in plan.tasks)


def outcome(plan: PlayPlan, report: PlayReport | None) -> Outcome:
    """Helpers count for nothing. A play that checks nothing is never solved."""
    if report is None:
        return Outcome.OPEN
    known = {task.name: task.status for task in report.tasks}
    statuses = [known.get(task.name) for task in plan.tasks if task.kind is not TaskKind.HELPER]
    if TaskStatus.FAILED in statuses:
        return Outcome.FAILED
    done = has_checks(plan) and all(status is TaskStatus.COMPLETED for status in statuses)
    return Outcome.SOLVED if done else Outcome.OPEN
