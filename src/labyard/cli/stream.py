"""One conversation with a machine over a WebSocket: input in, output out, and no more in flight than was asked for."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from labyard.cli.exits import ExitCode, UnreachableError
from labyard.cli.talk import leave_broken_pipe

_CHUNK = 32 << 10  # bytes read from stdin at once
_STATUSES = {"no-program": ExitCode.NO_PROGRAM, "not-started": ExitCode.NOT_STARTED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How it ended: a program's status, or why there is none (`code`: the server's word for that).

    `left`: the user went away, and it lives on.
    """

    exit_code: int | None = None
    error: str | None = None
    code: str = ""
    timed_out: bool = False
    left: bool = False

    def status(self) -> int:
        if self.exit_code is not None and not self.timed_out:
            return self.exit_code
        return ExitCode.TIMED_OUT if self.timed_out else _STATUSES.get(self.code, ExitCode.FAILED)


Sink = Callable[[int, bytes], Awaitable[None]]
"""Takes what a program printed: the descriptor it printed to (1, 2), and the bytes."""


async def to_descriptors(descriptor: int, data: bytes) -> None:
    """To our own stdout and stderr."""
    try:
        await asyncio.to_thread(_write_all, descriptor, data)
    except BrokenPipeError:
        leave_broken_pipe()


class Output:
    """Hands on what comes and tells the server how much was taken, so that it never sends faster than we can take.

    `channels`: whether each message begins with the byte that says whether it is stdout (1) or stderr (2).
    """

    def __init__(self, connection: ClientConnection, *, channels: bool, sink: Sink = to_descriptors) -> None:
        self._connection = connection
        self._channels = channels
        self._sink = sink

    async def run(self) -> Ending:
        """Until the end is told. Raises UnreachableError when the connection ends before that."""
        try:
            async for message in self._connection:
                if isinstance(message, bytes):
                    await self._write(message)
                elif (ending := _ending(message)) is not None:
                    return ending
        except ConnectionClosed:
            pass
        raise UnreachableError(
            "the connection broke off before the end was told",
            hint="the play may have ended, or the server was restarted: `labyard playground list`",
        )

    async def _write(self, message: bytes) -> None:
        descriptor, data = (message[0], message[1:]) if self._channels else (1, message)
        if descriptor not in (1, 2) or not data:
            return
        await self._sink(descriptor, data)
        with contextlib.suppress(ConnectionClosed):  # the other side may have gone after its last word
            await self._connection.send(json.dumps({"ack": len(data)}))


def _ending(message: str) -> Ending | None:
    """What a text message says of the end; None for what is no ending. Lenient: servers may learn new words."""
    try:
        told: Any = json.loads(message)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    if isinstance(result := told.get("result"), dict):
        return Ending(
            exit_code=result.get("exit_code"), error=result.get("error"), timed_out=bool(result.get("timed_out"))
        )
    if told.get("error"):
        return Ending(error=_sentence(told["error"]), code=_code(told["error"]))
    if "exit" in told:
        return Ending(exit_code=int(told["exit"] or 0))
    return None


def _sentence(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    hint = f" ({error['hint']})" if error.get("hint") else ""
    return f"{error.get('message')}{hint}"


def _code(error: object) -> str:
    return str(error.get("code", "")) if isinstance(error, dict) else ""


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


async def send_resize(connection: ClientConnection, cols: int, rows: int) -> None:
    await connection.send(json.dumps({"resize": {"cols": cols, "rows": rows}}))


async def send_eof(connection: ClientConnection) -> None:
    await connection.send(json.dumps({"eof": True}))


class Input:
    """Reads stdin in a thread of its own: files, pipes, terminals alike; the end of the program never waits for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=4)

    def start(self) -> None:
        threading.Thread(target=self._read, name="stdin", daemon=True).start()

    def _read(self) -> None:
        data = b"-"
        while data:
            try:
                data = os.read(0, _CHUNK)
            except OSError:
                data = b""  # closed, or a terminal we may not read in the background
            if not self._put(data):
                return

    def _put(self, data: bytes) -> bool:
        """Hand over, waiting while the machine has not taken what came before. False once nobody waits any more."""
        waiting = self._queue.put(data)
        try:
            asyncio.run_coroutine_threadsafe(waiting, self._loop).result()
        except (RuntimeError, asyncio.CancelledError):
            waiting.close()
            return False
        return True

    async def read(self) -> bytes:
        """The next bytes, empty at the end."""
        return await self._queue.get()


async def pump(connection: ClientConnection, source: Input, edit: Callable[[bytes], bytes] = bytes) -> None:
    """Send what is typed or piped until it ends; then say so."""
    try:
        while data := await source.read():
            if edited := edit(data):
                await connection.send(edited)
        await send_eof(connection)
    except ConnectionClosed:
        return  # the reader of output tells what happened
