"""What all WebSockets share: who may open one, how many there may be, and how one is refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket

from labyard.control.access import Person
from labyard.control.refusals import TooManyError
from labyard.errors import ForbiddenError, LabyardError
from labyard.server.asker import asker
from labyard.server.problems import UnauthorizedError, answer, shape, status_of


class Sockets:
    """Those that are open: how many per play, and whose."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: Counter[str] = Counter()
        self._whose: dict[str, set[asyncio.Timeout]] = {}

    @property
    def open(self) -> int:
        return self._open.total()

    @asynccontextmanager
    async def seat(self, play_id: str, owner: str) -> AsyncIterator[None]:
        """TooManyError when this play has enough; and as `while_in`."""
        if self._open[play_id] >= self._limit:
            raise TooManyError(f"this play has {self._limit} connections open already", hint="close some")
        self._open[play_id] += 1
        try:
            async with self.while_in(owner):
                yield
        finally:
            self._open[play_id] -= 1
            if not self._open[play_id]:
                del self._open[play_id]

    @asynccontextmanager
    async def while_in(self, owner: str) -> AsyncIterator[None]:
        """UnauthorizedError, in the midst of it, when they are shut out or sign out everywhere."""
        try:
            async with asyncio.timeout(None) as until:
                self._whose.setdefault(owner, set()).add(until)
                yield
        except TimeoutError:
            if not until.expired():
                raise
            raise UnauthorizedError("you have been signed out") from None
        finally:
            self._whose[owner].discard(until)
            if not self._whose[owner]:
                del self._whose[owner]

    def end(self, owner: str) -> None:
        """All of somebody who is shut out."""
        for until in self._whose.get(owner, ()):
            until.reschedule(asyncio.get_running_loop().time())


def sockets_of(connection: HTTPConnection) -> Sockets:
    sockets = connection.app.state.sockets
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
