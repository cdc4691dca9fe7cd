"""`x(.input)` and `x(.needs.TASK.stdout)` in a task's scripts and environment → references to environment variables. Pure.

No value is ever pasted into a shell's text. What is refused and what is left to authors: docs/reference/task-scripts.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from labyard.errors import Problem, SpecError
from labyard.play.plan import Reference, Setting, TaskStream
from labyard.spec.shell.parts import Edit, Marks, Objection, unknown
from labyard.spec.shell.rules import hot
from labyard.spec.shell.script import read_script

_PAIR: Final = re.compile(r"([A-Za-z_]\w*)=", re.ASCII)


@dataclass(frozen=True, slots=True)
class Prepared:
    """`scripts` by the names they were given; `settings`: the author's `env`, then what the scripts refer to."""

    scripts: dict[str, str]
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """An objection to the script, or the line of `env`, called `where`; `line` and `column` count from 0 in its text."""

    where: str | int
    line: int
    column: int
    objection: Objection


def prepare(scripts: Mapping[str, str], env: Sequence[str]) -> Prepared:
    """Raises SpecError: what is not to be run has no form that can be. Its problems name a script, or `env`, as their file."""
    if errors := [each for each in examine(scripts, env) if not each.objection.warning]:
        raise SpecError(tuple(_problem(each) for each in errors))
    edits = {name: read_script(text)[0] for name, text in scripts.items()}
    settings = [setting for line in env if (setting := _setting(line)) is not None]
    meant = {edit.meant for each in edits.values() for edit in each if edit.meant is not None}
    names = _names(meant, "\n".join((*scripts.values(), *(line.partition("=")[0] for line in env))))
    settings += [Setting(name=names[each], parts=(each,)) for each in sorted(meant, key=_order)]
    written = {name: _written(text, edits[name], names) for name, text in scripts.items()}
    return Prepared(written, tuple(settings))


def examine(scripts: Mapping[str, str], env: Sequence[str]) -> tuple[Wrong, ...]:
    """Everything wrong with the references, and warnings, in order."""
    found = [each for index, line in enumerate(env) for each in _line(index, line)]
    holders = {line.partition("=")[0] for line in env if Marks(line).between(0, len(line))}
    for name, text in scripts.items():
        found += [_wrong(name, text, each) for each in read_script(text, holders)[1]]
    return tuple(found)


def needed(text: str) -> tuple[tuple[str, int, int], ...]:
    """Tasks that a text refers to, each with line and column, from 0."""
    marks = Marks(text).between(0, len(text))
    return tuple(
        (mark.meant.task, *_position(text, mark.start)) for mark in marks if mark.meant is not None and mark.meant.task
    )


def _line(index: int, line: str) -> Iterator[Wrong]:
    """A line of `env` is data, whatever is in it; but its name decides what a shell does with it."""
    marks = Marks(line).between(0, len(line))
    pair = _PAIR.match(line)
    for mark in marks:
        if mark.meant is None:
            yield _wrong(index, line, unknown(mark, mark.start))
        elif pair is None or mark.start < pair.end():
            yield _wrong(index, line, Objection(mark.start, "a value belongs behind `KEY=`"))
        elif why := hot(pair[1]):
            yield _wrong(index, line, Objection(mark.start, why, "use a name of your own"))


def _setting(line: str) -> Setting | None:
    """None for what is no `KEY=VALUE`: its reader says so."""
    if (pair := _PAIR.match(line)) is None:
        return None
    parts: list[str | Reference] = []
    at = pair.end()
    for mark in Marks(line).between(at, len(line)):
        parts += [line[at : mark.start], mark.meant or ""]
        at = mark.end
    return Setting(name=pair[1], parts=tuple(part for part in (*parts, line[at:]) if part != ""))


def _names(meant: set[Reference], text: str) -> dict[Reference, str]:
    """A variable for each, of names that occur nowhere in `text`. The same references always get the same."""
    prefix = next(each for each in _prefixes() if f"{each}_INPUT" not in text and f"{each}_NEEDS_" not in text)
    tasks = sorted({each.task for each in meant if each.task is not None})
    return {
        each: f"{prefix}_INPUT" if each.task is None else f"{prefix}_NEEDS_{tasks.index(each.task)}_{each.stream.name}"
        for each in meant
    }


def _prefixes() -> Iterator[str]:
    yield "LABYARD"
    yield from (f"LABYARD{number}" for number in count(2))


def _order(reference: Reference) -> tuple[str, TaskStream]:
    return reference.task or "", reference.stream


def _written(text: str, edits: Sequence[Edit], names: Mapping[Reference, str]) -> str:
    parts, at = [], 0
    for edit in edits:
        name = names[edit.meant] if edit.meant is not None else ""
        parts += [text[at : edit.start], edit.before, name, edit.after]
        at = edit.end
    return "".join((*parts, text[at:]))


def _position(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at), at - (text.rfind("\n", 0, at) + 1)


def _wrong(where: str | int, text: str, objection: Objection) -> Wrong:
    line, column = _position(text, objection.at)
    return Wrong(where=where, line=line, column=column, objection=objection)


def _problem(wrong: Wrong) -> Problem:
    file = wrong.where if isinstance(wrong.where, str) else f"env[{wrong.where}]"
    objection = wrong.objection
    return Problem(
        file=file, line=wrong.line + 1, column=wrong.column + 1, message=objection.message, hint=objection.hint
    )
