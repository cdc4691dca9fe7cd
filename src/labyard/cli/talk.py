"""What is printed where: data on stdout, talk on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NoReturn

from rich.console import Console

from labyard.cli.exits import ExitCode
from labyard.errors import LabyardError, SpecError


class Output(StrEnum):
    TABLE = "table"
    JSON = "json"


def out(text: str) -> None:
    """One piece of data, a line of its own. Ends the program when nobody reads any more."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        leave_broken_pipe()


def leave_broken_pipe() -> NoReturn:
    """End quietly, as `head` expects of whoever it stops reading from."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - else Python complains once more while it flushes at the end
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    raise SystemExit(ExitCode.BROKEN_PIPE)


def out_json(value: object) -> None:
    out(json.dumps(value, indent=2, ensure_ascii=False))


def say(text: str) -> None:
    """A sentence for whoever sits in front."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_error(error: LabyardError) -> None:
    """What happened, why, and what to do."""
    if isinstance(error, SpecError):
        for problem in error.problems:
            say(printable(str(problem)))
        return
    say("labyard: " + printable(error.message))
    if error.hint:
        say("  " + printable(error.hint))


def printable(text: str) -> str:
    """Without characters that would steer a terminal: names and outputs come from plays, which may mean ill."""
    return "".join(char if char in "\n\t" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def for_stdout(text: str) -> str:
    """As it is into a file or pipe; harmless on a terminal."""
    return printable(text.replace("\r\n", "\n")) if sys.stdout.isatty() else text


def out_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Columns, aligned; an empty table still has its header."""
    lines = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        out("  ".join(value.ljust(width) for value, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: str) -> str:
    return printable(value).replace("\n", " ").replace("\t", " ") or "-"


def console(*, stderr: bool = False) -> Console:
    """Styled text: plain off a terminal, and where its owner asked for plain text (no-color.org)."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    styled = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Console(stderr=stderr, force_terminal=styled, highlight=False, soft_wrap=True)
