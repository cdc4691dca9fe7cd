"""/status: what the bots found, night after night."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from labyard.bots.nightly import matrix
from labyard.server.asker import Given, who
from labyard.server.front_door import sign_in_page

router = APIRouter(include_in_schema=False)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@router.get("/status")
async def status(request: Request, services: Given) -> Response:
    """The matrix. A page without script, whatever the names in it say."""
    if await who(request) is None:
        return sign_in_page(request)
    nights = services.nights
    text = await asyncio.to_thread(matrix, nights.folder, nights.at)
    return HTMLResponse(text, headers={"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY})
