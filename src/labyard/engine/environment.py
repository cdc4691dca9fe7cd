"""What a task's scripts are told of others. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from labyard.play.plan import Reference, TaskPlan, TaskStream
from labyard.play.status import TaskReport

LONGEST: Final = 96 << 10
"""Bytes of a value: Linux takes no string of 128 KiB or more (execve(2), MAX_ARG_STRLEN)."""


def environment(task: TaskPlan, reports: Mapping[str, TaskReport]) -> dict[str, str]:
    """By the names of the variables; what is not known is empty. A NUL byte, which no environment can hold, is left out."""
    return {
        setting.name: _held("".join(_text(part, task, reports) for part in setting.parts).replace("\0", ""))
        for setting in task.env
    }


def _held(text: str) -> str:
    return text.encode()[:LONGEST].decode(errors="ignore")


def _text(part: str | Reference, task: TaskPlan, reports: Mapping[str, TaskReport]) -> str:
    if isinstance(part, str):
        return part
    report = reports.get(task.name if part.task is None else part.task)
    if report is None:
        return ""
    if part.task is None:
        return report.input or ""
    return report.stderr if part.stream is TaskStream.STDERR else report.stdout
