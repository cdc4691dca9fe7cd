"""`playground wait`, and waiting as other verbs need it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from labyard.cli.arguments import PlayId
from labyard.cli.client import Api, run
from labyard.cli.durations import parse_duration
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode
from labyard.cli.failure import tell_failure
from labyard.cli.plays import TASK_COMPLETED, TASK_FAILED, PlayView, Verdict
from labyard.cli.talk import say
from labyard.cli.watch import until

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "wait", epilog=examples("labyard playground wait 65f1 --timeout 10m", "labyard playground wait 65f1 --init-only")
)
def wait(
    play: PlayId,
    init_only: Annotated[bool, typer.Option("--init-only", help="Only until it is ready to be used.")] = False,
    timeout: Annotated[str | None, typer.Option("--timeout", help="Wait no longer than this: 90s, 5m.")] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Show no progress.")] = False,
) -> None:
    """Wait until a play is ready and all its tasks, helpers aside, are done."""
    limit = parse_duration(timeout) if timeout else None

    async def work(api: Api) -> int:
        found = await api.play(play)
        try:
            async with asyncio.timeout(limit):
                found = await until(api, found, _ready if init_only else finished, quiet=quiet)
        except TimeoutError:
            say(f"Play {found.id} is not there after {timeout}: labyard playground status {found.id[:8]}")
            return ExitCode.FAILED
        if succeeded(found, init_only=init_only):
            return ExitCode.OK
        await tell_failure(api, found)
        return ExitCode.FAILED

    run(work)


def _ready(play: PlayView) -> bool:
    return play.verdict() is not Verdict.WAITING


def finished(play: PlayView) -> bool:
    """Whether nothing more will come of it: ended, or each task has passed or failed."""
    match play.verdict():
        case Verdict.WAITING:
            return False
        case Verdict.READY:
            statuses = [task.status for task in play.tasks if not task.helper]
            return TASK_FAILED in statuses or all(status == TASK_COMPLETED for status in statuses)
        case _:
            return True


def succeeded(play: PlayView, *, init_only: bool) -> bool:
    tasks = [task for task in play.tasks if not task.helper and (task.init or not init_only)]
    return play.verdict() is Verdict.READY and all(task.status == TASK_COMPLETED for task in tasks)


async def until_finished(api: Api, play: PlayView, limit: float | None) -> bool:
    """Wait for `finished`, at most `limit` seconds; whether it came."""
    try:
        async with asyncio.timeout(limit):
            await until(api, play, finished, quiet=True)
    except TimeoutError:
        return False
    return True
