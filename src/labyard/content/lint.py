"""A folder of content → everything that is wrong with it. Reads through `Files`; decides nothing about where they lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Final, Protocol

from labyard.content.blocks import read_body
from labyard.content.checks import BodyCheck, Exists, check_front, check_shown
from labyard.content.front_matter import FrontMatter, read_front_matter
from labyard.content.model import KINDS, Content, Solution
from labyard.errors import Problem, SpecError
from labyard.spec.document import Mapping, Scalar
from labyard.spec.findings import Finding, nearest
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.reading import read

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


def lint(files: Files, *, limits: Limits = DEFAULT) -> tuple[Problem, ...]:
    """Every problem, file by file, in the order of each file."""
    found = []
    for name in files.names():
        if _STATIC in name.split("/")[:-1]:
            found.append(
                _at(files.shown(name), "Markdown cannot lie in `__static__`", "files there are public as they are")
            )
        elif not name.rsplit("/", 1)[-1].startswith("."):
            found += sorted(_file(files, name, limits), key=lambda each: (each.line, each.column, each.message))
    return tuple(found)


def _file(files: Files, name: str, limits: Limits) -> set[Problem]:
    file = files.shown(name)
    try:
        text = files.text(name)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return {_at(file, f"cannot be read: {why}")}
    solution = _SOLUTION.fullmatch(name.rsplit("/", 1)[-1]) is not None
    return set(_document(files, name, text, limits, solution=solution))


def _document(files: Files, name: str, text: str, limits: Limits, *, solution: bool) -> Iterator[Problem]:
    file, exists = files.shown(name), partial(_beside, files, name)
    try:
        front = read_front_matter(text, file=file, limits=limits, optional=solution)
    except SpecError as error:
        yield from error.problems
        return
    yield from front.problems
    content = None
    if solution:
        _, _, findings = read(Solution, front.root)
        yield from (finding.placed(front.root, file) for finding in findings)
    else:
        content, problems = _front(front, file, exists)
        yield from problems
    try:
        body, problems = read_body(front.body, line=front.line, file=file, limits=limits)
    except SpecError as error:
        yield from error.problems
        return
    yield from problems
    tasks = front.root.entries.get("tasks")
    written = tuple(tasks.entries) if isinstance(tasks, Mapping) else ()
    yield from BodyCheck(file, content, written, exists).problems(body)
    if content is not None:
        yield from (finding.placed(front.root, file) for finding in check_shown(content, body))


def _front(front: FrontMatter, file: str, exists: Exists) -> tuple[Content | None, tuple[Problem, ...]]:
    """The content, None when its kind or too much else cannot be read."""
    kind = front.root.entries.get("kind")
    word = str(kind.value) if isinstance(kind, Scalar) else ""
    if word not in KINDS:
        message = f"`kind` cannot be `{word[:60]}`" if word else "`kind` is missing"
        finding = Finding(loc=("kind",), message=message, hint=nearest(word, KINDS))
        return None, (finding.placed(front.root, file),)
    content, left, findings = read(KINDS[word], front.root)
    problems = [finding.placed(front.root, file) for finding in findings]
    if content is not None:
        problems += [each.placed(left, file) for each in check_front(content, exists) if each.holds_in(left)]
    return content, tuple(problems)


def _beside(files: Files, name: str, path: str) -> bool:
    """Whether `path` is beside the file `name`, or beside what it is a part of: lessons share their course's `__static__`."""
    folders = name.split("/")[:-1]
    return any(files.exists("/".join((*folders[:count], path))) for count in range(len(folders), -1, -1))


def _at(file: str, message: str, hint: str | None = None) -> Problem:
    return Problem(file=file, line=1, column=1, message=message, hint=hint)
