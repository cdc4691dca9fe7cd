"""`content remove`: a piece out of a server's catalog."""

from __future__ import annotations

from typing import Annotated

import typer

from labyard.cli.authors.ask import agreed
from labyard.cli.authors.piece import Piece, parse_piece
from labyard.cli.authors.remote import RemotePiece
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode
from labyard.cli.talk import out, printable, say
from labyard.errors import NotFoundError

app = typer.Typer(rich_markup_mode=None)

PieceName = Annotated[str, typer.Argument(help="Which: challenge/NAME, course/NAME, ...", metavar="KIND/NAME")]


@app.command(
    "remove", epilog=examples("labyard content remove challenge/lost-route", "labyard content remove course/bash --yes")
)
def remove(
    name: PieceName,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a piece of content that was pushed. Plays of it that run go on, and progress on it stays.

    When it is pushed again under this name, its learners are where they were. What ships with Labyard cannot be removed.
    """
    piece = parse_piece(name)
    run(lambda api: _remove(api, piece, yes=yes))


async def _remove(api: Api, piece: Piece, *, yes: bool) -> int:
    remote = RemotePiece(api, piece)
    await remote.refuse_shipped()
    files = await remote.digests()
    if files is None:
        raise NotFoundError(f"no {piece.kind} {piece.name!r}", hint="`labyard content list --mine` shows yours")
    if not yes and not agreed(f"Remove {piece} with its {len(files)} files from {api.target.url}?"):
        say("Nothing is removed.")
        return ExitCode.FAILED
    told = await remote.remove()
    plays = [str(play) for play in told.get("plays") or ()]
    if plays and told.get("ended"):
        say(printable(f"Its plays end: {', '.join(plays)}"))
    elif plays:
        say(printable(f"Plays of it go on: {', '.join(plays)}. To end them: labyard playground destroy ID"))
    if not told.get("ended"):
        say("Progress on it stays, and counts again if it is pushed again.")
    out(str(piece))
    return ExitCode.OK
