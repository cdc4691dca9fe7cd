"""The play socket: everything at once when it opens, then what changes, and the status every few seconds."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect
from structlog.contextvars import bound_contextvars

from labyard.control.rows import PlayView
from labyard.errors import AwayError, ForbiddenError, LabyardError
from labyard.server import shapes
from labyard.server.asker import services_of
from labyard.server.services import Services
from labyard.server.sockets import refuse, sockets_of

router = APIRouter()


@router.websocket("/api/plays/{play_id}/conns/{ticket}")
async def conns(websocket: WebSocket, play_id: str, ticket: str) -> None:
    """Its address is its permission, so Origin does not matter; labctl sends one of its own making."""
    services = services_of(websocket)
    try:
        if not services.access.check_ticket(ticket, play_id):
            raise ForbiddenError("this address is too old", hint="ask for a fresh one: POST .../conns")
        view = await services.plays.get(None, play_id)
        with bound_contextvars(play=play_id):
            async with sockets_of(websocket).seat(play_id, view.row.owner):
                await websocket.accept()
                await _serve(websocket, services, view)
    except LabyardError as error:
        await refuse(websocket, error)


async def _serve(websocket: WebSocket, services: Services, view: PlayView) -> None:
    """Until the client goes: labctl takes our closing for a failure."""
    telling = asyncio.create_task(_tell(websocket, services, view))
    reading = asyncio.create_task(_drain(websocket))
    try:
        await asyncio.wait({telling, reading}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        telling.cancel()
        reading.cancel()
        done = await asyncio.gather(telling, reading, return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, LabyardError):
            raise outcome


async def _drain(websocket: WebSocket) -> None:
    """Clients never send anything here; what they send all the same is dropped."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _tell(websocket: WebSocket, services: Services, view: PlayView) -> None:
    row = view.row
    told: dict[str, shapes.Json] = {}
    with services.plays.changes.follow(row.id) as changed, suppress(WebSocketDisconnect):
        while True:
            changed.clear()
            with suppress(AwayError):  # nothing is known for a while; who waits here waits on
                view = await services.plays.get(row.owner, row.id)
                await websocket.send_json({"kind": "status", "status": shapes.status(view)})
                for name, report in shapes.tasks_of(view.row).items():
                    task = shapes.task(report)
                    if told.get(name) != task:
                        told[name] = task
                        await websocket.send_json({"kind": "task", "machine": report.machine, "task": task})
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), services.settings.status_every)
