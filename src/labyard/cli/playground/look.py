"""Verbs for a closer look: debug, open."""

from __future__ import annotations

from typing import Any

import typer

from labyard.cli.arguments import Format, PlayId
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.talk import Output, for_stdout, out, out_json

app = typer.Typer(rich_markup_mode=None)


@app.command("debug", epilog=examples("labyard playground debug 65f1", "labyard playground debug 65f1 -o json"))
def debug(play: PlayId, output: Format = Output.TABLE) -> None:
    """Show how each machine was started, how to enter its world from the host, and the end of its console."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        told = await api.get(f"/api/plays/{found.id}/debug")
        if output is Output.JSON:
            out_json(told)
        else:
            for machine in told.get("machines") or ():
                out(for_stdout(describe(machine)))

    run(work)


def describe(machine: dict[str, Any]) -> str:
    pid = machine.get("pid")
    return "\n".join(
        (
            f"### {machine.get('name')} ({f'process {pid}' if pid else 'not running'})",
            f"# started with:\n{machine.get('command')}",
            *((f"# {machine['limits']}",) if machine.get("limits") else ()),
            f"# enter its world:\n{machine.get('enter')}",
            "# the end of its console:",
            *(f"    {line}" for line in str(machine.get("console") or "").splitlines()),
        )
    )


@app.command("open", epilog=examples("labyard playground open 65f1", "xdg-open $(labyard playground open 65f1)"))
def open_page(play: PlayId) -> None:
    """Print a link to the play's page that signs you in, once."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        told = await api.post("/api/signin-links")
        out(f"{told['url']}&next=/plays/{found.id}")

    run(work)
