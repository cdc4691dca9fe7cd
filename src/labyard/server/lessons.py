"""/api/challenges, /api/tutorials, /api/courses, /api/skill-paths, /api/roadmaps, /api/trainings, /api/progress"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from labyard.content.library import PLURALS, Entry, Library
from labyard.content.tree import LessonPage, Page
from labyard.control.learning import LessonChange
from labyard.control.lesson_key import CHALLENGE, TUTORIAL, LessonKey
from labyard.control.lessons import LessonView, Status
from labyard.control.refusals import BadRequestError
from labyard.errors import NotFoundError
from labyard.server import lesson_shapes as shapes
from labyard.server.asker import Asker, Given
from labyard.server.bodies import ChangeLearning, ChangeLesson, documented, given
from labyard.server.lesson_page import page_of
from labyard.server.places import page_root
from labyard.server.shapes import Json

router = APIRouter(prefix="/api", tags=["lessons"])
_TRIED = {f"{kind}s": kind for kind in (CHALLENGE, TUTORIAL)}
"""Kinds that are tried by themselves; all others are courses and paths."""


def _plural_of(request: Request) -> str:
    """The kind a route is for, as its address says: all kinds are asked in the same way."""
    return request.url.path.split("/")[2]


Plural = Annotated[str, Depends(_plural_of)]
Words = Annotated[list[str] | None, Query()]


@router.get("/progress")
async def progress(person: Asker, services: Given) -> Any:
    """On which days (UTC) the learner was there, and how many in a row."""
    return shapes.streak(await services.progress.streak(person.id))


async def list_lessons(
    request: Request, plural: Plural, person: Asker, services: Given, category: Words = None, status: Words = None
) -> Any:
    """The catalog of a kind. What is broken is listed with its problems. Each of `category` and `status` may be repeated."""
    if unknown := set(status or ()) - {each.value for each in Status}:
        raise BadRequestError(
            f"no status {min(unknown)[:64]!r}", hint="todo, attempted, solved; of tutorials completed"
        )
    views = await services.lessons.list(person.id, plural)
    page = page_root(request)
    return [_listed(view, page) for view in views if _asked_for(view, category, status)]


def _listed(view: LessonView, page: str) -> Json:
    return shapes.lesson(view, page=page) if view.status is not None else shapes.piece(view.entry, page=page)


def _asked_for(view: LessonView, categories: list[str] | None, statuses: list[str] | None) -> bool:
    if statuses and (view.status is None or view.status.value not in statuses):
        return False
    return not categories or bool({*getattr(view.entry.content, "categories", ())} & {*categories})


async def get_lesson(request: Request, plural: Plural, name: str, person: Asker, services: Given) -> Any:
    """One of them; ours: the names of its solutions."""
    page = page_root(request)
    if plural in _TRIED:
        view = await services.lessons.get(person.id, plural, name)
        found = await asyncio.to_thread(services.lessons.library.solutions, view.entry)
        return {**shapes.lesson(view, page=page), "solutions": [each.name for each in found]}
    return shapes.course(await services.learning.of(person.id, plural, name), page=page)


@router.patch("/challenges/{name}", openapi_extra=documented(ChangeLesson))
@router.patch("/tutorials/{name}", openapi_extra=documented(ChangeLesson))
async def change_lesson(
    request: Request,
    plural: Plural,
    name: str,
    person: Asker,
    services: Given,
    body: Annotated[ChangeLesson, given(ChangeLesson)],
) -> Any:
    """`started: true`: the play of it that runs, else a new one; `false`: end it. `completed: true`: of a tutorial."""
    key = LessonKey(_TRIED[plural], name)
    ended = None
    if body.started is True:
        await services.lessons.start(person.id, key, body.initConditions or {}, cold=body.cold)
    elif body.started is False:
        ended = await services.lessons.stop(person.id, key)
    if body.completed is True:
        await services.lessons.complete(person.id, key)
    view = await services.lessons.get(person.id, plural, name)
    # Who has just ended it wants to see it go.
    return shapes.lesson(replace(view, play=ended) if ended is not None else view, page=page_root(request))


@router.patch("/courses/{name}/learning", openapi_extra=documented(ChangeLearning))
async def change_learning(
    request: Request, name: str, person: Asker, services: Given, body: Annotated[ChangeLearning, given(ChangeLearning)]
) -> Any:
    """Lessons by their modules' names and their own, each `started` or not; one without checks may be `completed`."""
    changes = [
        LessonChange(module=module, lesson=lesson, started=wish.started, completed=wish.completed)
        for module, wishes in body.modules.items()
        for lesson, wish in wishes.lessons.items()
    ]
    await services.learning.change(person.id, name, changes, body.initConditions or {})
    return shapes.course(await services.learning.of(person.id, "courses", name), page=page_root(request))


async def read_page(plural: Plural, name: str, _person: Asker, services: Given, path: str = "") -> Any:
    """What is read. `path`: a lesson of a course, `module/lesson`."""
    return await asyncio.to_thread(_page, services.lessons.library, plural, name, path)


async def read_solutions(plural: Plural, name: str, _person: Asker, services: Given, path: str = "") -> Any:
    """`script` is the bot's, null where there is none."""
    return await asyncio.to_thread(_solutions, services.lessons.library, plural, name, path)


def _page(library: Library, plural: str, name: str, path: str) -> Json:
    entry = library.entry(plural, name)
    page: Page = Page(name=entry.name, folder="", document=entry.document)
    units = library.tree(entry).units
    kind = PLURALS[plural]
    if path:
        lesson = library.lesson(entry, path)
        page, units, kind = lesson, lesson.units, "lesson"
    return {
        "kind": kind,
        "name": page.name,
        "path": path,
        **_read(library, entry, page),
        "tasks": shapes.shown_tasks(page.document),
        "units": [{"name": unit.name, **_read(library, entry, unit)} for unit in units],
        "problems": [str(problem) for problem in page.document.problems[:100]],
    }


def _solutions(library: Library, plural: str, name: str, path: str) -> list[Json]:
    entry = library.entry(plural, name)
    folder = library.lesson(entry, path).folder if path else ""
    found = []
    for each in library.solutions(entry, folder):
        told: Json = {"title": "", "html": "", "contents": []}
        if each.document is not None:
            told = _read(library, entry, Page(name=each.name, folder=folder, document=each.document))
        found.append(
            {**told, "name": each.name, "title": each.document.title if each.document else "", "script": each.script}
        )
    return found


def _read(library: Library, entry: Entry, page: Page | LessonPage) -> Json:
    def exists(path: str) -> bool:
        try:
            library.static(entry, path)
        except NotFoundError:
            return False
        return True

    return {**page_of(entry, page.document, page.folder, exists=exists), "title": page.title}


for _plural in PLURALS:
    router.add_api_route(f"/{_plural}", list_lessons, methods=["GET"])
    router.add_api_route(f"/{_plural}/{{name}}", get_lesson, methods=["GET"])
    router.add_api_route(f"/{_plural}/{{name}}/page", read_page, methods=["GET"])
    router.add_api_route(f"/{_plural}/{{name}}/solutions", read_solutions, methods=["GET"])
