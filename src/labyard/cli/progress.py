"""The way to a ready play on stderr: drawn in place on a terminal, one line per change elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from labyard.cli.durations import since
from labyard.cli.plays import PlayView
from labyard.cli.talk import printable, say

Show = Callable[[PlayView], None]


@contextmanager
def showing(*, quiet: bool) -> Iterator[Show]:
    """A function to call with every state of the play."""
    if quiet:
        yield lambda _play: None
    elif sys.stderr.isatty():
        with _drawn() as show:
            yield show
    else:
        yield _Lines().show


class _Lines:
    """Says what changed since the last time, once."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def show(self, play: PlayView) -> None:
        for subject, words in facts(play):
            if self._said.get(subject) != words:
                self._said[subject] = words
                say(printable(f"{subject}: {words}"))


def facts(play: PlayView) -> list[tuple[str, str]]:
    """(subject, what it does) of the play, each machine and each task that prepares it."""
    return [
        (f"play {play.id}", waiting(play) or play.state.lower().replace("_", " ")),
        *((machine.name, machine.words) for machine in play.machines),
        *((f"task {task.name}", task.words) for task in play.tasks if task.init),
    ]


def waiting(play: PlayView) -> str:
    """Its place in the queue, and when it begins, as the server says it; empty for one that does not wait for room."""
    words = play.message if play.state == "CREATED" else ""
    return words[:1].lower() + words[1:]


@contextmanager
def _drawn() -> Iterator[Show]:
    console = Console(stderr=True, highlight=False)
    latest: list[PlayView] = []

    def draw() -> Table:
        return table(latest[0], datetime.now(UTC)) if latest else Table.grid()

    with Live(console=console, get_renderable=draw, refresh_per_second=4) as live:

        def show(play: PlayView) -> None:
            latest[:] = [play]
            live.refresh()

        yield show


def table(play: PlayView, now: datetime) -> Table:
    """The picture: machines by stage with how long they have been in it, then init tasks."""
    grid = Table.grid(padding=(0, 2))
    name = play.title or play.playground
    grid.add_row("", Text(printable(name), style="bold"), Text(play.id, style="dim"))
    if words := waiting(play):
        grid.add_row(Text("…", style="yellow"), "queue", Text(printable(words)))
    for machine in play.machines:
        waited = "" if machine.ready or not machine.since else since(machine.since, now)
        mark = Text("✓", style="green") if machine.ready else Text("…", style="yellow")
        grid.add_row(mark, printable(machine.name), Text(f"{printable(machine.words)} {waited}".rstrip()))
    for task in play.tasks:
        if task.init:
            grid.add_row(_task_mark(task.words), printable(task.name), Text(task.words))
    return grid


def _task_mark(words: str) -> Text:
    marks = {"completed": ("✓", "green"), "failed": ("✗", "red")}
    sign, style = marks.get(words, ("…", "yellow"))
    return Text(sign, style=style)
