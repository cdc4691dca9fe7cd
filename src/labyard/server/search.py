"""/api/search: words over all that can be started or read, as labctl asks for it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from labyard.content.library import PLURALS, Entry
from labyard.control.access import Person
from labyard.control.finding import Findable, find
from labyard.control.lessons import LessonView
from labyard.server.asker import Asker, Given
from labyard.server.lessons import TRIED
from labyard.server.looking_for import Words, findable, findable_playground, wish_of
from labyard.server.places import page_root
from labyard.server.services import Services
from labyard.server.shapes import Json

router = APIRouter(prefix="/api", tags=["lessons"])

PLAYGROUND = "playground"
Item = tuple[Json, Findable]


@router.get("/search")
async def search(
    request: Request,
    person: Asker,
    services: Given,
    search: str = "",
    kind: Words = None,
    category: Words = None,
    tag: Words = None,
    difficulty: Words = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Any:
    """labctl's: `{items: [SearchItem]}`, the best first; `X-Total-Count`: how many there are. Unknown kinds have nothing."""
    wish = await wish_of(search, category, tag, difficulty)
    wanted = [each for each in (PLAYGROUND, *PLURALS.values()) if not kind or each in kind]
    page = page_root(request)
    items = [item for each in wanted for item in await _items(each, person, services, page)]
    found = find(items, wish)
    return JSONResponse({"items": found[offset : offset + limit]}, headers={"X-Total-Count": str(len(found))})


async def _items(kind: str, person: Person, services: Services, page: str) -> list[Item]:
    if kind == PLAYGROUND:
        return [
            _playground(findable_playground(each), page) for each, _ in await services.permissions.playgrounds(person)
        ]
    plural = next(plural for plural, each in PLURALS.items() if each == kind)
    if plural in TRIED:
        views = await services.lessons.list(person.id, plural)
        seen = await services.permissions.pieces(person, plural, [view.entry for view in views])
        return [
            _lesson(view.entry, findable(view.entry, view.status), page, view)
            for view in views
            if view.entry.name in seen
        ]
    courses = await services.learning.list(person.id, plural)
    seen = await services.permissions.pieces(person, plural, [each.entry for each in courses])
    return [_lesson(each.entry, findable(each.entry, each.status), page) for each in courses if each.entry.name in seen]


def _playground(known: Findable, page: str) -> Item:
    return _item(PLAYGROUND, known, f"{page}/playgrounds/{known.name}"), known


def _lesson(entry: Entry, known: Findable, page: str, view: LessonView | None = None) -> Item:
    told = _item(PLURALS[entry.plural], known, f"{page}/{entry.plural}/{entry.name}")
    if view is not None:
        told |= {"attemptCount": view.attempts, "completionCount": view.completions}
    return told, known


def _item(kind: str, known: Findable, address: str) -> Json:
    """SearchItem."""
    return {
        "kind": kind,
        "name": known.name,
        "title": known.title or known.name,
        "description": known.description,
        "pageUrl": address,
        "difficulty": known.difficulties[0] if known.difficulties else "",
        "categories": list(known.categories),
        "tags": list(known.tags),
        "official": True,
        "attemptCount": 0,
        "completionCount": 0,
    }
