"""The host's end of the guest link: streams and questions to one machine's examiner over its virtio-serial port."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from labyard.errors import BusyError, GuestError
from labyard.machine import sockets, wire
from labyard.machine.link_stream import LinkStream
from labyard.machine.wire import Frame, FrameType
from labyard.play.plan import Value
from labyard.play.streams import Request, Result, Stream

MAX_GARBAGE = 4 << 20  # bytes and broken frames that a guest may send before it is given up
MAX_BROKEN = 256
MAX_EVENTS = 256
MAX_REFUSAL = 4096  # characters
HELLO_INTERVAL = 1.0
ENTROPY_BYTES = 64
WRITE_BUFFER = 256 << 10
READ_LIMIT = 1 << 20


_HINTS = {"busy": "end some of what is open on this machine"}


class RefusedError(GuestError):
    """The examiner said no. `reason` is one of the codes in docs/develop/guest-link.md, `no-user` for instance."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message, hint=_HINTS.get(reason))
        self.reason = reason


class NoProgramError(RefusedError):
    code = "no-program"


class NotStartedError(RefusedError):
    """The program is there and cannot be run: it is no executable, for instance."""

    code = "not-started"


class TooManyError(RefusedError, BusyError):
    """Of terminals, streams or questions."""


_REFUSALS = {"no-program": NoProgramError, "not-started": NotStartedError, "busy": TooManyError}


class GuestStage(Value):
    """A step of the boot; `at` in seconds since the machine's kernel started."""

    stage: str
    at: float


class GuestInfo(Value):
    """What the examiner says of its machine. `uptime` in seconds; `message`: why it failed, where `stage` is so."""

    boot_id: str
    epoch: str
    examiner: str
    init: str
    uptime: float
    stage: Literal["booting", "up", "failed"]
    ready: bool = False
    default_user: str = "root"
    hostname: str = ""
    wake_error: str = ""
    """Why it could not be woken, when the hello asked for that."""
    frozen: bool = False
    """Its processes stand still: it was made from a snapshot, or whoever froze it went away. `wake` lets them go on."""
    message: str = ""
    stages: tuple[GuestStage, ...] | None = ()
    warnings: tuple[str, ...] | None = ()


class GuestLink:
    """One conversation with one examiner; over for good once closed, disconnected, or when the examiner starts anew."""

    info: GuestInfo

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = wire.Decoder()
        self._epoch = secrets.token_hex(16)
        self._hello: asyncio.Future[GuestInfo] = asyncio.get_running_loop().create_future()
        self._streams: dict[int, LinkStream] = {}
        self._calls: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._parts: dict[tuple[FrameType, int], bytes] = {}
        self._events: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(MAX_EVENTS)
        self._next = 0
        self._task: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()
        self.reason = "the link was closed"

    @classmethod
    async def connect(cls, path: Path, *, timeout: float, wake: bool = False) -> GuestLink:
        """Connect to the unix socket of a machine's port and wait for the examiner's answer, at most `timeout` seconds.

        `wake`: in the same breath let a machine that was made of a snapshot go on (`awakening`).
        Raises GuestError when nobody is there or nobody answers: a machine that is still booting may do so later.
        """
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_unix_connection(sock=sockets.connect(path), limit=READ_LIMIT)
                link = cls(reader, writer)
                try:
                    await link._greet(awakening() if wake else {})
                except BaseException:
                    await link.close()
                    raise
                return link
        except TimeoutError as error:
            raise GuestError(f"the examiner did not answer within {timeout:g} s", hint="is the machine up?") from error
        except OSError as error:
            raise GuestError(f"the guest link cannot be reached: {error}", hint="is the machine running?") from error

    async def open(self, request: Request) -> Stream:
        """Begin a stream. Raises GuestError when the examiner refuses it or is gone."""
        number = self._number()
        stream = self._streams[number] = LinkStream(self, number)
        try:
            await self.transmit_message(FrameType.OPEN, number, request.model_dump(mode="json", exclude_none=True))
            await stream.opened
        except BaseException:
            await stream.close()
            raise
        return stream

    async def call(self, op: str, **arguments: Any) -> dict[str, Any]:
        """Ask, and wait for the answer however long it takes. Raises GuestError when the guest says no or is gone."""
        number = self._number()
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._calls[number] = answer
        try:
            await self.transmit_message(FrameType.CALL, number, {**arguments, "op": op})
            return await answer
        finally:
            self._calls.pop(number, None)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """What the guest tells unasked, until the link is closed. For one listener; a slow one loses the oldest."""
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        """Let go. Programs of open streams get SIGHUP, once somebody else says hello."""
        self._fail("the link was closed")
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait([task])
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def transmit(self, frame: Frame) -> None:
        """Send one frame; waits while the machine takes nothing."""
        await self._write(wire.encode(frame))

    async def transmit_message(self, kind: FrameType, number: int, value: object) -> None:
        """Send JSON. Raises GuestError when it is longer than the guest would read."""
        try:
            parts = list(wire.encode_message(kind, number, value))
        except ValueError as error:
            raise GuestError(str(error), hint="send large data as a stream") from error
        for part in parts:
            await self._write(part)

    async def give_up(self, number: int) -> None:
        """Tell the guest that nobody listens to a stream any more."""
        if self._streams.pop(number, None) is not None and not self.closed.is_set():
            with contextlib.suppress(GuestError):  # a link that is gone has closed it, too
                await self.transmit(Frame(FrameType.CLOSE, 0, number))

    async def _write(self, data: bytes) -> None:
        if self.closed.is_set():
            raise GuestError(f"the guest link is gone: {self.reason}")
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            self._fail(str(error))
            raise GuestError(f"the guest link is gone: {self.reason}") from error

    def _number(self) -> int:
        self._next = self._next % 0xFFFFFFFF + 1
        return self._next

    async def _greet(self, more: Mapping[str, object]) -> None:
        self._writer.transport.set_write_buffer_limits(WRITE_BUFFER)
        self._task = asyncio.create_task(self._read(), name="guest-link")
        self._writer.write(wire.PADDING)
        while not self._hello.done():
            if not self._writer.transport.get_write_buffer_size():  # else the last one is still on its way
                hello = {"version": wire.VERSION, "epoch": self._epoch, **more}
                for part in wire.encode_message(FrameType.HELLO, 0, hello):
                    self._writer.write(part)
            await asyncio.wait([self._hello], timeout=HELLO_INTERVAL)
        self.info = await self._hello
        if self.info.wake_error:
            raise GuestError(f"the machine cannot be woken: {self.info.wake_error[:MAX_REFUSAL]}")

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(256 << 10):
                for frame in self._decoder.feed(data):
                    self._take(frame)
                if self._decoder.skipped > MAX_GARBAGE or self._decoder.broken > MAX_BROKEN:
                    raise ValueError("the guest sends garbage")
            self._fail("the machine's port was closed")
        except (OSError, ValueError) as error:
            self._fail(str(error))

    def _fail(self, reason: str) -> None:
        if self.closed.is_set():
            return
        self.reason = reason
        self.closed.set()
        error = GuestError(f"the guest link is gone: {reason}")
        if not self._hello.done():
            self._hello.set_exception(error)
            self._hello.exception()  # seen: nobody may be waiting for it
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(error)
        for stream in self._streams.values():
            stream.refuse(error)
        self._streams.clear()
        self._tell(None)
        self._writer.transport.abort()

    def _tell(self, event: dict[str, Any] | None) -> None:
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(event)

    def _take(self, frame: Frame) -> None:
        """Raises ValueError when the guest breaks the rules."""
        if not self._hello.done():
            self._await_hello(frame)
            return
        if frame.type in (FrameType.REPLY, FrameType.EVENT):
            if (message := self._assemble(frame)) is not None:
                self._answer(frame.type, frame.stream, message)
            return
        stream = self._streams.get(frame.stream)
        if stream is None:
            return
        if frame.type is FrameType.REFUSED:
            stream.refuse(_refusal(wire.decode_json(frame.payload)))
            del self._streams[frame.stream]
        elif frame.type is FrameType.CLOSE:
            stream.finish(Result.model_validate(wire.decode_json(frame.payload)))
            del self._streams[frame.stream]
        else:
            stream.take(frame)

    def _await_hello(self, frame: Frame) -> None:
        """Everything before the answer to our own hello was meant for somebody else."""
        if frame.type is not FrameType.HELLO_ACK:
            self._parts.clear()
            return
        message = self._assemble(frame)
        if message is None:
            return
        answer = wire.decode_json(message)
        if answer.get("epoch") != self._epoch:
            return
        try:
            self._hello.set_result(GuestInfo.model_validate(answer))
        except ValidationError as error:
            raise ValueError("the examiner's hello cannot be understood") from error

    def _assemble(self, frame: Frame) -> bytes | None:
        key = (frame.type, frame.stream)
        message = self._parts.pop(key, b"") + frame.payload
        if len(message) > wire.MAX_MESSAGE or len(self._parts) > MAX_EVENTS:
            raise ValueError("a message is too long")
        if frame.channel == wire.MORE:
            self._parts[key] = message
            return None
        return message

    def _answer(self, kind: FrameType, number: int, message: bytes) -> None:
        value = wire.decode_json(message)
        if kind is FrameType.EVENT:
            if value.get("event") == "started":
                raise ValueError("the examiner was started anew")
            self._tell(value)
            return
        answer = self._calls.get(number)
        if answer is None or answer.done():
            return
        if "error" in value:
            answer.set_exception(_refusal(value))
        else:
            answer.set_result(value)


def awakening() -> dict[str, object]:
    """What a machine made of a snapshot is woken with: entropy of its own, and the time."""
    return {"entropy": base64.b64encode(os.urandom(ENTROPY_BYTES)).decode(), "set_ns": time.time_ns()}


def _refusal(value: dict[str, Any]) -> RefusedError:
    message, reason = str(value.get("error", "refused")), str(value.get("code", "guest"))
    return _REFUSALS.get(reason, RefusedError)(message[:MAX_REFUSAL], reason=reason[:MAX_REFUSAL])
