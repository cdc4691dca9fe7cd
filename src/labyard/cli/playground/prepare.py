"""`playground prepare`: snapshots made ahead, so that no start has to boot."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, UsageError, exit_code
from labyard.cli.playground.start import parameters
from labyard.cli.stock import show
from labyard.cli.talk import out, printable, say, say_error
from labyard.errors import LabyardError

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "prepare",
    epilog=examples(
        "labyard playground prepare docker mini-lan",
        "labyard playground prepare kernels -i kernel=6.12",
        "labyard playground prepare --all",
    ),
)
def prepare(
    names: Annotated[list[str] | None, typer.Argument(help="Playgrounds of the catalog.", metavar="NAME...")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that can start from a snapshot.")] = False,
    inputs: Annotated[
        list[str] | None, typer.Option("-i", "--input", help="key=value for a start parameter; repeatable.")
    ] = None,
) -> None:
    """Boot playgrounds now and keep snapshots of them, so that their plays start at once.

    What has a snapshot already is not booted again. Prints the name of each one that is ready.
    """
    if bool(names) is every:
        raise UsageError("which playgrounds?", hint="give NAMEs (`labyard playground catalog` lists them) or --all")
    body = {"initConditions": parameters(inputs)} if inputs else {}

    async def work(api: Api) -> int:
        wanted = _all(await api.get("/api/playgrounds")) if every else list(dict.fromkeys(names or ()))
        return max([await _prepare(api, name, body) for name in wanted], default=ExitCode.OK)

    run(work)


def _all(catalog: list[dict[str, Any]]) -> list[str]:
    """Less those that are broken, always boot, or were saved and have theirs."""
    names = []
    for item in catalog:
        name = str(item.get("name"))
        if item.get("problems"):
            say(printable(f"{name} is left out: its manifest has problems."))
        elif item.get("warm") is not False and not item.get("snapshot"):
            names.append(name)
    return names


async def _prepare(api: Api, name: str, body: dict[str, Any]) -> int:
    try:
        await show(api.lines(f"/api/playgrounds/{quote(name, safe='')}/prepare", json=body))
    except LabyardError as error:
        say_error(error)
        return exit_code(error)
    out(name)
    return ExitCode.OK
