"""What is noted while a script is read: references and how they are written, what is refused, and parts of commands."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from labyard.play.plan import Reference, TaskStream
from labyard.spec.findings import nearest

DEPTH: Final = 40
"""How deep quotes, substitutions and brackets may nest."""
DYNAMIC: Final = "\0"
"""In a word's plain text: what is known only when it runs."""

_MARK: Final = re.compile(
    r"x\([ \t]*\.(?:(?P<input>input)|needs\.(?P<task>[A-Za-z0-9_][\w.-]*?)\.(?P<stream>stdout|stderr))[ \t]*\)"
    r"|(?<!\w)x\([ \t]*\.[A-Za-z][^)\n]{0,200}\)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Objection:
    """Something wrong at `at`, a position in the text. A `warning` keeps nothing from running."""

    at: int
    message: str
    hint: str | None = None
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A reference as written, from `start` to before `end`; `meant` is None when it refers to nothing."""

    start: int
    end: int
    text: str
    meant: Reference | None


@dataclass(frozen=True, slots=True)
class Edit:
    """`before` and `after` stand around the variable of `meant`; with none they are put in as they are."""

    start: int
    end: int
    before: str
    after: str = ""
    meant: Reference | None = None


class LostError(Exception):
    """Reading cannot go on: what begins at `at` never ends."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.objection = Objection(at, what)


@dataclass(slots=True)
class Notes:
    """Of one script; all positions are of its text. `holders`: variables that got a reference's value. `evaluated`: what bash
    runs or calculates with. `integers`: variables that bash calculates for whenever they are set."""

    holders: set[str] = field(default_factory=set)
    edits: list[Edit] = field(default_factory=list)
    objections: dict[int, Objection] = field(default_factory=dict)
    evaluated: list[tuple[int, str]] = field(default_factory=list)
    integers: set[str] = field(default_factory=set)

    def refuse(self, at: int, message: str, hint: str | None) -> None:
        self.objections.setdefault(at, Objection(at, message, hint))


@dataclass(slots=True)
class Word:
    """`plain`: its text without quotes, with DYNAMIC for what is not known."""

    start: int
    end: int
    plain: str

    @property
    def base(self) -> str:
        """Of a program: without its folder."""
        return self.plain.rsplit("/", 1)[-1]


@dataclass(slots=True)
class Command:
    """A simple command. `kind`: `simple`, `for`, `case` (its subject and patterns) or `function` (its name)."""

    kind: str = "simple"
    assigned: list[Word] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    inputs: list[Word] = field(default_factory=list)


@dataclass(slots=True)
class Here:
    """A here-document whose body is still to come: its delimiter as written, and what it is without quotes."""

    start: int
    end: int
    delimiter: str
    quoted: bool
    tabs: bool
    command: Command


@dataclass(slots=True)
class Frame:
    """Commands being read. `open`: `(` and the states of `case` that are not closed yet."""

    command: Command = field(default_factory=Command)
    open: list[str] = field(default_factory=list)
    pending: list[Here] = field(default_factory=list)

    @property
    def fresh(self) -> bool:
        """Whether a word here would be the name of a command."""
        return self.command.kind == "simple" and not self.command.words


class Marks:
    """The references of a text, by position."""

    def __init__(self, text: str) -> None:
        self._marks = [_mark(found) for found in _MARK.finditer(text)]
        self._starts = [mark.start for mark in self._marks]
        self._at = dict(zip(self._starts, self._marks, strict=True))

    def __contains__(self, at: int) -> bool:
        return at in self._at

    def __getitem__(self, at: int) -> Mark:
        return self._at[at]

    def between(self, start: int, end: int) -> Sequence[Mark]:
        return self._marks[bisect_left(self._starts, start) : bisect_left(self._starts, end)]


def _mark(found: re.Match[str]) -> Mark:
    meant = None
    if found["input"]:
        meant = Reference()
    elif found["task"]:
        meant = Reference(task=found["task"], stream=TaskStream(found["stream"]))
    return Mark(found.start(), found.end(), found[0], meant)


def unknown(mark: Mark, at: int) -> Objection:
    """What to say of a reference to nothing; `at`: where it stands."""
    if parts := re.match(r"x\(\s*\.needs\.[\w.-]+\.(\w+)\s*\)", mark.text):
        return Objection(at, f"a task has no `{parts[1]}`", nearest(parts[1], list(TaskStream)))
    hint = "there are `x(.input)`, `x(.needs.TASK.stdout)` and `x(.needs.TASK.stderr)`"
    return Objection(at, f"`{mark.text[:60]}` refers to nothing", hint)
