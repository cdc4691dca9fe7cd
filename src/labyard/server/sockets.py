"""What all WebSockets share: who may open one, how many there may be, and how one is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.websockets import WebSocket

from labyard.control.access import Person
from labyard.control.refusals import TooManyError
from labyard.errors import ForbiddenError, LabyardError
from labyard.server.asker import asker
from labyard.server.problems import UnauthorizedError, answer, shape, status_of


class Sockets:
    """How many are open, per play."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: Counter[str] = Counter()

    @contextmanager
    def seat(self, play_id: str) -> Iterator[None]:
        """TooManyError when this play has enough."""
        if self._open[play_id] >= self._limit:
            raise TooManyError(f"this play has {self._limit} connections open already", hint="close some")
        self._open[play_id] += 1
        try:
            yield
        finally:
            self._open[play_id] -= 1
            if not self._open[play_id]:
                del self._open[play_id]


def sockets_of(websocket: WebSocket) -> Sockets:
    sockets = websocket.app.state.sockets
    assert isinstance(sockets, Sockets)  # noqa: S101 - put there by create_app
    return sockets


async def admitted(websocket: WebSocket) -> Person | None:
    """Who opens it; None when they were turned away."""
    try:
        return await asker(websocket)
    except ForbiddenError as error:
        await websocket.send_denial_response(answer(error))
    except UnauthorizedError as error:
        if "origin" in websocket.headers:
            await refuse(websocket, error)  # a page cannot read why a handshake failed
        else:
            await websocket.send_denial_response(answer(error))
    return None


async def refuse(websocket: WebSocket, error: LabyardError) -> None:
    """Say why in JSON, then close with 4000 + the HTTP status."""
    if websocket.client_state.name == "CONNECTING":
        await websocket.accept()
    await websocket.send_json(shape(error))
    await websocket.close(4000 + status_of(error))
