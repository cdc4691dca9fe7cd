"""What is drawn while a round runs on a terminal."""

from __future__ import annotations

import io

from rich.console import Console

from labyard.bots.cases import Case
from labyard.bots.results import Result, Tried
from labyard.bots.round import News
from labyard.cli.bot_progress import Picture

CASE = Case(kind="challenge", name="nat\x1b[31m", case="solution")


def test_what_runs_is_drawn_and_what_ended_scrolls_away() -> None:
    printed = io.StringIO()
    console = Console(file=printed, width=200, highlight=False)
    picture = Picture(3, console)
    picture.take(News(case=CASE, number=1, of=2, doing="starting"))
    picture.take(News(case=CASE, number=1, of=2, doing="waiting for red"))
    console.print(picture.draw())
    assert "0 of 3" in printed.getvalue()
    assert "challenge nat\N{REPLACEMENT CHARACTER}[31m solution [1 of 2]  waiting for red 0s" in printed.getvalue()
    failed = Tried(number=1, result=Result.FAILED, reason="task x", seconds=42)
    picture.take(News(case=CASE, number=1, of=2, tried=failed))
    assert "✗ challenge nat\N{REPLACEMENT CHARACTER}[31m solution [1 of 2]: failed, 42s: task x\n" in printed.getvalue()
    printed.truncate(0)
    console.print(picture.draw())
    assert "waiting for red" not in printed.getvalue()
    assert "1 of 3" in printed.getvalue()
    assert "1 failed" in printed.getvalue()
