"""What answers in a fake machine: a handful of programs, terminals with scrollback, files in a dictionary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from labyard.hosts.fake_files import FakeDesk
from labyard.play.streams import (
    Channel,
    Chunk,
    Dial,
    Exec,
    Files,
    Listeners,
    ReadFile,
    Request,
    Result,
    TarIn,
    TarOut,
    Terminal,
    WriteFile,
)

SCROLLBACK = 64 * 1024
LISTENERS = "/listeners.json"
"""A file of a fake machine: what it says of who listens. Without it it is one of old."""
_PIECE = 32 * 1024
_WINDOW = 8  # pieces on the way before a sender waits


class FakeStream:
    """Two bounded queues and an end; a sender waits while the other side has not taken what was sent."""

    def __init__(self, on_close: Callable[[FakeStream], None] | None = None) -> None:
        self.input: asyncio.Queue[bytes | None] = asyncio.Queue(_WINDOW)
        self._output: asyncio.Queue[Chunk | None] = asyncio.Queue(_WINDOW)
        self._result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._ended = False
        self._on_close = on_close
        self.work: asyncio.Task[None] | None = None
        self.size = (80, 24)
        self.closed = False

    async def send(self, data: bytes) -> None:
        if not self._result.done():
            await self.input.put(data)

    async def send_eof(self) -> None:
        if not self._result.done():
            await self.input.put(None)

    async def resize(self, cols: int, rows: int) -> None:
        self.size = (cols, rows)

    async def receive(self) -> Chunk | None:
        if self._ended:
            return None
        chunk = await self._output.get()
        self._ended = chunk is None
        return chunk

    async def result(self) -> Result:
        return await asyncio.shield(self._result)

    async def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self.work is not None:
            self.work.cancel()
        if self._on_close is not None:
            self._on_close(self)
        self.cut("closed")

    def cut(self, error: str) -> None:
        """End it at once, whatever is still on the way."""
        if not self._result.done():
            self._result.set_result(Result(error=error))
        while not self._output.empty():
            self._output.get_nowait()
        self._output.put_nowait(None)
        while not self.input.empty():  # wakes a sender that waits for room
            self.input.get_nowait()

    async def emit(self, data: bytes, channel: Channel = Channel.STDOUT) -> None:
        for start in range(0, len(data), _PIECE):
            await self._output.put(Chunk(channel, data[start : start + _PIECE]))

    async def finish(self, result: Result) -> None:
        if not self._result.done():
            self._result.set_result(result)
        await self._output.put(None)


@dataclass
class FakeTerminal:
    """A shell that echoes. A line `flood N` prints N bytes, `exit` ends it."""

    scrollback: bytearray = field(default_factory=bytearray)
    viewers: list[FakeStream] = field(default_factory=list)
    line: bytearray = field(default_factory=bytearray)

    async def show(self, data: bytes) -> None:
        self.scrollback += data
        del self.scrollback[:-SCROLLBACK]
        for viewer in list(self.viewers):
            await viewer.emit(data)

    async def type(self, data: bytes) -> None:
        for byte in data:
            if byte in b"\r\n":
                line, self.line = bytes(self.line).decode(errors="replace").split(), bytearray()
                await self.show(b"\r\n")
                if line[:1] == ["exit"]:
                    for viewer in list(self.viewers):
                        await viewer.finish(Result(exit_code=0))
                    return
                if line[:1] == ["flood"]:
                    await self.show(b"x" * int(line[1]))
                await self.show(b"$ ")
            else:
                self.line.append(byte)
                await self.show(bytes([byte]))


@dataclass(frozen=True, kw_only=True)
class GuestMemory:
    """What a snapshot keeps of a machine: files, and each terminal's scrollback and half-written line."""

    files: dict[str, bytes]
    terminals: dict[str, tuple[bytes, bytes]]


class FakeGuest:
    """One machine's inside. `cut` is what a power failure does; `pause` what stopping its play does: memory stays."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, bytes] = {}
        self._terminals: dict[str, FakeTerminal] = {}
        self._streams: set[FakeStream] = set()

    @property
    def stream_count(self) -> int:
        return len(self._streams)

    def cut(self, error: str) -> None:
        self.pause(error)
        self._terminals.clear()

    def pause(self, error: str) -> None:
        for stream in list(self._streams):
            if stream.work is not None:
                stream.work.cancel()
            stream.cut(error)
        self._streams.clear()
        for terminal in self._terminals.values():
            terminal.viewers.clear()

    def remember(self) -> GuestMemory:
        terminals = {name: (bytes(each.scrollback), bytes(each.line)) for name, each in self._terminals.items()}
        return GuestMemory(files=dict(self.files), terminals=terminals)

    def recall(self, memory: GuestMemory) -> None:
        self.files = dict(memory.files)
        self._terminals = {
            name: FakeTerminal(scrollback=bytearray(scrollback), line=bytearray(line))
            for name, (scrollback, line) in memory.terminals.items()
        }

    async def open(self, request: Request) -> FakeStream:
        stream = FakeStream(self._left)
        self._streams.add(stream)
        match request:
            case Exec():
                work = self._run(stream, request)
            case Terminal():
                work = self._attach(stream, request)
            case Dial():
                work = self._cat(stream)
            case Listeners():
                work = self._read(stream, LISTENERS)
            case ReadFile() | TarOut():
                work = self._read(stream, request.path)
            case WriteFile() | TarIn():
                work = self._write(stream, request.path)
            case Files():
                work = self._answer(stream, request.user or "laborant")
        stream.work = asyncio.create_task(work)
        return stream

    def _left(self, stream: FakeStream) -> None:
        self._streams.discard(stream)
        for terminal in self._terminals.values():
            if stream in terminal.viewers:
                terminal.viewers.remove(stream)

    async def _run(self, stream: FakeStream, request: Exec) -> None:
        try:
            async with asyncio.timeout(request.timeout):
                code = await self._program(stream, request)
        except TimeoutError:
            await stream.finish(Result(exit_code=137, timed_out=True))
            return
        await stream.finish(Result(exit_code=code))

    async def _program(self, stream: FakeStream, request: Exec) -> int:
        match request.argv:
            case ("echo", *words):
                await stream.emit(" ".join(words).encode() + b"\n")
            case ("cat",):
                while (data := await stream.input.get()) is not None:
                    await stream.emit(data)
            case ("flood", count):
                await stream.emit(b"x" * int(count))
            case ("yes",):
                while True:
                    await stream.emit(b"y\n" * 1024)
            case ("sleep", seconds):
                await asyncio.sleep(float(seconds))
            case ("complain", text):
                await stream.emit(text.encode(), Channel.STDERR)
                return 3
            case ("false",):
                return 1
            case ("size",):
                await stream.emit(f"{stream.size[0]}x{stream.size[1]}".encode())
            case _:
                await stream.emit(f"{request.argv[0]}: not found\n".encode(), Channel.STDERR)
                return 127
        return 0

    async def _attach(self, stream: FakeStream, request: Terminal) -> None:
        terminal = self._terminals.setdefault(request.id, FakeTerminal())
        if not terminal.scrollback:
            await terminal.show(f"{request.user or 'laborant'}@{self.name}:~$ ".encode())
        await stream.emit(bytes(terminal.scrollback))
        terminal.viewers.append(stream)
        while (data := await stream.input.get()) is not None:
            if not request.read_only:
                await terminal.type(data)

    async def _cat(self, stream: FakeStream) -> None:
        while (data := await stream.input.get()) is not None:
            await stream.emit(data)
        await stream.finish(Result())

    async def _read(self, stream: FakeStream, path: str) -> None:
        if path not in self.files:
            await stream.finish(Result(error=f"{path}: no such file"))
            return
        await stream.emit(self.files[path])
        await stream.finish(Result())

    async def _answer(self, stream: FakeStream, user: str) -> None:
        await FakeDesk(self.files, f"/home/{user}").serve(stream.input.get, stream.emit)
        await stream.finish(Result(exit_code=0))

    async def _write(self, stream: FakeStream, path: str) -> None:
        parts: list[bytes] = []
        while (data := await stream.input.get()) is not None:
            parts.append(data)
        self.files[path] = b"".join(parts)
        await stream.finish(Result())
