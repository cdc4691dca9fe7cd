"""`labyard du` and `labyard scrub`: what everything costs on the server's disk, and whether it is whole."""

from __future__ import annotations

from typing import Any

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode
from labyard.cli.patience import patiently
from labyard.cli.stock import show_size
from labyard.cli.talk import Output, out, out_json, out_table, printable, say

app = typer.Typer(rich_markup_mode=None)
_HOURS = 6 * 3600.0  # seconds a whole scrub may take


@app.command("du", epilog=examples("labyard du", "labyard du -o json | jq 'map(.own) | add'"))
def du(output: Format = Output.TABLE) -> None:
    """Show what each play, snapshot, image and kernel really costs on disk, the most expensive first.

    OWN is free again when it goes; SHARED lies there for others too.
    """

    async def work(api: Api) -> None:
        used = await api.get("/api/disk")
        if output is Output.JSON:
            out_json(used)
            return
        used.sort(key=lambda each: int(each.get("own") or 0), reverse=True)
        out_table(("KIND", "NAME", "OWN", "SHARED", "NOTE"), [_row(each) for each in used])
        say(f"{show_size(sum(int(each.get('own') or 0) for each in used))} in all.")

    run(work)


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    shared = int(each.get("shared") or 0)
    return (
        str(each.get("kind")),
        str(each.get("name")),
        show_size(int(each.get("own") or 0)),
        show_size(shared) if shared else "",
        str(each.get("note") or ""),
    )


@app.command("scrub", epilog=examples("labyard scrub"))
def scrub() -> None:
    """Read every snapshot whole and set aside what is damaged. The exit status is 1 when something was."""

    async def work(api: Api) -> int:
        async with patiently("Reading every snapshot ..."):
            told = await api.post("/api/disk/scrub", patience=_HOURS)
        damaged = told.get("damaged") or []
        for line in damaged:
            out(printable(str(line)))
        if not damaged:
            say("Every snapshot is whole.")
        return ExitCode.FAILED if damaged else ExitCode.OK

    run(work)
