"""Verbs that end plays: stop, destroy."""

from __future__ import annotations

import asyncio

import typer

from labyard.cli.arguments import PlayIds
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, exit_code
from labyard.cli.plays import PlayView
from labyard.cli.talk import out, say, say_error
from labyard.cli.watch import until
from labyard.errors import LabyardError, NotFoundError

app = typer.Typer(rich_markup_mode=None)
_LIMIT = 300  # seconds for a play to end


@app.command(
    "destroy",
    epilog=examples("labyard playground destroy 65f1", "labyard playground list -q | xargs labyard playground destroy"),
)
def destroy(plays: PlayIds) -> None:
    """End plays for good: machines, networks and disks. Returns when nothing of them is left."""

    async def work(api: Api) -> int:
        codes = await asyncio.gather(*(_destroy(api, play) for play in dict.fromkeys(plays)))
        return max(codes)

    run(work)


async def _destroy(api: Api, prefix: str) -> int:
    try:
        play = await api.play(prefix)
        await end(api, play, "destroy", "DESTROYED")
    except LabyardError as error:
        say_error(error)
        return exit_code(error)
    out(play.id)
    return ExitCode.OK


async def end(api: Api, play: PlayView, action: str, state: str) -> None:
    """Ask for it and wait until it is so. A play that the server no longer knows is destroyed."""
    play = await api.act(play, action)
    try:
        async with asyncio.timeout(_LIMIT):
            await until(api, play, lambda now: now.state in (state, "DESTROYED"), quiet=True)
    except NotFoundError:
        return
    except TimeoutError:
        say(f"Play {play.id} has still not ended after {_LIMIT} s; the server goes on trying.")
