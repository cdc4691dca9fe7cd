"""`playground start`: from a name or a file to a play that is ready."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, RemoteError, UsageError
from labyard.cli.failure import tell_failure
from labyard.cli.plays import PlayView, Verdict, parse_play
from labyard.cli.talk import out, printable, say
from labyard.cli.watch import until_ready
from labyard.errors import ConflictError, LabyardError

app = typer.Typer(rich_markup_mode=None)
_MANIFEST_LIMIT = 1 << 20  # bytes
_FETCH = 300  # seconds in which a server has fetched a repository, or given it up


@app.command(
    "start",
    epilog=examples(
        "labyard playground start mini-lan",
        "labyard playground start -f playground.yaml -i version=1.31",
        "labyard playground start --cold docker",
        "labyard playground start --git https://git.example.org/ada/labs#main:lan",
        "ID=$(labyard playground start -q debian)",
    ),
)
def start(
    name: Annotated[str | None, typer.Argument(help="A playground of the catalog.", metavar="NAME")] = None,
    git: Annotated[
        str | None,
        typer.Option(
            "--git", help="A playground or lesson in a repository: https://HOST/PATH[#REF][:FOLDER].", metavar="URL"
        ),
    ] = None,
    file: Annotated[Path | None, typer.Option("-f", "--file", help="A manifest of your own; - reads stdin.")] = None,
    inputs: Annotated[
        list[str] | None, typer.Option("-i", "--input", help="key=value for a start parameter; repeatable.")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print the play's id alone.")] = False,
    title: Annotated[str | None, typer.Option("--title", help="A name of your own for this play.")] = None,
    cold: Annotated[bool, typer.Option("--cold", help="Boot, though there may be a snapshot to go on from.")] = False,
) -> None:
    """Start a play and return when it is ready: all machines, and all init tasks done.

    It goes on from its playground's snapshot where there is one. Ctrl-C ends the play that was being started.
    """
    if git is not None:
        if name is not None or file is not None or cold:
            raise UsageError("what comes from a repository is started as it is", hint="give --git alone, and -i")
        chosen = parameters(inputs)
        run(lambda api: begin(api, _from_git(api, git, chosen, title, quiet=quiet), quiet=quiet))
        return
    if name is None and file is None:
        raise UsageError(
            "which playground?",
            hint="give a NAME (`labyard playground catalog` lists them), -f FILE, or --git URL",
        )
    request = _request(name, file, inputs or [])
    if cold:
        request["cold"] = True
    run(lambda api: begin(api, _create(api, request, title), quiet=quiet))


def _request(name: str | None, file: Path | None, inputs: list[str]) -> dict[str, Any]:
    request: dict[str, Any] = {"playground": name or "", "safetyDisclaimerConsent": True}
    if file is not None:
        request["manifest"] = _read(file)
        request["manifestName"] = "stdin" if str(file) == "-" else str(file)
    if inputs:
        request["initConditions"] = parameters(inputs)
    return request


def parameters(inputs: list[str] | None) -> dict[str, str]:
    """What several `-i key=value` say."""
    return dict(_input(pair) for pair in inputs or ())


def _input(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not key or not equals:
        raise UsageError(f"-i {pair!r} is no key=value")
    return key, value


def _read(file: Path) -> str:
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(_MANIFEST_LIMIT + 1)
        else:
            with file.open("rb") as opened:
                content = opened.read(_MANIFEST_LIMIT + 1)
        if len(content) > _MANIFEST_LIMIT:
            raise UsageError(f"{file} is larger than a manifest may be (1 MiB)")
        return content.decode()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text") from error


async def begin(api: Api, create: Coroutine[Any, Any, PlayView], *, quiet: bool) -> int:
    """Have a play made and wait until it is ready; when that is cut, the play ends."""
    creating = asyncio.create_task(create)
    try:
        # shielded: an answer must not be lost between the server's yes and our Ctrl-C, or nobody would end that play
        play = await asyncio.shield(creating)
        play = await until_ready(api, play, quiet=quiet)
    except asyncio.CancelledError:
        await _give_up(api, creating)
        raise
    return await report(api, play, quiet=quiet)


async def _create(api: Api, request: dict[str, Any], title: str | None) -> PlayView:
    return await _titled(api, parse_play(await api.post("/api/plays", request)), title)


async def _from_git(api: Api, url: str, chosen: dict[str, str], title: str | None, *, quiet: bool) -> PlayView:
    """The server fetches it; what it is, is said before it is started."""
    if not quiet:
        say("Fetching ...")
    found = await api.post("/api/git", {"url": url}, patience=_FETCH)
    if choices := found.get("choices"):
        places = "\n".join(f"  --git {each['url']}" for each in choices)
        raise UsageError(
            printable(f"there are several lessons and playgrounds in this repository; say which:\n{places}")
        )
    for problem in found.get("problems") or ():
        say(printable(str(problem)))
    if not found.get("canStart"):
        what = f"the {found.get('kind')} cannot be started"
        hint = f"open its page: {found['path']}" if found.get("path") else "its author can mend that"
        raise ConflictError(printable(what), hint=printable(hint))
    if not quiet:
        say(printable(f"{found.get('title')}, a {found.get('kind')} of commit {str(found.get('commit'))[:12]}"))
    play = parse_play(await api.post(f"/api/git/{found['id']}/plays", {"initConditions": chosen}))
    return await _titled(api, play, title)


async def _titled(api: Api, play: PlayView, title: str | None) -> PlayView:
    if title is not None:
        try:
            play = await api.act(play, "set_title", title=title)
        except RemoteError as error:
            say(f"The title could not be set: {error.message}")
    return play


async def _give_up(api: Api, creating: asyncio.Task[PlayView]) -> None:
    """End what was begun. Cut before the server knew of it: nothing to end."""
    try:
        play = await creating
    except LabyardError:
        return
    say(f"\nInterrupted: destroying play {play.id} ...")
    await api.act(play, "destroy")
    say(f"Play {play.id} is destroyed.")


async def report(api: Api, play: PlayView, *, quiet: bool) -> int:
    """Say how it came out: the id on stdout when it is ready, else what went wrong."""
    if play.verdict() is not Verdict.READY:
        await tell_failure(api, play)
        return ExitCode.FAILED
    out(play.id)
    if not quiet:
        for note in play.notes:
            say("Note: " + printable(note))
        say(f"Ready. A shell: labyard ssh {play.id[:8]}   In the browser: labyard playground open {play.id[:8]}")
    return ExitCode.OK
