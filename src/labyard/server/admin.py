"""/api/host and /api/admin: the box and everybody's plays, for who operates it; a play's diary, for its owner too."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Request

from labyard import __version__
from labyard.bots.nightly import newest
from labyard.control.roles import Right, may
from labyard.server import admin_shapes as shapes
from labyard.server import night_notices
from labyard.server.asker import Asker, Given, Operator
from labyard.server.bodies import EndPlays, documented, given
from labyard.server.sockets import sockets_of

router = APIRouter(prefix="/api", tags=["admin"])


@router.get("/host")
async def host(request: Request, _person: Operator, services: Given) -> Any:
    """What there is, what is promised and taken, plays by state, and what needs somebody's attention."""
    box, nights = await services.operating.box(), services.nights
    last = await asyncio.to_thread(newest, nights.folder)
    found = night_notices.notices(last, services.clock(), nightly=nights.at is not None)
    box = replace(box, notices=sorted((*box.notices, *found), key=lambda notice: not notice.grave))
    return shapes.box(box, version=__version__, sockets=sockets_of(request).open)


@router.get("/admin/plays")
async def everybodys_plays(_person: Operator, services: Given, ended: bool = False) -> Any:
    """Everybody's plays, newest first, with what each takes. `ended=true`: also those that are gone and remembered."""
    load, plays = await services.operating.everybody(ended=ended)
    return shapes.plays(load, plays)


@router.post("/admin/plays/end", openapi_extra=documented(EndPlays))
async def end_plays(person: Operator, services: Given, body: Annotated[EndPlays, given(EndPlays)]) -> Any:
    """`stop` or `destroy` up to 100 plays, whoever's they are. What became of each: one's trouble is not the others'."""
    return [shapes.ended(*each) for each in await services.operating.end(person.id, body.action, body.plays)]


@router.get("/plays/{play_id}/diary")
async def diary(play_id: str, person: Asker, services: Given) -> Any:
    """What happened to it, oldest first. Of one's own play; of anybody's for who operates the box."""
    owner = None if may(person.role, Right.OPERATE) else person.id
    entries, handles = await services.operating.diary(owner, play_id)
    return [shapes.diary_entry(entry, handles.get(entry.who, "")) for entry in entries]
