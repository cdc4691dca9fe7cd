"""A round while it runs, on stderr: drawn in place on a terminal, one line per change elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from labyard.bots.results import Result
from labyard.bots.round import News
from labyard.cli.durations import show_duration
from labyard.cli.talk import printable, say

Tell = Callable[[News], None]

_SIGNS = {Result.PASSED: ("✓", "green"), Result.FAILED: ("✗", "red"), Result.BROKEN: ("!", "magenta")}


@contextmanager
def showing(attempts: int) -> Iterator[Tell]:
    """A function to call with all news of a round of so many attempts."""
    if not sys.stderr.isatty():
        yield _plain
        return
    console = Console(stderr=True, highlight=False)
    picture = Picture(attempts, console)
    with Live(console=console, get_renderable=picture.draw, refresh_per_second=4, transient=True):
        yield picture.take


def _plain(news: News) -> None:
    say(printable(f"{name(news)}: {ended(news) if news.tried else news.doing}"))


def name(news: News) -> str:
    """`challenge nat solution`, and which attempt of several."""
    return f"{news.case}" + (f" [{news.number} of {news.of}]" if news.of > 1 else "")


def ended(news: News) -> str:
    """`passed, 42s`, or why not."""
    assert news.tried is not None  # noqa: S101 - asked only of attempts that ended
    why = f": {news.tried.reason}" if news.tried.reason else ""
    return f"{news.tried.result.value}, {show_duration(news.tried.seconds)}{why}"


class Picture:
    """What runs now; what ended scrolls away above."""

    def __init__(self, attempts: int, console: Console) -> None:
        self._attempts = attempts
        self._console = console
        self._running: dict[str, tuple[str, float]] = {}
        self._ended: Counter[Result] = Counter()

    def take(self, news: News) -> None:
        label = name(news)
        if news.tried is None:
            began = self._running.get(label, ("", time.monotonic()))[1]
            self._running[label] = (news.doing, began)
            return
        self._running.pop(label, None)
        self._ended[news.tried.result] += 1
        sign, style = _SIGNS[news.tried.result]
        line = Text(f"{sign} ", style=style).append(printable(f"{label}: {ended(news)}"), style="default")
        self._console.print(line)

    def draw(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        counts = ", ".join(f"{count} {result.value}" for result, count in self._ended.items())
        done = sum(self._ended.values())
        grid.add_row("", Text(f"{done} of {self._attempts}", style="bold"), Text(counts, style="dim"))
        for label, (doing, began) in self._running.items():
            took = show_duration(time.monotonic() - began)
            grid.add_row(Text("…", style="yellow"), printable(label), Text(f"{printable(doing)} {took}"))
        return grid
