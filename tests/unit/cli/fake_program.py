"""A program that the fake server runs here, as if in a machine."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from fastapi import WebSocket

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeServer

WINDOW = 256 << 10  # bytes on the way, as architecture.md says


class Program:
    """One exec, run here, with the server's side of flow control."""

    def __init__(self, fake: FakeServer, websocket: WebSocket) -> None:
        self.fake, self.websocket = fake, websocket
        self.unacknowledged = 0
        self.acknowledged = asyncio.Event()
        self.gone = False

    async def run(self, request: dict[str, Any]) -> None:
        if self.fake.canned_endings:
            if ending := self.fake.canned_endings.pop():
                await self.websocket.send_json(ending)
            else:
                await self.websocket.close()
            return
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*request["argv"], stdin=pipe, stdout=pipe, stderr=pipe)
        assert process.stdin and process.stdout and process.stderr
        self.fake.programs += 1
        listening = asyncio.create_task(self.listen(process, process.stdin))
        try:
            async with asyncio.TaskGroup() as pouring:
                pouring.create_task(self.pour(1, process.stdout))
                pouring.create_task(self.pour(2, process.stderr))
            code = await process.wait()
            await self.websocket.send_json({"result": {"exit_code": code if code >= 0 else 128 - code}})
        finally:
            if process.returncode is None:
                process.kill()
            listening.cancel()
            await process.communicate()
            self.fake.programs -= 1

    async def listen(self, process: asyncio.subprocess.Process, stdin: asyncio.StreamWriter) -> None:
        while True:
            message = await self.websocket.receive()
            if message["type"] == "websocket.disconnect":
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                self.gone = True
                self.acknowledged.set()  # nobody else will
                return
            if message.get("bytes"):
                stdin.write(message["bytes"])
                continue
            told = json.loads(message["text"])
            if "ack" in told:
                self.unacknowledged -= told["ack"]
                self.acknowledged.set()
            elif told.get("eof"):
                stdin.close()

    async def pour(self, channel: int, source: asyncio.StreamReader) -> None:
        while data := await source.read(32 << 10):
            while self.unacknowledged + len(data) > WINDOW and not self.gone:
                self.acknowledged.clear()
                await self.acknowledged.wait()
            if self.gone:
                continue
            self.unacknowledged += len(data)
            self.fake.most_unacknowledged = max(self.fake.most_unacknowledged, self.unacknowledged)
            await self.websocket.send_bytes(bytes([channel]) + data)
