"""Carrying out a plan: several files at a time, with a bar for whoever watches."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from labyard.cli.authors.local import LocalFile, Look
from labyard.cli.authors.plan import Plan, in_phases
from labyard.cli.authors.remote import RemotePiece
from labyard.cli.talk import printable, say
from labyard.errors import ConflictError, Problem

AT_ONCE: Final = 6

Done = Callable[[str], None]
"""Called with each path that is done."""


async def send(remote: RemotePiece, plan: Plan, look: Look, *, remove: bool, done: Done) -> list[Problem]:
    """What the server finds in the Markdown that is sent. Whatever stops it, what was sent until then is there whole."""
    files = {file.path: file for file in look.files}
    found: list[Problem] = []

    async def put(path: str) -> None:
        found.extend(await _put(remote, files[path]))
        done(path)

    async def delete(path: str) -> None:
        await remote.delete(path)
        done(path)

    for phase in in_phases(plan.sent):
        await each_of(phase, put)
    if remove:
        await each_of(plan.removed, delete)
    return found


async def _put(remote: RemotePiece, file: LocalFile) -> tuple[Problem, ...]:
    try:
        return await remote.put(file)
    except OSError as error:
        words = f"{file.place} cannot be read: {error.strerror or error}"
        raise ConflictError(words, hint="push again when it is there") from error


async def each_of(paths: Sequence[str], work: Callable[[str], Awaitable[None]]) -> None:
    """Several at a time. The first error ends them all."""
    waiting = list(reversed(paths))

    async def worker() -> None:
        while waiting:
            await work(waiting.pop())

    workers = [asyncio.create_task(worker()) for _ in range(min(AT_ONCE, len(waiting)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


def tell_passed_over(paths: Iterable[str]) -> None:
    for path in paths:
        say(printable(f"Left out: {path} is a link out of the folder, or no file."))


@contextmanager
def metered(total: int) -> Iterator[Done]:
    """A bar on a terminal; nothing elsewhere, where the plan was told."""
    if not sys.stderr.isatty() or not total:
        yield lambda _path: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False), transient=True) as progress:
        bar = progress.add_task("pushing", total=total)
        yield lambda path: progress.update(bar, advance=1, description=printable(path)[-40:])
