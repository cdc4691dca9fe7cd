"""A program that listens in a machine made of nothing: a real server on loopback, and a host whose machines lead to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from labyard.errors import GuestError
from labyard.hosts.fake import FakeHost
from labyard.play.streams import Channel, Chunk, Dial, Request, Result, Stream


class Wire:
    """`Stream` over a TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def send_eof(self) -> None:
        self._writer.write_eof()

    async def resize(self, cols: int, rows: int) -> None:
        raise NotImplementedError

    async def receive(self) -> Chunk | None:
        data = await self._reader.read(65536)
        return Chunk(Channel.STDOUT, data) if data else None

    async def result(self) -> Result:
        return Result()

    async def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def listening(
    host: FakeHost, number: int, app: ASGIApp, *, address: str = "127.0.0.1", **options: Any
) -> AsyncIterator[None]:
    """`app` listens on port `number` of every machine, at that address, and nothing else does; `port`: at no loopback."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="websockets-sansio", **options
        )
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    real = server.servers[0].sockets[0].getsockname()[1]
    usual = host.open
    where = ("port", str(number)) if address == "port" else ("tcp", f"{address}:{number}")

    async def opened(play_id: str, machine: str, request: Request) -> Stream:
        if not isinstance(request, Dial):
            return await usual(play_id, machine, request)
        if (request.network, request.address) != where:
            raise GuestError(f"dial {request.address}: connection refused")
        return Wire(*await asyncio.open_connection("127.0.0.1", real))

    host.open = opened  # type: ignore[method-assign]
    try:
        yield
    finally:
        host.open = usual  # type: ignore[method-assign]
        server.should_exit = True
        await serving
