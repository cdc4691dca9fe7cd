"""Requests and WebSockets of browsers, carried to a port's program and back."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import httpcore
from starlette.types import Message, Receive, Scope, Send

from labyard.hosts.contract import Host
from labyard.server.proxy.headers import Headers, to_browser, to_program
from labyard.server.proxy.upstream import GuestNetwork, trusting

MOST_POOLS = 256
MOST_CONNECTIONS = 100  # to one port
_IDLE = 15.0  # seconds that a connection waits for the next request
_TIMEOUT = {"connect": 20.0, "read": 900.0, "write": 900.0, "pool": 60.0}
"""Seconds. Long ones: an answer may be a stream of events that is silent for minutes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A port of a machine, and how its program wants to be asked. `path`: put before every path."""

    play: str
    machine: str
    number: int
    tls: bool = False
    host: str | None = None
    path: str = ""


class Ways:
    """Connections to ports, kept for the next request."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._tls: ssl.SSLContext = trusting()
        self._pools: OrderedDict[Place, httpcore.AsyncConnectionPool] = OrderedDict()

    async def to(self, place: Place) -> httpcore.AsyncConnectionPool:
        pool = self._pools.pop(place, None)
        if pool is None:
            pool = httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=MOST_CONNECTIONS,
                keepalive_expiry=_IDLE,
                network_backend=GuestNetwork(self._host, place.play, place.machine),
            )
        self._pools[place] = pool
        while len(self._pools) > MOST_POOLS:
            _, oldest = self._pools.popitem(last=False)
            await oldest.aclose()
        return pool

    async def close(self) -> None:
        while self._pools:
            _, pool = self._pools.popitem()
            await pool.aclose()


async def forward(ways: Ways, place: Place, scope: Scope, receive: Receive, send: Send, *, secure: bool) -> None:
    """httpcore's errors when the program does not answer, as long as nothing of an answer was sent."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    client = (scope.get("client") or ("",))[0]
    headers = to_program(scope["headers"], host=host, rewrite=place.host, client=client, secure=secure)
    target = place.path.encode("ascii") + scope["raw_path"]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    url = httpcore.URL(
        scheme=b"https" if place.tls else b"http", host=place.machine.encode(), port=place.number, target=target
    )
    body = _Body(receive, _has_body(headers))
    pool = await ways.to(place)
    async with pool.stream(
        scope["method"],
        url,
        headers=headers,
        content=body.pieces() if body.expected else None,
        extensions={"timeout": _TIMEOUT},
    ) as answer:
        await send(_start(answer))
        async with anyio.create_task_group() as group:
            group.start_soon(body.until_gone, group.cancel_scope)
            async for piece in answer.aiter_stream():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            group.cancel_scope.cancel()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _start(answer: httpcore.Response) -> Message:
    return {"type": "http.response.start", "status": answer.status, "headers": to_browser(answer.headers)}


def _has_body(headers: Headers) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)


class _Body:
    """What the browser sends, and whether it is still there."""

    def __init__(self, receive: Receive, expected: bool) -> None:
        self.expected = expected
        self._receive = receive
        self._whole = not expected

    async def pieces(self) -> AsyncIterator[bytes]:
        while not self._whole:
            message = await self._receive()
            if message["type"] != "http.request":
                raise httpcore.WriteError("the browser went in the midst of its request")
            self._whole = not message.get("more_body", False)
            if piece := message.get("body", b""):
                yield piece

    async def until_gone(self, scope: anyio.CancelScope) -> None:
        """Whoever goes takes the request along. Before all was sent, others read."""
        while self._whole:
            if (await self._receive())["type"] == "http.disconnect":
                scope.cancel()
                return
