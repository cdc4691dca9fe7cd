"""Progress of long works (images, kernels), as the server tells it in NDJSON."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from labyard.cli.exits import UnreachableError
from labyard.cli.talk import printable, say


async def show(lines: AsyncIterator[dict[str, Any]]) -> None:
    """Show every step until the last line says it is finished. Raises UnreachableError when that line never comes."""
    finished = await (_drawn(lines) if sys.stderr.isatty() else _told(lines))
    if not finished:
        raise UnreachableError("the server stopped before it was finished", hint="ask again; what is done is kept")


async def _told(lines: AsyncIterator[dict[str, Any]]) -> bool:
    """One line for each new step."""
    said = None
    finished = False
    async for line in lines:
        finished = bool(line.get("finished"))
        words = _words(line)
        if words and words != said:
            say(words)
            said = words
    return finished


async def _drawn(lines: AsyncIterator[dict[str, Any]]) -> bool:
    finished = False
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True, highlight=False)) as progress:
        bar = progress.add_task("", total=None)
        async for line in lines:
            finished = bool(line.get("finished"))
            if words := _words(line):
                total = line.get("total")
                progress.update(bar, description=words, total=total or None, completed=line.get("done") or 0)
    return finished


def _words(line: dict[str, Any]) -> str:
    return printable(" ".join(str(line[key]) for key in ("subject", "step") if line.get(key)))


def show_size(size: int) -> str:
    """`812 MiB`; bytes as people read them."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
