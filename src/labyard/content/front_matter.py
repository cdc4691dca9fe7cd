"""The head of a Markdown file: YAML between two lines `---`, with its places; below it the body. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from labyard.errors import Problem, SpecError
from labyard.spec.document import Mapping, Place, read_yaml
from labyard.spec.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """`body` begins in line `line` of the file."""

    root: Mapping
    problems: tuple[Problem, ...]
    body: str
    line: int


_NOTHING = Mapping(place=Place(1, 1), entries={}, keys={})


def read_front_matter(text: str, *, file: str, limits: Limits, optional: bool = False) -> FrontMatter:
    """Raises SpecError when there is none (unless it is `optional`), it does not end, or it is no YAML."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "---":
        if optional:
            return FrontMatter(root=_NOTHING, problems=(), body="\n".join(lines), line=1)
        hint = "the first line is `---`, then come `kind: ...`, `title: ...` and another `---`"
        raise SpecError((_problem(file, 1, "there is no front matter", hint),))
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        raise SpecError((_problem(file, 1, "the front matter never ends", "close it with a line `---`"),))
    # Its opening line stays: to YAML it begins a document, and lines count as they do in the file.
    root, problems = read_yaml("\n".join(lines[:end]), file=file, limits=limits)
    return FrontMatter(root=root, problems=problems, body="\n".join(lines[end + 1 :]), line=end + 2)


def _problem(file: str, line: int, message: str, hint: str) -> Problem:
    return Problem(file=file, line=line, column=1, message=message, hint=hint)
