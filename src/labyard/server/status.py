"""/status: what the bots found, night after night."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from labyard.bots.nightly import matrix
from labyard.control.roles import Right, may
from labyard.server.asker import Given, who
from labyard.server.front_door import sign_in_page

router = APIRouter(include_in_schema=False)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@router.get("/status")
async def status(request: Request, services: Given) -> Response:
    """The matrix, of what whoever asks may find; of all, also what is gone, for who operates the box.

    A page without script, whatever the names in it say.
    """
    person = await who(request)
    if person is None:
        return sign_in_page(request)
    nights = services.nights
    found = None if may(person.role, Right.OPERATE) else await services.permissions.found(person)
    text = await asyncio.to_thread(matrix, nights.folder, nights.at, found)
    return HTMLResponse(text, headers={"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY})
