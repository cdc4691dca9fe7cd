"""`content create`: something that works, to begin with."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from labyard.cli.authors.piece import parse_piece
from labyard.cli.content_kinds import Kind
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.talk import out, printable, say
from labyard.content.starter import starter
from labyard.errors import ConflictError

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "create",
    epilog=examples(
        "labyard content create challenge lost-route", "labyard content create course bash --dir lessons/bash"
    ),
)
def create(
    kind: Annotated[Kind, typer.Argument(help="What it is to be.", metavar="KIND")],
    name: Annotated[str, typer.Argument(help="Its name: small letters, digits and hyphens.", metavar="NAME")],
    folder: Annotated[
        Path | None, typer.Option("--dir", help="The new folder; NAME by default.", metavar="DIR")
    ] = None,
) -> None:
    """Make a folder with a small piece that works as it is, to be changed. Needs no server.

    KIND is challenge, tutorial, course, skill-path, roadmap or training. A challenge has a task, a hint, a solution, and a
    script with which a bot proves it. The name stays as it is: nothing is added to it.
    """
    piece = parse_piece(f"{kind.value}/{name}")
    home = folder or Path(name)
    if home.is_file() or (home.is_dir() and any(home.iterdir())):
        raise UsageError(f"{home} is there already, and not empty", hint="give a new folder with --dir")
    try:
        for path, data in starter(piece.kind, piece.name, date.today()).items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_bytes(data)
    except OSError as error:
        raise ConflictError(f"{home} cannot be written: {error.strerror}") from error
    out(str(home))
    same = home.resolve().name == piece.name
    say(printable(f"Next: labyard content preview {home}   # in the browser, beside a real play, while you write"))
    say(printable(f"Then: labyard content push {home}{'' if same else f' --as {piece}'}   # into the server's catalog"))
