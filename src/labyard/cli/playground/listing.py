"""Verbs that tell what plays there are and how they do: list, status, machines, tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from labyard.cli.arguments import Format, PlayId, Quiet
from labyard.cli.client import Api, run
from labyard.cli.durations import parse_duration, show_duration, since
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode
from labyard.cli.playground.everybody import list_everybodys
from labyard.cli.playground.raw_tasks import describe_raw
from labyard.cli.playground.waiting import until_finished
from labyard.cli.plays import TASK_COMPLETED, TASK_WORDS, PlayView
from labyard.cli.talk import Output, for_stdout, out, out_json, out_table, say

app = typer.Typer(rich_markup_mode=None)


class TaskOutput(StrEnum):
    TABLE = "table"
    JSON = "json"
    NAME = "name"
    RAW = "raw"


@app.command(
    "list",
    epilog=examples("labyard playground list", "labyard playground list -aq", "labyard playground list --everybody"),
)
def list_plays(
    every: Annotated[bool, typer.Option("-a", "--all", help="Also those that were destroyed.")] = False,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Of everybody, with what each takes; for those who operate the server.")
    ] = False,
    quiet: Quiet = False,
    output: Format = Output.TABLE,
) -> None:
    """List plays, the one that changed last first; everybody's newest first."""

    async def work(api: Api) -> None:
        if everybody:
            await list_everybodys(api, ended=every, quiet=quiet, output=output)
            return
        plays = [play for play in await api.plays() if every or play.state != "DESTROYED"]
        plays.sort(key=lambda play: play.updated_at, reverse=True)
        if quiet:
            for play in plays:
                out(play.id)
        elif output is Output.JSON:
            out_json([play.raw for play in plays])
        else:
            now = datetime.now(UTC)
            out_table(("ID", "PLAYGROUND", "TITLE", "STATE", "AGE", "LEFT"), [_row(play, now) for play in plays])

    run(work)


def _row(play: PlayView, now: datetime) -> tuple[str, ...]:
    return play.id, play.playground, play.title, play.state, since(play.created_at, now), _left(play)


def _left(play: PlayView) -> str:
    return show_duration(play.expires_in) if play.state == "RUNNING" and play.expires_in > 0 else ""


@app.command("status", epilog=examples("labyard playground status 65f1", "labyard playground status 65f1 -o json"))
def status(play: PlayId, output: Format = Output.TABLE) -> None:
    """Show one play: its state and why, its machines, its notes."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        if output is Output.JSON:
            out_json(found.raw)
            return
        now = datetime.now(UTC)
        facts = {
            "id": found.id,
            "playground": found.playground,
            "title": found.title,
            "fork of": str(found.raw.get("forkOf") or ""),
            "state": found.state,
            "why": found.message or found.reason,
            "age": since(found.created_at, now),
            "time left": _left(found),
            "page": found.page_url,
            **{f"machine {machine.name}": f"{machine.words} {machine.message}".strip() for machine in found.machines},
            **{f"note {number}": note for number, note in enumerate(found.notes, 1)},
        }
        out_table(("FACT", "VALUE"), [(name, value) for name, value in facts.items() if value])

    run(work)


@app.command("machines", epilog=examples("labyard playground machines 65f1"))
def machines(play: PlayId, output: Format = Output.TABLE) -> None:
    """List a play's machines and what each is doing."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        if output is Output.JSON:
            out_json((found.raw.get("status") or {}).get("machines") or [])
        else:
            rows = [(item.name, item.state, "yes" if item.ready else "no", item.stage) for item in found.machines]
            out_table(("MACHINE", "STATE", "READY", "DOING"), rows)

    run(work)


@app.command(
    "tasks",
    epilog=examples(
        "labyard playground tasks 65f1",
        "labyard playground tasks 65f1 --wait --timeout 5m && echo solved",
        "labyard playground tasks 65f1 -o raw | less",
        "labyard playground tasks 65f1 -o json | jq '.[] | {name, exitCode}'",
    ),
)
def tasks(
    play: PlayId,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until each has passed or failed.")] = False,
    timeout: Annotated[str | None, typer.Option("--timeout", help="Wait no longer than this: 90s, 5m.")] = None,
    output: Annotated[TaskOutput, typer.Option("-o", "--output", help="How to print it.")] = TaskOutput.TABLE,
) -> None:
    """List a play's tasks; with -o raw also what they ran and printed, for authors.

    With --wait the exit status is 2 when one failed or did not finish in time.
    """
    limit = parse_duration(timeout) if timeout else None

    async def work(api: Api) -> int:
        found = await api.play(play)
        if wait and not await until_finished(api, found, limit):
            say("Not all tasks finished in time.")
        details = await api.get(f"/api/plays/{found.id}/tasks")
        _print_tasks(details, output)
        done = all(task.get("status") == TASK_COMPLETED for task in details if not task.get("helper"))
        return ExitCode.USAGE if wait and not done else ExitCode.OK

    run(work)


def _print_tasks(details: list[dict[str, Any]], output: TaskOutput) -> None:
    if output is TaskOutput.JSON:
        out_json(details)
    elif output is TaskOutput.NAME:
        for task in details:
            out(str(task.get("name")))
    elif output is TaskOutput.RAW:
        for task in details:
            out(for_stdout(describe_raw(task)))
    else:
        out_table(("TASK", "MACHINE", "KIND", "STATUS", "EXIT"), [_task_row(task) for task in details])


def _task_row(task: dict[str, Any]) -> tuple[str, ...]:
    kind = "init" if task.get("init") else "helper" if task.get("helper") else "regular"
    status = TASK_WORDS.get(task.get("status") or 0, str(task.get("status")))
    code = task.get("exitCode")
    return str(task.get("name")), str(task.get("machine") or ""), kind, status, "" if code is None else str(code)
