"""/api/playgrounds, and how much room there is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from labyard.control.permissions import PLAYGROUNDS
from labyard.control.rules import Permission
from labyard.server import shapes
from labyard.server.asker import Asker, Given, Writer
from labyard.server.bodies import Prepare, documented, given
from labyard.server.lines import told
from labyard.server.places import page_root

router = APIRouter(prefix="/api", tags=["playgrounds"])

_EMPTY_FILTERS = ("recent", "popular", "community")  # nobody counts here
_OWN = "my-custom"


@router.get("/playgrounds")
async def list_playgrounds(request: Request, person: Asker, services: Given, filter: str = "") -> Any:  # noqa: A002
    """The catalog. A playground whose manifest is broken is listed with its problems and cannot be started."""
    if filter in _EMPTY_FILTERS:
        return []
    page = page_root(request)
    found = await services.permissions.playgrounds(person)
    if filter == _OWN:
        found = [(entry, held) for entry, held in found if held.owner == person.id]
    return [shapes.playground(entry, held, person, page=page, extended=False) for entry, held in found]


@router.get("/playgrounds/{name}")
async def get_playground(
    request: Request,
    name: str,
    person: Asker,
    services: Given,
    format: str = "",  # noqa: A002
) -> Any:
    """One playground; `format=extended` with everything its manifest says."""
    entry, held = await services.permissions.playground(person, name)
    return shapes.playground(entry, held, person, page=page_root(request), extended=format == "extended")


@router.delete("/playgrounds/{name}")
async def remove_playground(name: str, person: Writer, services: Given) -> Any:
    """Forget one that `save` made, and what it goes on from. Its plays go on."""
    await services.permissions.rules(person, PLAYGROUNDS, name)
    await services.plays.saved.remove(name)
    await services.permissions.forget(PLAYGROUNDS, name)
    return {"status": "ok"}


@router.post("/playgrounds/{name}/prepare", openapi_extra=documented(Prepare))
async def prepare_playground(
    name: str, person: Writer, services: Given, body: Annotated[Prepare, given(Prepare)]
) -> StreamingResponse:
    """Make the snapshot its starts fork from, if there is none. A playground that always boots is finished at once."""
    await services.permissions.playground(person, name, Permission.START)
    return told(await services.plays.prepare(name, body.initConditions or {}))


@router.get("/capacity")
async def capacity(_person: Asker, services: Given) -> Any:
    return shapes.capacity(await services.host.capacity())
