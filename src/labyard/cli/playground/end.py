"""Verbs that end plays and bring them back: stop, restart, destroy."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from labyard.cli.arguments import PlayId, PlayIds
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, exit_code, from_response
from labyard.cli.playground.start import report
from labyard.cli.plays import PlayView
from labyard.cli.talk import out, say, say_error
from labyard.cli.watch import until, until_ready
from labyard.errors import ConflictError, LabyardError, NotFoundError

app = typer.Typer(rich_markup_mode=None)
_LIMIT = 300  # seconds for a play to end
_AT_ONCE = 50


Anybodys = Annotated[
    bool,
    typer.Option(
        "--anybodys",
        help="Also plays of others, by their whole ids, without waiting; for those who operate the server.",
    ),
]


@app.command("stop", epilog=examples("labyard playground stop 65f1"))
def stop(play: PlayId, anybodys: Anybodys = False) -> None:
    """Keep a play as it is, memory and disks, and free what it uses. Returns when it is so.

    `restart` lets its processes and shells continue exactly here.
    """

    async def work(api: Api) -> int | None:
        if anybodys:
            return await end_anybodys(api, "stop", [play])
        found = await api.play(play)
        await end(api, found, "stop", "STOPPED")
        out(found.id)
        return None

    run(work)


@app.command("restart", epilog=examples("labyard playground restart 65f1"))
def restart(
    play: PlayId,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print the play's id alone.")] = False,
) -> None:
    """Let a stopped play continue where it was, and return when it is ready.

    Its processes and shells go on. Where its memory could not be kept, it boots from its disks and says so.
    """

    async def work(api: Api) -> int:
        found = await api.act(await api.play(play), "restart")
        return await report(api, await until_ready(api, found, quiet=quiet), quiet=quiet)

    run(work)


@app.command(
    "destroy",
    epilog=examples(
        "labyard playground destroy 65f1",
        "labyard playground list -q | xargs labyard playground destroy",
        "labyard playground list --everybody -q | xargs labyard playground destroy --anybodys",
    ),
)
def destroy(plays: PlayIds, anybodys: Anybodys = False) -> None:
    """End plays for good: machines, networks and disks. Returns when nothing of them is left."""

    async def work(api: Api) -> int:
        if anybodys:
            return await end_anybodys(api, "destroy", list(dict.fromkeys(plays)))
        codes = await asyncio.gather(*(_destroy(api, play) for play in dict.fromkeys(plays)))
        return max(codes)

    run(work)


async def end_anybodys(api: Api, action: str, plays: list[str]) -> int:
    """Ask for it, a part at a time, and print the ids of those that will. The exit status of the first that will not."""
    code = ExitCode.OK
    for start in range(0, len(plays), _AT_ONCE):
        for told in await api.post(
            "/api/admin/plays/end", {"action": action, "plays": plays[start : start + _AT_ONCE]}, patience=_LIMIT
        ):
            if told["error"] is None:
                out(str(told["id"]))
                continue
            status = 404 if told["error"].get("code") == NotFoundError.code else 409
            error = from_response(status, {"error": told["error"]})
            say_error(error)
            code = code or exit_code(error)
    return code


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
    """Ask for it and wait until it is so. A play that the server no longer knows is destroyed. Raises ConflictError."""
    await ended(api, await api.act(play, action), state)


async def ended(api: Api, play: PlayView, *states: str) -> None:
    """Wait until it is in one of these states, by default at rest; or gone. Raises ConflictError."""
    wanted = {*(states or ("STOPPED",)), "DESTROYED"}
    try:
        async with asyncio.timeout(_LIMIT):
            await until(api, play, lambda now: now.state in wanted, quiet=True)
    except NotFoundError:
        say(f"Play {play.id} is gone.")
    except TimeoutError as error:
        raise ConflictError(
            f"play {play.id} has still not ended after {_LIMIT} s",
            hint=f"the server goes on trying; look with: labyard playground debug {play.id[:8]}",
        ) from error
