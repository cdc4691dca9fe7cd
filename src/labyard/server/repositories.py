"""/api/git: what is at a place in a repository, and a play of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from labyard.control.access import Person
from labyard.control.lesson_key import CHALLENGE, TUTORIAL, LessonKey
from labyard.control.repositories import Found
from labyard.control.roles import Right
from labyard.server import lesson_shapes, shapes
from labyard.server.asker import Asker, Given, check_right
from labyard.server.bodies import GitPlace, StartFound, documented, given
from labyard.server.places import page_root
from labyard.server.shapes import Json

router = APIRouter(prefix="/api/git", tags=["repositories"])
_MOST_PROBLEMS = 100


async def _allowed(person: Asker, services: Given) -> Person:
    """Who writes; everybody, where the setting says so."""
    if not services.repositories.git.settings.for_everybody:
        check_right(person, Right.WRITE)
    return person


Fetcher = Annotated[Person, Depends(_allowed)]


@router.post("", openapi_extra=documented(GitPlace))
async def look(request: Request, person: Fetcher, services: Given, body: Annotated[GitPlace, given(GitPlace)]) -> Any:
    """Fetch `https://HOST/PATH[#REF][:FOLDER]` and say what it is. Nothing is started.

    For those who write, or for everybody where the setting `git_for_everybody` says so.
    """
    found = await services.repositories.look(person.id, body.url)
    if found.entry is not None:
        await services.permissions.claim(person, found.entry.plural, found.entry.name)
    return _json(found, page_root(request))


@router.post("/{found_id}/plays", openapi_extra=documented(StartFound))
async def start(
    request: Request,
    found_id: str,
    person: Fetcher,
    services: Given,
    body: Annotated[StartFound, given(StartFound)],
) -> Any:
    """A play of what was looked at within the last hour."""
    found = services.repositories.found(person.id, found_id)
    if found.entry is not None and found.kind in (CHALLENGE, TUTORIAL):
        await services.permissions.lesson(person, LessonKey(found.kind, found.entry.name))
    view = await services.repositories.start(person.id, found_id, body.initConditions or {})
    return shapes.play(view, page=page_root(request))


def _json(found: Found, page: str) -> Json:
    """`path`: of its page, for a lesson. `choices`: places in the repository that are lessons or playgrounds."""
    told: Json = {
        "id": found.id,
        "url": str(found.address),
        "commit": found.commit,
        "kind": found.kind,
        "leftOut": found.left_out,
        "choices": [{"folder": each.folder, "url": str(each)} for each in found.choices],
        "title": "",
        "description": "",
        "initConditions": None,
        "canStart": False,
        "path": "",
    }
    if found.manifest is not None:
        written = {name: value for name, value in found.manifest.as_json().items() if value is not None}
        told |= {name: written[name] for name in ("name", "title", "description") if name in written}
        told |= {name: written.get(name) for name in ("networks", "machines", "initConditions")}
        told["canStart"] = True
    elif found.entry is not None:
        piece = lesson_shapes.piece(found.entry, lesson_shapes.Access(), page=page)
        told |= {name: piece[name] for name in ("name", "title", "description", "initConditions", "canStart")}
        told["path"] = f"/{found.entry.plural}/{found.entry.name}"
    told["problems"] = [str(problem) for problem in found.problems[:_MOST_PROBLEMS]]
    return told
