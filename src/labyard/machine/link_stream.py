"""One stream of a guest link, as its user on the host holds it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from labyard.errors import GuestError
from labyard.machine import wire
from labyard.machine.wire import Frame, FrameType
from labyard.play.streams import Channel, Chunk, Result

if TYPE_CHECKING:
    from labyard.machine.link import GuestLink

MAX_CREDIT = 16 << 20


class LinkStream:
    """Implements play.streams.Stream. What the guest sends waits here, at most as much as it was granted."""

    def __init__(self, link: GuestLink, number: int) -> None:
        self._link = link
        self.number = number
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._chunks: deque[Chunk] = deque()
        self._changed = asyncio.Event()
        self._credit = wire.CREDIT
        self._credited = asyncio.Event()
        self._granted = wire.CREDIT
        self._consumed = 0
        self._ended = False  # no output follows

    async def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            while not self._credit and not self._result.done():
                self._credited.clear()
                await self._credited.wait()
            if self._result.done():
                raise GuestError("the stream has ended", hint="what was sent behind its end is lost")
            size = min(len(view), self._credit, wire.MAX_DATA)
            self._credit -= size
            await self._link.transmit(Frame(FrameType.DATA, Channel.STDIN, self.number, bytes(view[:size])))
            view = view[size:]

    async def send_eof(self) -> None:
        if not self._result.done():
            await self._link.transmit(Frame(FrameType.EOF, Channel.STDIN, self.number))

    async def resize(self, cols: int, rows: int) -> None:
        if not self._result.done():
            await self._link.transmit_message(FrameType.CONTROL, self.number, {"resize": {"cols": cols, "rows": rows}})

    async def receive(self) -> Chunk | None:
        while not self._chunks and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        if not self._chunks:
            return None
        chunk = self._chunks.popleft()
        self._consumed += len(chunk.data)
        if self._consumed >= wire.CREDIT // 4 and not self._result.done():
            grant, self._consumed = self._consumed, 0
            self._granted += grant
            await self._link.transmit(Frame(FrameType.WINDOW, 0, self.number, wire.SUM.pack(grant)))
        return chunk

    async def result(self) -> Result:
        return await asyncio.shield(self._result)

    async def close(self) -> None:
        if not self._result.done():
            self.finish(Result(error="closed"))
            self._chunks.clear()
            await self._link.give_up(self.number)

    def take(self, frame: Frame) -> None:
        """A frame of the guest. Raises ValueError when it breaks the rules."""
        if frame.type is FrameType.DATA:
            self._granted -= len(frame.payload)
            if self._granted < 0:
                raise ValueError("more data than was granted")
            if frame.payload and not self._ended:
                self._chunks.append(Chunk(Channel(frame.channel), frame.payload))
        elif frame.type is FrameType.WINDOW:
            if len(frame.payload) != wire.SUM.size:
                raise ValueError("a credit of no size")
            self._credit = min(self._credit + wire.SUM.unpack(frame.payload)[0], MAX_CREDIT)
            self._credited.set()
        elif frame.type is FrameType.EOF:
            self._ended = True
        elif frame.type is FrameType.OPENED and not self.opened.done():
            self.opened.set_result(None)
        self._changed.set()

    def finish(self, result: Result) -> None:
        """The end, whoever brought it about. Output that came before can still be received."""
        if not self._result.done():
            self._result.set_result(result)
        self._ended = True
        self._changed.set()
        self._credited.set()

    def refuse(self, error: GuestError) -> None:
        if not self.opened.done():
            self.opened.set_exception(error)
        self.finish(Result(error=error.message))
