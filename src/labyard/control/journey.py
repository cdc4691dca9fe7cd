"""Where a learner stands: on which days they were there, what is solved of what there is, courses on the way, what was last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from labyard.content.library import PLURALS
from labyard.content.model import Challenge, Played
from labyard.control.access import Person
from labyard.control.learning import Course, Learning
from labyard.control.lesson_key import CHALLENGE, COURSE, TUTORIAL, LessonKey
from labyard.control.lessons import Lessons, LessonView, Status
from labyard.control.permissions import Permissions
from labyard.control.progress import Progress, Streak, streak_of
from labyard.store.progress import Did, Step

YEAR = timedelta(days=53 * 7)
_RECENT = 20
_TRIED = tuple(plural for plural, kind in PLURALS.items() if kind in (CHALLENGE, TUTORIAL))
_WITH_PARTS = tuple(plural for plural in PLURALS if plural not in _TRIED)
_DONE = (Status.SOLVED, Status.COMPLETED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """How many lessons were begun, and how many solved or completed."""

    day: date
    began: int
    solved: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Of all that is in the catalog of a kind. `difficulty` empty: none is said."""

    kind: str
    difficulty: str
    solved: int
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """What was last done with a lesson. `title` empty: it is not there any more."""

    key: LessonKey
    title: str
    did: Did
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Journey:
    """`days`: those of the last year on which something was done, in order. `courses`: those that were begun."""

    today: date
    streak: Streak
    days: tuple[Day, ...]
    tallies: tuple[Tally, ...]
    courses: tuple[Course, ...]
    recent: tuple[Recent, ...]


class Journeys:
    def __init__(self, lessons: Lessons, learning: Learning, progress: Progress, permissions: Permissions) -> None:
        self._lessons = lessons
        self._learning = learning
        self._progress = progress
        self._permissions = permissions

    async def of(self, person: Person, zone: tzinfo) -> Journey:
        """`zone`: where the learner is; days are theirs. Of what they may not find any more only the days are left."""
        steps = await self._progress.steps(person.id)
        today = self._progress.today(zone)
        days = days_of(steps, zone)
        views = [view for plural in _TRIED for view in await self._views(person, plural)]
        courses = [course for plural in _WITH_PARTS for course in await self._courses(person, plural)]
        return Journey(
            today=today,
            streak=streak_of([day.day for day in days], today),
            days=tuple(day for day in days if day.day > today - YEAR),
            tallies=tallies_of(views),
            courses=tuple(course for course in courses if course.status not in (None, Status.TODO)),
            recent=recent_of(steps, titles_of(views, courses)),
        )

    async def _views(self, person: Person, plural: str) -> list[LessonView]:
        views = await self._lessons.list(person.id, plural)
        held = await self._permissions.pieces(person, plural, [view.entry for view in views])
        return [view for view in views if view.entry.name in held]

    async def _courses(self, person: Person, plural: str) -> list[Course]:
        courses = await self._learning.list(person.id, plural)
        held = await self._permissions.pieces(person, plural, [course.entry for course in courses])
        return [course for course in courses if course.entry.name in held]


def days_of(steps: Iterable[Step], zone: tzinfo) -> list[Day]:
    """In order. Pure."""
    counts: dict[date, list[int]] = {}
    for step in steps:
        count = counts.setdefault(step.at.astimezone(zone).date(), [0, 0])
        count[step.did is not Did.BEGAN] += 1
    return [Day(day=day, began=began, solved=solved) for day, (began, solved) in sorted(counts.items())]


def tallies_of(views: Iterable[LessonView]) -> tuple[Tally, ...]:
    """Without what can only be read. Pure."""
    counts: dict[tuple[str, str], list[int]] = {}
    for view in views:
        content = view.entry.content
        if not isinstance(content, Played) or content.playground is None:
            continue
        difficulty = content.difficulty.value if isinstance(content, Challenge) else ""
        count = counts.setdefault((view.kind, difficulty), [0, 0])
        count[0] += view.status in _DONE
        count[1] += 1
    order = ("", "easy", "medium", "hard")
    found = sorted(counts.items(), key=lambda each: (each[0][0], order.index(each[0][1])))
    return tuple(Tally(kind=kind, difficulty=how, solved=solved, total=total) for (kind, how), (solved, total) in found)


def titles_of(views: Iterable[LessonView], courses: Iterable[Course]) -> dict[str, str]:
    """By lesson, as `LessonKey` says it. Pure."""
    titles = {str(LessonKey(view.kind, view.entry.name)): view.entry.document.title for view in views}
    for course in courses:
        for lesson in (lesson.page for module in course.modules for lesson in module.lessons):
            titles[str(LessonKey(COURSE, course.entry.name, lesson.path))] = lesson.title
    return titles


def recent_of(steps: Sequence[Step], titles: Mapping[str, str]) -> tuple[Recent, ...]:
    """The last of each lesson, newest first. `steps` likewise. Pure."""
    last: dict[str, Step] = {}
    for step in steps:
        last.setdefault(step.lesson, step)
        if len(last) == _RECENT:
            break
    return tuple(
        Recent(
            key=(key := LessonKey.parse(step.lesson)),
            title="" if step.lesson not in titles else titles[step.lesson] or key.name,
            did=step.did,
            at=step.at,
        )
        for step in last.values()
    )
