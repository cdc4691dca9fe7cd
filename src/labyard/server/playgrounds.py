"""/api/playgrounds, and how much room there is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from labyard.errors import NotFoundError
from labyard.server import shapes
from labyard.server.asker import Asker, Given
from labyard.server.places import page_root

router = APIRouter(prefix="/api", tags=["playgrounds"])

_EMPTY_FILTERS = ("my-custom", "recent", "popular", "community")  # need accounts: nothing is in them yet


@router.get("/playgrounds")
async def list_playgrounds(request: Request, _person: Asker, services: Given, filter: str = "") -> Any:  # noqa: A002
    """The catalog. A playground whose manifest is broken is listed with its problems and cannot be started."""
    if filter in _EMPTY_FILTERS:
        return []
    page = page_root(request)
    return [shapes.playground(entry, page=page, extended=False) for entry in services.catalog.entries()]


@router.get("/playgrounds/{name}")
async def get_playground(
    request: Request,
    name: str,
    _person: Asker,
    services: Given,
    format: str = "",  # noqa: A002
) -> Any:
    """One playground; `format=extended` with everything its manifest says."""
    entry = next((entry for entry in services.catalog.entries() if entry.name == name), None)
    if entry is None:
        raise NotFoundError(f"no playground {name[:64]!r}", hint="`labyard playground catalog` lists what there is")
    return shapes.playground(entry, page=page_root(request), extended=format == "extended")


@router.get("/capacity")
async def capacity(_person: Asker, services: Given) -> Any:
    return shapes.capacity(await services.host.capacity())
