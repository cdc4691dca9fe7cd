"""`labyard access`: who may find, read and start a playground or a lesson of one's own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from labyard.cli.arguments import Format
from labyard.cli.authors.piece import parse_piece
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.talk import Output, out_json, out_table
from labyard.content.paths import why_no_name

app = typer.Typer(rich_markup_mode=None)

_PERMISSIONS = {
    "canList": "find it in the catalog",
    "canRead": "read it",
    "canStart": "start it",
    "canReadSolution": "read its solutions",
}
_PLAYGROUND = ("playground", "playgrounds")
_WORDS = "WORD,..."


def _who(permission: str) -> Any:
    return typer.Option(help=f"Who may {_PERMISSIONS[permission]}.", metavar=_WORDS)


@app.command(
    "access",
    epilog=examples(
        "labyard access challenge/lost-route",
        "labyard access challenge/lost-route --everybody",
        "labyard access tutorial/mirrors --list instructor --start user:ada,user:bob",
        "labyard access playground/my-lab --everybody",
        "labyard access challenge/lost-route --mine",
    ),
)
def access(
    piece: Annotated[str, typer.Argument(help="Which: playground/NAME, challenge/NAME, ...", metavar="KIND/NAME")],
    everybody: Annotated[bool, typer.Option("--everybody", help="Everybody may all of it.")] = False,
    mine: Annotated[
        bool, typer.Option("--mine", help="As it was at first: yours alone, or as its manifest says.")
    ] = False,
    find: Annotated[str | None, typer.Option("--list", help="Who may find it in the catalog.", metavar=_WORDS)] = None,
    read: Annotated[str | None, _who("canRead")] = None,
    start: Annotated[str | None, _who("canStart")] = None,
    solution: Annotated[str | None, _who("canReadSolution")] = None,
    output: Format = Output.TABLE,
) -> None:
    """Show, or change, who may find, read and start something of yours.

    Words are anyone, owner, instructor, user:NAME and nobody, which overrides all. Owners and admins always may, but for that.
    A lesson is played in its playground: who starts one must be allowed to start the other as well.
    """
    said = {"canList": find, "canRead": read, "canStart": start, "canReadSolution": solution}
    change = {
        permission: [word.strip() for word in words.split(",")]
        for permission, words in said.items()
        if words is not None
    }
    if everybody + mine + bool(change) > 1:
        raise UsageError("--everybody, --mine, and saying who do not go together")
    if everybody:
        change = {permission: ["anyone"] for permission in _PERMISSIONS}
    path = _path(piece)

    async def work(api: Api) -> None:
        if mine:
            told = await api.delete(path)
        elif change:
            told = await api.patch(path, change)
        else:
            told = await api.get(path)
        if output is Output.JSON:
            out_json(told)
            return
        permissions = [
            permission
            for permission in _PERMISSIONS
            if permission != "canReadSolution" or not path.startswith("/api/access/playgrounds/")
        ]
        out_table(
            ("WHO MAY", ""),
            [(_PERMISSIONS[permission], ", ".join(told[permission]) or "owner") for permission in permissions],
        )

    run(work)


def _path(text: str) -> str:
    kind, slash, name = text.partition("/")
    if kind not in _PLAYGROUND:
        piece = parse_piece(text)
        return f"/api/access/{piece.plural}/{piece.name}"
    why = why_no_name(name) if slash else f"{text[:100]!r} is no KIND/NAME"
    if why is not None:
        raise UsageError(why, hint="write it as playground/NAME")
    return f"/api/access/playgrounds/{name}"
