"""A lesson → safe HTML. Pure.

Nothing is swallowed: what cannot be shown is said in its place, with its line, in the words `lint` uses. Each text between
components is made whole before it goes into them, so that nothing an author writes reaches out of its element; the whole passes
the gate once more.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

from labyard.content.addresses import Files
from labyard.content.blocks import Component, Markdown, Part
from labyard.content.checks import BodyCheck
from labyard.content.document import Document
from labyard.content.highlight import plain
from labyard.content.markdown import Heading, Text, TooMuchError, Writing, learn_references, to_html
from labyard.content.sanitize import sanitize
from labyard.content.show import SHOWS, Shown
from labyard.errors import Problem

LARGEST: Final = 8 << 20
"""Characters of HTML: a lesson that would become more is shown as it was written."""
_SHOWN_PROBLEMS: Final = 50
"""Problems told above a lesson; `lint` tells all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`html`: all of it. `teaser`: what comes before `<!--more-->`, empty without such a line.

    `problems`: what only rendering finds (where links and images lead, and when it is too much). They are shown in `html`.
    """

    html: str
    teaser: str
    headings: tuple[Heading, ...]
    problems: tuple[Problem, ...]


def render(lesson: Document, *, files: Files) -> Rendered:
    """Whatever else is wrong with it. `files` gives addresses to what lies in `__static__`."""
    page = _Page(lesson, files)
    try:
        for markdown in _texts(lesson.body.parts):
            learn_references(markdown.text, page.writing)
    except TooMuchError:
        page.writing.work = -1
    told = "".join(_box(each) for each in lesson.unreadable[:_SHOWN_PROBLEMS])
    above, below = page.parts(lesson.body.parts)
    html = sanitize(told + above + (below or ""))
    teaser = sanitize(told + above) if below is not None else ""
    return Rendered(html=html, teaser=teaser, headings=tuple(page.writing.headings), problems=tuple(page.problems))


def _texts(parts: Iterable[Part]) -> Iterable[Markdown]:
    for part in parts:
        if isinstance(part, Markdown):
            yield part
        else:
            yield from _texts(part.parts())


class _Page:
    """One lesson while it is written."""

    def __init__(self, lesson: Document, files: Files) -> None:
        self._content = lesson.content
        self._check = BodyCheck(lesson.file, lesson.content, lesson.tasks, lambda path: files(path) is not None)
        self._file = lesson.file
        self.writing = Writing(files=files, component=lambda each: self.component(each, ()), problem=self._found)
        self.problems: list[Problem] = []
        self._size = 0

    def parts(self, parts: Iterable[Part], around: tuple[Component, ...] = ()) -> tuple[str, str | None]:
        """Above and below the line that ends a teaser; only a lesson as a whole has one."""
        above: list[str] = []
        below: list[str] | None = None
        for part in parts:
            if isinstance(part, Component):
                (above if below is None else below).append(self.component(part, around))
                continue
            text = self.text(part, inside=bool(around))
            (above if below is None else below).append(text.html)
            if text.more is not None and not around and below is None:
                below = [text.more]
            elif text.more is not None:
                (above if below is None else below).append(text.more)
        return "".join(above), None if below is None else "".join(below)

    def text(self, part: Markdown, *, inside: bool) -> Text:
        """Markdown in a component may be indented with it."""
        source = textwrap.dedent(part.text) if inside and len(part.text) < LARGEST >> 3 else part.text
        try:
            text = to_html(source, part.line, self.writing)
            self._size += len(text.html) + len(text.more or "")
            if self._size > LARGEST:
                raise TooMuchError
        except TooMuchError:
            self.writing.work = -1
            why = "from here on the lesson is too much to be shown as Markdown; this is what was written"
            return Text(html=f'<p>{self._found(part.line, why)}</p><pre tabindex="0">{plain(source)}</pre>')
        return Text(html=sanitize(text.html), more=None if text.more is None else sanitize(text.more))

    def component(self, component: Component, around: tuple[Component, ...]) -> str:
        told = "".join(_box(each) for each in self._check.component(component, around))
        show = SHOWS.get(component.name)
        slots = {
            name: "".join(map(str, self._slot(parts, component, around))) for name, parts in component.slots.items()
        }
        shown = Shown(component=component, slots=slots, writing=self.writing, content=self._content)
        if show is None:
            return told + "".join(slots.values())
        try:
            return told + show(shown) + ("" if component.inline else "\n")
        except TooMuchError:
            self.writing.work = -1
            return told + self._found(component.place.line, "the lesson is too much to be shown")

    def _slot(self, parts: tuple[Part, ...], component: Component, around: tuple[Component, ...]) -> Iterable[str]:
        above, below = self.parts(parts, (*around, component))
        return above, below or ""

    def _found(self, line: int, words: str) -> str:
        self.problems.append(Problem(file=self._file, line=line, column=1, message=words))
        return _say(line, words)


def _box(problem: Problem) -> str:
    return _say(problem.line, problem.message + (f" ({problem.hint})" if problem.hint else ""))


def _say(line: int, words: str) -> str:
    """Something wrong, where it is: in a text as between texts."""
    return f'<lab-problem line="{line}">Line {line}: {escape(words[:500])}</lab-problem>'
