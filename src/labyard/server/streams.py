"""Terminals and programs of a machine, over WebSockets."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.websockets import WebSocket
from structlog.contextvars import bound_contextvars

from labyard.control.access import Person
from labyard.control.refusals import BadRequestError, TooLargeError
from labyard.errors import LabyardError
from labyard.play.streams import Chunk, Exec, Request, Result, Terminal
from labyard.server.asker import services_of
from labyard.server.machines import check_terminal, talkable
from labyard.server.problems import shape
from labyard.server.sockets import admitted, refuse, sockets_of
from labyard.server.talk import Talk, broken, clamped

router = APIRouter()

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_EXEC_LIMIT = 256 << 10


@router.websocket("/api/plays/{play_id}/machines/{machine}/terminals/{terminal}")
async def terminal(websocket: WebSocket, play_id: str, machine: str, terminal: str) -> None:
    """Attach; leaving it leaves it running."""
    if (person := await admitted(websocket)) is None:
        return
    try:
        with bound_contextvars(play=play_id, machine=machine):
            async with sockets_of(websocket).seat(play_id, person.id):
                request = _terminal(websocket, terminal)
                await check_terminal(services_of(websocket), person, play_id, machine)
                await _talk(websocket, person, (play_id, machine), request, lambda chunk: chunk.data, _terminal_end)
    except LabyardError as error:
        await refuse(websocket, error)


@router.websocket("/api/plays/{play_id}/machines/{machine}/exec")
async def execute(websocket: WebSocket, play_id: str, machine: str) -> None:
    """Run a program; leaving ends it."""
    if (person := await admitted(websocket)) is None:
        return
    try:
        with bound_contextvars(play=play_id, machine=machine):
            async with sockets_of(websocket).seat(play_id, person.id):
                await talkable(services_of(websocket), person, play_id, machine)
                await websocket.accept()
                request = _exec(await websocket.receive())
                if request is not None:
                    await _talk(websocket, person, (play_id, machine), request, _channelled, _exec_end)
    except LabyardError as error:
        await refuse(websocket, error)


async def _talk(
    websocket: WebSocket,
    person: Person,
    place: tuple[str, str],
    request: Request,
    frame: Callable[[Chunk], bytes],
    ending: Callable[[Result], dict[str, Any]],
) -> None:
    services = services_of(websocket)
    await talkable(services, person, *place)
    stream = await services.host.open(*place, request)
    if websocket.client_state.name == "CONNECTING":
        await websocket.accept()
    settings = services.settings
    talk = Talk(
        websocket, stream, window=settings.window, message_limit=settings.message_limit, frame=frame, ending=ending
    )
    await talk.run()


def _terminal(websocket: WebSocket, name: str) -> Terminal:
    query = websocket.query_params
    user = query.get("user") or None
    if _WORD.fullmatch(name) is None or (user is not None and _WORD.fullmatch(user) is None):
        raise BadRequestError("names of terminals and users are 1 to 64 of A-Z a-z 0-9 _ . -")
    try:
        cols, rows = clamped(int(query.get("cols", "80")), int(query.get("rows", "24")))
    except ValueError as error:
        raise BadRequestError("`cols` and `rows` are numbers") from error
    return Terminal(id=name, user=user, cols=cols, rows=rows)


def _exec(message: Any) -> Exec | None:
    """The first message; None when the client went instead."""
    if message["type"] == "websocket.disconnect":
        return None
    text = message.get("text")
    if text is None:
        raise BadRequestError("the first message says what to run, as JSON text")
    if len(text) > _EXEC_LIMIT:
        raise TooLargeError(f"what to run is at most {_EXEC_LIMIT} characters")
    try:
        request = Exec.model_validate_json(text)
    except ValidationError as error:
        raise BadRequestError(
            "the first message does not say what to run", hint='such as {"argv": ["uname"]}'
        ) from error
    if not request.argv or request.argv[0] == "":
        raise BadRequestError("nothing to run", hint="`argv` is empty")
    return request


def _channelled(chunk: Chunk) -> bytes:
    return bytes((chunk.channel,)) + chunk.data


def _terminal_end(result: Result) -> dict[str, Any]:
    return {"exit": result.exit_code} if result.error is None else shape(broken(result))


def _exec_end(result: Result) -> dict[str, Any]:
    return {"result": result.model_dump(mode="json")}
