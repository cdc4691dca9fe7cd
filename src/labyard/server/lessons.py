"""/api/challenges, /api/tutorials, /api/courses, /api/skill-paths, /api/roadmaps, /api/trainings"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from labyard.content.library import PLURALS
from labyard.control.access import Person
from labyard.control.finding import Wish, find
from labyard.control.learning import Course, LessonChange, refuse_many
from labyard.control.lesson_key import CHALLENGE, COURSE, TUTORIAL, LessonKey
from labyard.control.lessons import LessonView
from labyard.control.permissions import Held
from labyard.control.rules import Permission
from labyard.server import lesson_shapes as shapes
from labyard.server import solutions
from labyard.server.asker import Asker, Given
from labyard.server.bodies import ChangeLearning, ChangeLesson, documented, given
from labyard.server.lesson_page import Pages
from labyard.server.lesson_shapes import Access
from labyard.server.looking_for import findable, wish_of
from labyard.server.places import page_root
from labyard.server.services import Services
from labyard.server.shapes import Json

router = APIRouter(prefix="/api", tags=["lessons"])
TRIED = {f"{kind}s": kind for kind in (CHALLENGE, TUTORIAL)}
"""Kinds that are tried by themselves; all others are courses and paths."""
COURSES = "courses"


async def _plural_of(request: Request) -> str:
    """The kind a route is for, as its address says: all kinds are asked in the same way."""
    return request.url.path.split("/")[2]


Plural = Annotated[str, Depends(_plural_of)]


async def list_lessons(
    request: Request, plural: Plural, person: Asker, services: Given, wish: Annotated[Wish, Depends(wish_of)]
) -> Any:
    """The catalog of a kind. What is broken is listed with its problems.

    `category`, `status`, and ours `tag` and `difficulty`, may be repeated; with `q`, words, the best is first.
    """
    # Shapes are JSON already: left to FastAPI, each value of a long list would be looked at once more.
    page = page_root(request)
    if plural in TRIED:
        views = await services.lessons.list(person.id, plural)
        held = await services.permissions.pieces(person, plural, [view.entry for view in views])
        listed = [(view, findable(view.entry, view.status)) for view in views if view.entry.name in held]
        found = find(listed, wish)
        return JSONResponse(
            [shapes.lesson(each, access_of(held[each.entry.name], person), page=page) for each in found]
        )
    courses = await services.learning.list(person.id, plural)
    held = await services.permissions.pieces(person, plural, [each.entry for each in courses])
    wanted = find([(each, findable(each.entry, each.status)) for each in courses if each.entry.name in held], wish)
    return JSONResponse(
        [shapes.listed_course(each, access_of(held[each.entry.name], person), page=page) for each in wanted]
    )


def access_of(held: Held, person: Person) -> Access:
    return Access(
        read=held.allows(person, Permission.READ),
        start=held.allows(person, Permission.START),
        solution=held.allows(person, Permission.READ_SOLUTION),
        change=held.changes(person),
    )


async def get_lesson(request: Request, plural: Plural, name: str, person: Asker, services: Given) -> Any:
    """One of them; ours: the names of its solutions, in courses those of each lesson."""
    access = access_of(await services.permissions.piece(person, plural, name), person)
    if plural in TRIED:
        view = await services.lessons.get(person.id, plural, name)
        return await _lesson(request, person, services, view, access)
    return await _course(request, person, services, await services.learning.of(person.id, plural, name), access)


async def _lesson(request: Request, person: Person, services: Services, view: LessonView, access: Access) -> Json:
    found: list[str] = []
    if access.solution:
        found = await asyncio.to_thread(solutions.names, services.lessons.library, view.entry, person)
    return {**shapes.lesson(view, access, page=page_root(request)), "solutions": found}


async def _course(request: Request, person: Person, services: Services, known: Course, access: Access) -> Json:
    found: dict[str, list[str]] = {}
    if access.solution:
        found = await asyncio.to_thread(solutions.names_in, services.lessons.library, known, person)
    return shapes.course(known, access, solutions=found, page=page_root(request))


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
    key = LessonKey(TRIED[plural], name)
    access = access_of(await services.permissions.piece(person, plural, name), person)
    if body.started is True or body.completed is True:
        await services.permissions.lesson(person, key)
    ended = None
    if body.started is True:
        await services.lessons.start(person.id, key, body.initConditions or {}, cold=body.cold)
    elif body.started is False:
        ended = await services.lessons.stop(person.id, key)
    if body.completed is True:
        await services.lessons.complete(person.id, key)
    view = await services.lessons.get(person.id, plural, name)
    # Who has just ended it wants to see it go.
    shown = replace(view, play=ended) if ended is not None else view
    return await _lesson(request, person, services, shown, access)


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
    access = access_of(await services.permissions.piece(person, COURSES, name), person)
    refuse_many(changes)
    for change in changes:
        if change.plays:
            await services.permissions.lesson(person, LessonKey(COURSE, name, change.path))
    await services.learning.change(person.id, name, changes, body.initConditions or {})
    return await _course(request, person, services, await services.learning.of(person.id, COURSES, name), access)


async def read_page(request: Request, plural: Plural, name: str, person: Asker, services: Given, path: str = "") -> Any:
    """What is read. `path`: a lesson of a course, `module/lesson`. Its `ETag` is a digest of what it is made of.

    Ours: `preview`, and `playDigest` of what a play of it would be made from now.
    """
    await services.permissions.piece(person, plural, name)
    pages = request.app.state.pages
    assert isinstance(pages, Pages)  # noqa: S101 - put there by create_app
    page = await asyncio.to_thread(pages.read, services.lessons.library, plural, name, path)
    headers = {"ETag": page.tag}
    if page.tag in (each.strip() for each in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type="application/json", headers=headers)


async def read_solutions(plural: Plural, name: str, person: Asker, services: Given, path: str = "") -> Any:
    """What holds something for who asks. `script` is the bot's: null where there is none, and for those who do not write."""
    await services.permissions.piece(person, plural, name, Permission.READ_SOLUTION)
    return await asyncio.to_thread(solutions.told, services.lessons.library, plural, name, person, path)


for _plural in PLURALS:
    router.add_api_route(f"/{_plural}", list_lessons, methods=["GET"])
    router.add_api_route(f"/{_plural}/{{name}}", get_lesson, methods=["GET"])
    router.add_api_route(f"/{_plural}/{{name}}/page", read_page, methods=["GET"])
    router.add_api_route(f"/{_plural}/{{name}}/solutions", read_solutions, methods=["GET"])
