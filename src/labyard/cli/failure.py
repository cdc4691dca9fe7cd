"""What a person needs to know of a play that did not become ready."""

from __future__ import annotations

from typing import Any

from labyard.cli.client import Api
from labyard.cli.plays import TASK_FAILED, PlayView
from labyard.cli.talk import printable, say
from labyard.errors import LabyardError

_TAIL = 30  # lines of a task's output
_WIDEST = 500  # characters of one: a script may print a gigabyte without a line's end


async def tell_failure(api: Api, play: PlayView) -> None:
    """Which task on which machine with which output; which machine waits for what; and what can be done."""
    say(
        f"Play {play.id} is {play.state.lower()}: "
        + printable(play.message or play.reason or "it did not become ready.")
    )
    for task in await _failed_tasks(api, play):
        for line in describe_task(task):
            say(printable(line))
    for machine in play.machines:
        if not machine.ready:
            say(printable(f"Machine {machine.name}: {machine.words}. {machine.message}".rstrip(". ") + "."))
    if play.active:
        short = play.id[:8]
        say(f"Look at it: labyard playground debug {short}   End it: labyard playground destroy {short}")


async def _failed_tasks(api: Api, play: PlayView) -> list[dict[str, Any]]:
    try:
        tasks = await api.get(f"/api/plays/{play.id}/tasks")
    except LabyardError:
        return []  # the play's own message has to do
    return [task for task in tasks if task.get("status") == TASK_FAILED]


def describe_task(task: dict[str, Any]) -> list[str]:
    """Lines: how it failed, then the end of what it printed."""
    how = "timed out" if task.get("timedOut") else f"failed with exit status {task.get('exitCode')}"
    lines = [f"Task {task.get('name')} on {task.get('machine')} {how}."]
    for channel in ("stdout", "stderr"):
        printed = str(task.get(channel) or "").splitlines()
        if printed:
            lines.append(f"  {channel}:" if len(printed) <= _TAIL else f"  {channel}, the last {_TAIL} lines:")
            lines.extend(f"    {_end(line)}" for line in printed[-_TAIL:])
    return lines


def _end(line: str) -> str:
    return line if len(line) <= _WIDEST else f"...{line[-_WIDEST:]}"
