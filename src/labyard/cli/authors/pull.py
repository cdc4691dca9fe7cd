"""`content pull`: a piece of a server's into a folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from labyard.cli.authors.local import new_md5
from labyard.cli.authors.piece import Piece, parse_piece
from labyard.cli.authors.remote import RemotePiece
from labyard.cli.authors.remove import PieceName
from labyard.cli.authors.sending import each_of
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.talk import out, printable, say
from labyard.content.paths import why_no_path
from labyard.control.bounds import Bounds
from labyard.errors import ConflictError, NotFoundError

app = typer.Typer(rich_markup_mode=None)
_BOUNDS = Bounds()


@app.command(
    "pull",
    epilog=examples(
        "labyard content pull challenge/lost-route", "labyard content pull course/bash lessons/bash --force"
    ),
)
def pull(
    name: PieceName,
    folder: Annotated[Path | None, typer.Argument(help="Where to; NAME by default.", metavar="DIR")] = None,
    force: Annotated[bool, typer.Option("-f", "--force", help="Overwrite files that are not the same here.")] = False,
) -> None:
    """Fetch a piece of content into a folder: your own, or one that ships, to begin with. Prints the folder.

    Files that are here and not the same are not overwritten, and then nothing is fetched, unless --force. Files that are only
    here stay.
    """
    piece = parse_piece(name)
    run(lambda api: _pull(api, piece, folder or Path(piece.name), force=force))


async def _pull(api: Api, piece: Piece, folder: Path, *, force: bool) -> None:
    remote = RemotePiece(api, piece)
    there = await remote.digests()
    if there is None:
        raise NotFoundError(f"no {piece.kind} {piece.name!r}", hint="`labyard content list` shows what there is")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is there already, and no folder")
    _refuse_odd(there, folder)
    here = await asyncio.to_thread(_digests, folder, there)
    wanted = [path for path, digest in there.items() if not digest or here.get(path) != digest]
    other = [path for path in wanted if path in here]
    if other and not force:
        for path in other[:20]:
            say(printable(f"  ~ {path}"))
        raise ConflictError(f"{len(other)} files in {folder} are not the same there", hint="--force overwrites them")

    async def fetch(path: str) -> None:
        await _fetch(remote, folder, path, there[path])

    folder.mkdir(parents=True, exist_ok=True)
    await each_of(wanted, fetch)
    same = len(there) - len(wanted)
    say(printable(f"{piece}: {len(wanted)} fetched{f', {same} were here' if same else ''}"))
    out(str(folder))


def _refuse_odd(there: Mapping[str, str], folder: Path) -> None:
    """A server's word is not enough to write outside the folder."""
    if len(there) > _BOUNDS.files:
        raise ConflictError(f"the server tells of {len(there)} files; a piece has at most {_BOUNDS.files}")
    home = folder.resolve()
    for path in there:
        why = why_no_path(path)
        if why is not None or not (home / path).parent.resolve().is_relative_to(home):
            raise ConflictError(f"the file {path[:200]!r} cannot be written: {why or 'a link leads out of the folder'}")


def _digests(folder: Path, there: Mapping[str, str]) -> dict[str, str]:
    """Of what is here of it."""
    found = {}
    for path in there:
        place = folder / path
        if place.is_dir():
            raise ConflictError(f"{place} is a folder here, and a file there", hint="move it away")
        if place.is_file() or place.is_symlink():
            found[path] = _digest(place)
    return found


def _digest(place: Path) -> str:
    try:
        with place.open("rb") as opened:
            return hashlib.file_digest(opened, new_md5).hexdigest()
    except OSError:
        return ""


async def _fetch(remote: RemotePiece, folder: Path, path: str, digest: str) -> None:
    """Whole or not at all."""
    place = folder / path
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=place.parent, prefix=".pull-")
    except OSError as error:
        raise ConflictError(f"{place} cannot be written: {error.strerror}") from error
    try:
        md5, size = new_md5(), 0
        with os.fdopen(descriptor, "wb") as file:
            async for piece in remote.read(path):
                size += len(piece)
                if size > _BOUNDS.piece:
                    raise ConflictError(f"the server sends more of {path[:200]!r} than a piece may hold")
                md5.update(piece)
                file.write(piece)
        if digest and md5.hexdigest() != digest:
            raise ConflictError(f"{path[:200]!r} changed while it was fetched", hint="pull again")
        Path(fresh).chmod(0o644)
        Path(fresh).replace(place)
    finally:
        Path(fresh).unlink(missing_ok=True)
