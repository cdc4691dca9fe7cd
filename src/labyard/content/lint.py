"""A folder of content → everything that is wrong with it. Reads through `Files`; decides nothing about where they lie."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from labyard.content.document import Document, read_document
from labyard.content.ground import Grounds, check_ground
from labyard.content.render import render
from labyard.content.units import check_units
from labyard.errors import Problem
from labyard.spec.limits import DEFAULT, Limits

LARGEST: Final = 1 << 20
"""Bytes of a Markdown file."""
_SOLUTION: Final = re.compile(r"solution(-[0-9]+)?\.md")
_STATIC: Final = "__static__"


class Files(Protocol):
    """The files of one content folder, by their path in it, with `/` between the parts."""

    def names(self) -> tuple[str, ...]:
        """Those to be looked at: Markdown."""

    def text(self, name: str) -> str:
        """Raises OSError, or ValueError for one that is larger than LARGEST or no text."""

    def exists(self, name: str) -> bool: ...

    def shown(self, name: str) -> str:
        """As the author calls it."""


def lint(
    files: Files, *, limits: Limits = DEFAULT, grounds: Grounds | None = None, elsewhere: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Every problem, file by file, in the order of each file. `grounds`: the playgrounds there are, None: not known.

    `elsewhere`: more of them, which nobody can look into here.
    """
    found: dict[str, set[Problem]] = {}
    together: dict[str, list[Document]] = {}
    for name in files.names():
        shown, folder = files.shown(name), name.rpartition("/")[0]
        if _STATIC in name.split("/")[:-1]:
            found[shown] = {_at(shown, "Markdown cannot lie in `__static__`", "files there are public as they are")}
        elif not name.rsplit("/", 1)[-1].startswith("."):
            document = read_file(files, name, limits)
            page = render(document, files=partial(_address, files, name))
            ground = check_ground(document, grounds, limits, elsewhere=elsewhere)
            found[shown] = {*document.problems, *page.problems, *ground.problems}
            together.setdefault(folder, []).append(document)
    for documents in together.values():
        for problem in check_units(documents):
            found[problem.file].add(problem)
    return tuple(problem for problems in found.values() for problem in sorted(problems, key=_in_file))


def lint_file(
    files: Files, name: str, *, limits: Limits = DEFAULT, grounds: Grounds | None = None
) -> tuple[Problem, ...]:
    """What is wrong with one file, and with its folder through it; nothing with what is no content."""
    known = files.names()
    if name not in known:
        return ()
    folder = name.rpartition("/")[0]
    together = tuple(each for each in known if each.rpartition("/")[0] == folder)
    return lint(_Some(files, together), limits=limits, grounds=grounds)


@dataclass(frozen=True, slots=True)
class _Some:
    """Some files of a folder, looked at in the whole of it."""

    files: Files
    chosen: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        return self.chosen

    def text(self, name: str) -> str:
        return self.files.text(name)

    def exists(self, name: str) -> bool:
        return self.files.exists(name)

    def shown(self, name: str) -> str:
        return self.files.shown(name)


def _in_file(problem: Problem) -> tuple[int, int, str]:
    return problem.line, problem.column, problem.message


def read_file(files: Files, name: str, limits: Limits = DEFAULT, *, shown: str | None = None) -> Document:
    """One of them. `shown`: what it is called in problems, when not as `files` calls it."""
    file = shown or files.shown(name)
    try:
        text = files.text(name)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Document.unread(file, _at(file, f"cannot be read: {why}"))
    solution = _SOLUTION.fullmatch(name.rsplit("/", 1)[-1]) is not None
    return read_document(text, file=file, exists=partial(_beside, files, name), limits=limits, solution=solution)


def _beside(files: Files, name: str, path: str) -> bool:
    """Whether `path` is beside the file `name`, or beside what it is a part of: lessons share their course's `__static__`."""
    folders = name.split("/")[:-1]
    return any(files.exists("/".join((*folders[:count], path))) for count in range(len(folders), -1, -1))


def _address(files: Files, name: str, path: str) -> str | None:
    return path if _beside(files, name, path) else None


def _at(file: str, message: str, hint: str | None = None) -> Problem:
    return Problem(file=file, line=1, column=1, message=message, hint=hint)
