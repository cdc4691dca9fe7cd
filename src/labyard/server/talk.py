"""Bytes between a WebSocket and a machine, with the brakes of one side felt by the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from labyard.control.refusals import BadRequestError, TooLargeError
from labyard.errors import GuestError, LabyardError
from labyard.play.plan import Value
from labyard.play.streams import Chunk, Result, Stream
from labyard.server.sockets import refuse

TEXT_LIMIT = 4096
_INPUT_QUEUE = 16  # messages taken from the client and not yet by the machine
_SIZE_LIMIT = 2000


class Size(Value):
    cols: int
    rows: int


class Control(Value):
    """A client's text message. `ack`: bytes of output taken since the last one, channel bytes not counted."""

    ack: int | None = None
    resize: Size | None = None
    eof: bool = False


class Window:
    """How much may be on its way to the client.

    While its input is stuck, its acknowledgements are stuck behind it: then the connection's own back-pressure is the
    limit, or both sides would wait for each other.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._unacknowledged = 0
        self._input_stuck = False
        self._open = asyncio.Event()
        self._open.set()

    def sent(self, count: int) -> None:
        self._unacknowledged += count
        self._look()

    def acknowledged(self, count: int) -> None:
        self._unacknowledged = max(0, self._unacknowledged - max(0, count))
        self._look()

    def input_stuck(self, stuck: bool) -> None:
        self._input_stuck = stuck
        self._look()

    async def room(self) -> None:
        await self._open.wait()

    def _look(self) -> None:
        if self._unacknowledged < self._limit or self._input_stuck:
            self._open.set()
        else:
            self._open.clear()


class Talk:
    """One stream and one socket until either ends. `frame`: chunk → message; `ending`: result → last message."""

    def __init__(
        self,
        websocket: WebSocket,
        stream: Stream,
        *,
        window: int,
        message_limit: int,
        frame: Callable[[Chunk], bytes],
        ending: Callable[[Result], dict[str, Any]],
    ) -> None:
        self._websocket = websocket
        self._stream = stream
        self._window = Window(window)
        self._message_limit = message_limit
        self._frame = frame
        self._ending = ending
        self._input: asyncio.Queue[bytes | None] = asyncio.Queue(_INPUT_QUEUE)

    async def run(self) -> None:
        """Returns when it is over, socket and stream closed. That ends a program, and leaves a terminal."""
        outward = asyncio.create_task(self._outward())
        inward = asyncio.create_task(self._inward())
        feeding = asyncio.create_task(self._feed())
        tasks = (outward, inward, feeding)
        try:
            await asyncio.wait({outward, inward}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            await self._stream.close()
        await self._close(next((outcome for outcome in outcomes if isinstance(outcome, LabyardError)), None))

    async def _close(self, error: LabyardError | None) -> None:
        if self._websocket.client_state is not WebSocketState.CONNECTED:
            return
        try:
            if error is not None:
                await refuse(self._websocket, error)
            elif self._websocket.application_state is WebSocketState.CONNECTED:
                await self._websocket.close(1000)
        except (WebSocketDisconnect, RuntimeError):
            return  # it went in the meantime

    async def _outward(self) -> None:
        while True:
            await self._window.room()
            if (chunk := await self._stream.receive()) is None:
                break
            await self._websocket.send_bytes(self._frame(chunk))
            self._window.sent(len(chunk.data))
        result = await self._stream.result()
        await self._websocket.send_json(self._ending(result))

    async def _inward(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if (text := message.get("text")) is not None:
                await self._obey(read_control(text))
            elif data := message.get("bytes"):
                if len(data) > self._message_limit:
                    raise TooLargeError(f"a message is at most {self._message_limit} bytes")
                await self._take(data)

    async def _take(self, data: bytes | None) -> None:
        if self._input.full():
            self._window.input_stuck(True)
        await self._input.put(data)
        self._window.input_stuck(False)

    async def _feed(self) -> None:
        while (data := await self._input.get()) is not None:
            await self._stream.send(data)
        await self._stream.send_eof()

    async def _obey(self, control: Control) -> None:
        if control.ack is not None:
            self._window.acknowledged(control.ack)
        if control.resize is not None:
            await self._stream.resize(*clamped(control.resize.cols, control.resize.rows))
        if control.eof:
            await self._take(None)


def read_control(text: str) -> Control:
    """BadRequestError for what is not a control message."""
    if len(text) > TEXT_LIMIT:
        raise TooLargeError(f"a control message is at most {TEXT_LIMIT} characters")
    try:
        return Control.model_validate(json.loads(text))
    except (ValueError, RecursionError, ValidationError) as error:
        raise BadRequestError("this control message cannot be read", hint='such as {"ack": 4096}') from error


def clamped(cols: int, rows: int) -> tuple[int, int]:
    return max(1, min(cols, _SIZE_LIMIT)), max(1, min(rows, _SIZE_LIMIT))


def broken(result: Result) -> GuestError:
    return GuestError(
        f"the connection to the machine ended: {result.error}",
        hint="if the machine is off, restart it; what is on its disks is kept, what ran has ended",
    )
