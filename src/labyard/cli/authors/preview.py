"""`content preview`: a lesson as its learners will see it, while it is being written."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer

from labyard.cli.authors.browser import can_open, open_page
from labyard.cli.authors.linting import Linter
from labyard.cli.authors.live import Live
from labyard.cli.authors.local import LocalPiece
from labyard.cli.authors.piece import Piece, piece_of
from labyard.cli.authors.push import As
from labyard.cli.authors.remote import RemotePiece
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode
from labyard.cli.talk import out, printable, say
from labyard.control.bounds import PREVIEW
from labyard.errors import LabyardError, NotFoundError

app = typer.Typer(rich_markup_mode=None)

RENEW: Final = 60.0  # seconds; the server waits for fifteen times as long
_LONGEST: Final = 63 - len(PREVIEW) - 5  # characters of a name
_LAST_WORDS: Final = 30.0  # seconds for the server to remove it
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@app.command(
    "preview",
    epilog=examples(
        "labyard content preview lost-route",
        "labyard content preview . --no-open",
        "LABYARD_URL=... labyard content preview .",
    ),
)
def preview(
    folder: Annotated[Path, typer.Argument(help="The piece's folder.", metavar="DIR")] = Path(),
    name: As = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only print the page's address.")] = False,
) -> None:
    """Look at a piece of content in the browser while you write it. The page follows every change.

    It lies on the server under a name of its own, in no catalog and nobody's progress. Its page is what learners will see, and
    starts a real play when you want one. At every change of a file in DIR it is checked, what is wrong is printed with its
    place, and what differs is pushed. A play goes on as it was started; the page says when its tasks have changed.

    Ctrl-C ends its plays and removes it. So does the server when it hears nothing of you for a quarter of an hour.
    """
    piece = piece_of(folder, name)
    run(lambda api: _preview(api, folder, piece, opens=not no_open))


class _Preview(Live):
    """Says from time to time that somebody still looks, and makes it again when it was removed meanwhile."""

    _renew_at = 0.0

    async def begin(self) -> str:
        """Make it and fill it; the address of its page."""
        page = await self.remote.create(preview=True)
        self._renew_at = asyncio.get_running_loop().time() + RENEW
        return page

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._renew_at:
            return
        try:
            await self.remote.renew()
        except NotFoundError:
            say("The server had removed this preview, as nothing was heard of it. It is made again.")
            await self.begin()
            self.push_again()
        self._renew_at = now + RENEW

    async def push(self) -> None:
        try:
            await super().push()
        except NotFoundError:
            self.push_again()
            self._renew_at = 0.0  # the next turn looks whether it is still there


async def _preview(api: Api, folder: Path, piece: Piece, *, opens: bool) -> int:
    mine = Piece(piece.kind, f"{PREVIEW}{piece.name[:_LONGEST].rstrip('-')}-{secrets.token_hex(2)}")
    remote = RemotePiece(api, mine)
    live = _Preview(remote, LocalPiece(folder), await Linter.over(api, folder), remove=True, force=True)
    with _told_to_end() as told:
        page = await live.begin()
        working = asyncio.create_task(_work(live, api, piece, page, opens=opens))
        ending = asyncio.create_task(told.wait())
        try:
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            working.cancel()
            failure = (await asyncio.gather(working, return_exceptions=True))[0]
            told.clear()
            code = await _remove(remote, told)
    if isinstance(failure, Exception):
        raise failure
    return code


async def _work(live: _Preview, api: Api, piece: Piece, page: str, *, opens: bool) -> None:
    await live.push()
    signed = await _signed(api, page)
    opened = opens and can_open(os.environ) and await asyncio.to_thread(open_page, signed)
    out(page)
    say(printable(f"Preview of {piece}{' is open in your browser' if opened else ''}: {page}"))
    if not opened:
        say(printable(f"Where you are not signed in, this opens it, once: {signed}"))
    say(printable(f"Watching {live.local.folder}; Ctrl-C ends its plays and removes it."))
    await live.run()


async def _signed(api: Api, page: str) -> str:
    """Its address, which also signs a browser in, once."""
    link = str((await api.post("/api/signin-links"))["url"])
    return f"{link}&next={urlsplit(page).path}"


@contextmanager
def _told_to_end() -> Iterator[asyncio.Event]:
    """Set by Ctrl-C, a closed terminal or `kill`: whatever happens, what was made is to be removed."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in _SIGNALS:
        loop.add_signal_handler(each, told.set)
    try:
        yield told
    finally:
        for each in _SIGNALS:
            loop.remove_signal_handler(each)


async def _remove(remote: RemotePiece, again: asyncio.Event) -> int:
    """From the server, with its plays. `again`: somebody does not want to wait for it."""
    removing = asyncio.create_task(remote.remove())
    hurrying = asyncio.create_task(again.wait())
    await asyncio.wait({removing, hurrying}, timeout=_LAST_WORDS, return_when=asyncio.FIRST_COMPLETED)
    hurrying.cancel()
    if not removing.done():
        removing.cancel()
    ended = (await asyncio.gather(removing, return_exceptions=True))[0]
    if isinstance(ended, dict):
        say(_farewell(ended))
        return ExitCode.OK
    if isinstance(ended, NotFoundError):
        say("The preview was removed already.")
        return ExitCode.OK
    why = ended.message if isinstance(ended, LabyardError) else "the server has not answered yet"
    say(printable(f"The preview {remote.piece} and its plays may be left: {why}."))
    say("A server that runs removes them by itself within a quarter of an hour, or at once:")
    say(printable(f"  labyard content remove {remote.piece} --yes"))
    return ExitCode.FAILED


def _farewell(told: dict[str, Any]) -> str:
    plays = len(told.get("plays") or ())
    ending = {0: "", 1: ", and its play ends"}.get(plays, f", and its {plays} plays end")
    return f"The preview is removed{ending}."
