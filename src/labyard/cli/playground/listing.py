"""Verbs that tell what there is: catalog, list, status, machines, tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.durations import show_duration, since
from labyard.cli.examples import examples
from labyard.cli.plays import PlayView
from labyard.cli.talk import Output, out, out_json, out_table

app = typer.Typer(rich_markup_mode=None)


@app.command("list", epilog=examples("labyard playground list", "labyard playground list -aq"))
def list_plays(
    every: Annotated[bool, typer.Option("-a", "--all", help="Also those that were destroyed.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print ids alone.")] = False,
    output: Format = Output.TABLE,
) -> None:
    """List plays, the one that changed last first."""

    async def work(api: Api) -> None:
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
    left = show_duration(play.expires_in) if play.state == "RUNNING" and play.expires_in > 0 else ""
    return play.id, play.playground, play.title, play.state, since(play.created_at, now), left
