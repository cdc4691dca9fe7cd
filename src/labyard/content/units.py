"""A lesson of a course and its units: its tasks may be shown in any of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labyard.content.checks import never_shown, shown_in
from labyard.content.components import TASKS, value
from labyard.content.document import Document
from labyard.content.model import Lesson, Unit
from labyard.errors import Problem
from labyard.spec.findings import nearest


def check_units(together: Sequence[Document]) -> Iterator[Problem]:
    """`together`: the documents of one folder."""
    lesson = next((each for each in together if isinstance(each.content, Lesson)), None)
    units = [each for each in together if isinstance(each.content, Unit)]
    if lesson is not None and isinstance(lesson.content, Lesson):
        shown = set().union(*(shown_in(each.body) for each in (lesson, *units)))
        for finding in never_shown(lesson.content, shown):
            yield finding.placed(lesson.root, lesson.file)
    for unit in units:
        yield from _unit(unit, () if lesson is None else lesson.tasks)


def _unit(unit: Document, tasks: Sequence[str]) -> Iterator[Problem]:
    for component, _ in unit.body.blocks():
        name = value(component, "name") if component.name in TASKS else None
        if name is not None and name not in tasks:
            place = component.props["name"].place
            hint = nearest(name, tasks) or "tasks are written in the lesson's index.md"
            words = f"there is no task `{name}` in its lesson"
            yield Problem(file=unit.file, line=place.line, column=place.column, message=words, hint=hint)
