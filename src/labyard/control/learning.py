"""Courses and paths as a learner meets them: which of their lessons and units are done, and what is still in the way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labyard.content.library import PLURALS, Entry, Library
from labyard.content.model import Played
from labyard.content.tree import LessonPage, ModulePage, Page, Tree
from labyard.control.lesson_key import CHALLENGE, COURSE, TUTORIAL, LessonKey
from labyard.control.lessons import Lessons, refuse_preview
from labyard.control.plays import Plays
from labyard.control.progress import Progress
from labyard.control.refusals import BadRequestError
from labyard.control.rows import PlayView
from labyard.errors import ConflictError
from labyard.store.progress import ProgressRow

MOST_CHANGES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """A challenge or tutorial that is embedded, and has to be done as well."""

    kind: str
    name: str
    passed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LessonState:
    """`completed`: its own tasks have passed and so have its gates; where there are neither, the learner said so."""

    page: LessonPage
    progress: ProgressRow | None
    play: PlayView | None
    gates: tuple[Gate, ...]
    completed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleState:
    page: ModulePage
    lessons: tuple[LessonState, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitState:
    """`completed`: there are gates, and all of them are passed."""

    page: Page
    gates: tuple[Gate, ...]

    @property
    def completed(self) -> bool:
        return bool(self.gates) and all(gate.passed for gate in self.gates)


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """Whatever has lessons or units, for one learner."""

    entry: Entry
    modules: tuple[ModuleState, ...]
    units: tuple[UnitState, ...]

    @property
    def completed(self) -> bool:
        parts = [lesson.completed for module in self.modules for lesson in module.lessons]
        parts += [unit.completed for unit in self.units if unit.gates]
        return bool(parts) and all(parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class LessonChange:
    """What a learner wants of a lesson; None: nothing."""

    module: str
    lesson: str
    started: bool | None = None
    completed: bool | None = None

    @property
    def path(self) -> str:
        return f"{self.module}/{self.lesson}" if self.module else self.lesson

    @property
    def plays(self) -> bool:
        """Whether it takes somebody who may start it."""
        return self.started is True or self.completed is True


def refuse_many(changes: Sequence[LessonChange]) -> None:
    if len(changes) > MOST_CHANGES:
        raise BadRequestError(f"at most {MOST_CHANGES} lessons at a time")


class Learning:
    def __init__(self, library: Library, lessons: Lessons, plays: Plays, progress: Progress) -> None:
        self._library = library
        self._lessons = lessons
        self._plays = plays
        self._progress = progress

    async def of(self, owner: str, plural: str, name: str) -> Course:
        """NotFoundError when there is none of that name."""
        entry, tree = await asyncio.to_thread(self._tree, plural, name)
        known = await self._progress.of(owner)
        plays = {view.row.plan.lesson: view for view in reversed(await self._lessons.running(owner))}
        return course_of(entry, tree, known, plays)

    async def change(self, owner: str, name: str, changes: list[LessonChange], parameters: Mapping[str, str]) -> None:
        """Start, stop or complete lessons of a course. NotFoundError, ConflictError, and what a start raises."""
        refuse_many(changes)
        entry, tree = await asyncio.to_thread(self._tree, "courses", name)
        for change in changes:
            page = await asyncio.to_thread(self._library.lesson, entry, change.path)
            key = LessonKey(COURSE, entry.name, page.path)
            if change.started is True:
                await self._lessons.start(owner, key, parameters)
            elif change.started is False:
                await self._lessons.stop(owner, key)
            if change.completed is True:
                await self._complete(owner, key, course_of(entry, tree, {}, {}), page)

    async def _complete(self, owner: str, key: LessonKey, course: Course, page: LessonPage) -> None:
        state = next(each for module in course.modules for each in module.lessons if each.page.path == page.path)
        if state.gates or _is_checked(page):
            raise ConflictError("this lesson is complete when its checks pass; nobody can say so instead")
        refuse_preview(course.entry)
        await self._progress.complete(owner, str(key))

    def _tree(self, plural: str, name: str) -> tuple[Entry, Tree]:
        entry = self._library.entry(plural, name)
        return entry, self._library.tree(entry)


def course_of(entry: Entry, tree: Tree, known: Mapping[str, ProgressRow], plays: Mapping[str, PlayView]) -> Course:
    """Pure. `known` and `plays` by lesson."""
    return Course(
        entry=entry,
        modules=tuple(
            ModuleState(page=module, lessons=tuple(_lesson(entry, page, known, plays) for page in module.lessons))
            for module in tree.modules
        ),
        units=tuple(UnitState(page=page, gates=_gates((page,), known, CHALLENGE, TUTORIAL)) for page in tree.units),
    )


def _lesson(
    entry: Entry, page: LessonPage, known: Mapping[str, ProgressRow], plays: Mapping[str, PlayView]
) -> LessonState:
    key = str(LessonKey(PLURALS[entry.plural], entry.name, page.path))
    row = known.get(key)
    gates = _gates((page, *page.units), known, CHALLENGE)
    if _is_checked(page):
        done = row is not None and row.solved_at is not None
    else:
        done = bool(gates) or (row is not None and row.completed_at is not None)
    return LessonState(
        page=page,
        progress=row,
        play=plays.get(key),
        gates=gates,
        completed=done and all(gate.passed for gate in gates),
    )


def _is_checked(page: Page) -> bool:
    content = page.document.content
    return isinstance(content, Played) and any(not task.init and not task.helper for task in content.tasks.values())


def _gates(pages: tuple[Page, ...], known: Mapping[str, ProgressRow], *kinds: str) -> tuple[Gate, ...]:
    """What their cards show of these kinds."""
    gates: dict[tuple[str, str], Gate] = {}
    for page in pages:
        content = page.document.content
        embedded = {} if content is None else {CHALLENGE: content.challenges, TUTORIAL: content.tutorials}
        gates |= {(kind, each): _gate(kind, each, known) for kind in kinds for each in embedded.get(kind, ())}
    return tuple(gates.values())


def _gate(kind: str, written: str, known: Mapping[str, ProgressRow]) -> Gate:
    """In front matter `_` may stand for `-`."""
    name = next((each for each in (written, written.replace("_", "-")) if str(LessonKey(kind, each)) in known), written)
    row = known.get(str(LessonKey(kind, name)))
    done = None if row is None else row.solved_at if kind == CHALLENGE else row.completed_at
    return Gate(kind=kind, name=name, passed=done is not None)
