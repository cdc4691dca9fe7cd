"""One Markdown file of content, read: its front matter, its body, and everything wrong with both. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labyard.content.blocks import Body, read_body
from labyard.content.checks import BodyCheck, Exists, check_listing, check_shown, check_tasks
from labyard.content.front_matter import FrontMatter, read_front_matter
from labyard.content.model import KINDS, Content, Played, Solution
from labyard.errors import Problem, SpecError
from labyard.spec.document import Mapping, Place, Scalar
from labyard.spec.findings import Finding, nearest
from labyard.spec.limits import Limits
from labyard.spec.reading import read

_NOTHING = Body(parts=(), inline=())
_NO_ROOT = Mapping(place=Place(1, 1), entries={}, keys={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`root`: the front matter as written. `content` None: it is a solution, or too little can be read.

    `tasks`: the names of those that are written. `unreadable`: problems of reading alone; `problems` has these, too.

    `sound`: nothing of its front matter is missing in `content`, and nothing is wrong with its tasks: it can be played.
    """

    file: str
    root: Mapping
    content: Content | None
    title: str
    tasks: tuple[str, ...]
    body: Body
    unreadable: tuple[Problem, ...]
    problems: tuple[Problem, ...]
    sound: bool

    @classmethod
    def unread(cls, file: str, *problems: Problem) -> Document:
        return cls(
            file=file,
            root=_NO_ROOT,
            content=None,
            title="",
            tasks=(),
            body=_NOTHING,
            unreadable=problems,
            problems=problems,
            sound=False,
        )


def read_document(text: str, *, file: str, exists: Exists, limits: Limits, solution: bool = False) -> Document:
    """`exists`: whether there is a file beside it. `solution`: it needs no front matter, and is of no kind."""
    try:
        front = read_front_matter(text, file=file, limits=limits, optional=solution)
    except SpecError as error:
        return Document.unread(file, *error.problems)
    content, title, problems, listing = _solution(front, file) if solution else _front(front, file, exists)
    head = (*front.problems, *problems)
    written = front.root.entries.get("tasks")
    tasks = tuple(written.entries) if isinstance(written, Mapping) else ()
    try:
        body, unreadable = read_body(front.body, line=front.line, file=file, limits=limits)
    except SpecError as error:
        body, unreadable = _NOTHING, error.problems
        beyond: tuple[Problem, ...] = ()
    else:
        shown = () if content is None else check_shown(content, body)
        beyond = (
            *BodyCheck(file, content, tasks, exists).problems(body),
            *(finding.placed(front.root, file) for finding in shown),
        )
    return Document(
        file=file,
        root=front.root,
        content=content,
        title=title,
        tasks=tasks,
        body=body,
        unreadable=(*front.problems, *unreadable),
        problems=(*head, *listing, *unreadable, *beyond),
        sound=not any(not problem.warning for problem in head),
    )


_Read = tuple[Content | None, str, tuple[Problem, ...], tuple[Problem, ...]]
"""The content, None when too much of it cannot be read; its title; what is wrong with itself, and with how it is listed."""


def _solution(front: FrontMatter, file: str) -> _Read:
    head, _, findings = read(Solution, front.root)
    title = (head.title if head is not None else None) or ""
    return None, title, tuple(finding.placed(front.root, file) for finding in findings), ()


def _front(front: FrontMatter, file: str, exists: Exists) -> _Read:
    kind = front.root.entries.get("kind")
    word = str(kind.value) if isinstance(kind, Scalar) else ""
    if word not in KINDS:
        message = f"`kind` cannot be `{word[:60]}`" if word else "`kind` is missing"
        finding = Finding(loc=("kind",), message=message, hint=nearest(word, KINDS))
        return None, "", (finding.placed(front.root, file),), ()
    content, left, findings = read(KINDS[word], front.root)
    problems = tuple(finding.placed(front.root, file) for finding in findings)
    if content is None:
        return None, "", problems, ()

    def placed(found: Iterable[Finding]) -> tuple[Problem, ...]:
        return tuple(each.placed(left, file) for each in found if each.holds_in(left))

    tasks = check_tasks(content) if isinstance(content, Played) else ()
    return content, content.title, (*problems, *placed(tasks)), placed(check_listing(content, exists))
