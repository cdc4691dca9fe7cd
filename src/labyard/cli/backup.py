"""`labyard backup` and `restore`: what people made on this box, in one file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import FileSizeColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TransferSpeedColumn

from labyard.assembly import backup as making
from labyard.assembly import restoring
from labyard.assembly.backup import LEFT_OUT, Kept
from labyard.assembly.settings import read_settings
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode
from labyard.cli.listen import Data, data_folder
from labyard.cli.serve import need_root
from labyard.cli.stock import show_size
from labyard.cli.talk import say

app = typer.Typer(rich_markup_mode=None)
_EVERY = 10.0  # seconds between two lines off a terminal

File = Annotated[Path, typer.Argument(help="The backup.", metavar="FILE")]


@app.command("backup", epilog=examples("labyard backup /srv/labyard-2026-01-02.backup"))
def backup(file: File, data: Data = None) -> None:
    """Write people, progress, lessons and saved playgrounds into one file, while the server goes on.

    Not in it: plays, images that can be fetched again, settings. Whoever reads the file is the box's owner: keep it safe.
    """
    need_root("backup")
    with _shown("backing up") as told:
        kept = making.back_up(read_settings(data_folder(data)), file, told)
    say(f"{file}: {_words(kept)}, {show_size(file.stat().st_size)}.")
    for key in kept.lost:
        say(f"Not whole, hence not in it: the saved snapshot {key}. `labyard scrub` looks at all of them.")
    say(f"Not in it: {LEFT_OUT}.")


@app.command("restore", epilog=examples("labyard restore /srv/labyard-2026-01-02.backup --data /var/lib/labyard"))
def restore(file: File, data: Data = None) -> None:
    """Make a data folder of a backup. The folder, and a PostgreSQL database, must be empty.

    The file is read to its end and found sound before anything is written.
    """
    need_root("restore")
    folder = data_folder(data)
    with _shown("restoring") as told:
        kept = restoring.restore(read_settings(folder), file, told)
    say(f"{folder}: {_words(kept)}. Start the server: labyard serve. Plays that ran when it was made are failed in it.")


def _words(kept: Kept) -> str:
    saved = f", {len(kept.saved)} saved playground{'' if len(kept.saved) == 1 else 's'}" if kept.saved else ""
    return f"{kept.rows} rows and {kept.files} files{saved}"


@contextmanager
def _shown(doing: str) -> Iterator[Callable[[int], None]]:
    """How far it is: drawn on a terminal, a line now and then elsewhere. Ctrl-C ends it."""
    try:
        if sys.stderr.isatty():
            columns = (SpinnerColumn(), TextColumn(doing), FileSizeColumn(), TransferSpeedColumn(), TimeElapsedColumn())
            with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as progress:
                bar = progress.add_task(doing, total=None)
                yield lambda count: progress.advance(bar, count)
        else:
            yield _Lines(doing).add
    except KeyboardInterrupt:
        say("Interrupted; nothing is left of it.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


class _Lines:
    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._done = 0
        self._last = time.monotonic()

    def add(self, count: int) -> None:
        self._done += count
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            say(f"{self._doing}: {show_size(self._done)} so far")
