"""Names for the machines of a play: the play's own answered here, the rest asked of the host's resolvers.

Sockets are opened in the play's world on every gateway address and used by this process: nothing to start, nothing left
when the process ends. What machines send is hostile: its size, rate, number and time are bounded, per play.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Interface

from labyard.errors import NetworkError
from labyard.network import namespace
from labyard.network.blocking import in_thread
from labyard.network.dns_message import Code, Query, answer, parse, refusal
from labyard.network.dns_upstream import Upstreams, ask
from labyard.network.world import World

PORT = 53
_TTL = 5  # seconds: names of a play do not change, but nobody need remember them
_IN_FLIGHT = 64
_PER_SECOND, _BURST = 200.0, 400.0
_CONNECTIONS = 16
_IDLE = 10.0  # seconds a connection may be silent, in either direction


class Allowance:
    """So many per second, and a burst. Times are seconds of any clock that only goes forward."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._left, self._then = burst, 0.0

    def take(self, now: float) -> bool:
        """One of them, if there is one left."""
        self._refill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def borrow(self, now: float) -> float:
        """One of them in any case; how many seconds to wait before using it."""
        self._refill(now)
        self._left -= 1
        return max(0.0, -self._left / self._per_second)

    def _refill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._then) * self._per_second)
        self._then = now


class DnsForwarder:
    """Answers on all gateway addresses of one world, until closed. Use `start`."""

    def __init__(self, names: Mapping[str, Sequence[IPv4Address]], upstreams: Upstreams) -> None:
        self._names = {name.lower(): tuple(addresses) for name, addresses in names.items()}
        self._upstreams = upstreams
        self._allowance = Allowance(_PER_SECOND, _BURST)
        self._work: set[asyncio.Task[None]] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._transports: list[asyncio.DatagramTransport] = []
        self._servers: list[asyncio.Server] = []

    @classmethod
    async def start(
        cls, world: World, names: Mapping[str, Sequence[IPv4Address]], upstreams: Upstreams
    ) -> DnsForwarder:
        """`names`: usually `world.plan.names`; `upstreams`: usually a `HostResolvers()`. Raises NetworkError."""
        forwarder = cls(names, upstreams)
        gateways = world.plan.gateways
        sockets = await in_thread(namespace.inside, world.name, lambda: _listeners(gateways)) if gateways else []
        try:
            for gateway, datagrams, streams in sockets:
                await forwarder._serve(gateway, datagrams, streams)
        except BaseException:
            await forwarder.close()
            raise
        return forwarder

    async def _serve(self, gateway: IPv4Interface, datagrams: socket.socket, streams: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self, gateway), sock=datagrams)
        self._transports.append(transport)

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._connections) >= _CONNECTIONS:
                writer.transport.abort()
                return
            self._keep(self._connections, self._connection(gateway, reader, writer))

        self._servers.append(await asyncio.start_server(accept, sock=streams, limit=65536))

    async def close(self) -> None:
        """Stop answering. Safe to repeat. The namespace is free of us afterwards."""
        for transport in self._transports:
            transport.close()
        for server in self._servers:
            server.close()
        tasks = self._work | self._connections
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()
        # Transports close their sockets in the loop's next round.
        await asyncio.sleep(0)

    async def respond(self, gateway: IPv4Interface, message: bytes, *, stream: bool) -> bytes | None:
        """The answer to one message that came to a gateway; None for what deserves none."""
        query = parse(message)
        if query is None:
            return None
        if isinstance(query, Code):
            return refusal(message, query)
        addresses = self._names.get(query.name)
        if addresses is not None:
            nearest = sorted(addresses, key=lambda address: address not in gateway.network)
            return answer(query, nearest, seconds=_TTL)
        return await self._forward(query, stream=stream) or refusal(message, Code.SERVER_FAILURE)

    async def _forward(self, query: Query, *, stream: bool) -> bytes | None:
        if self._in_flight >= _IN_FLIGHT:
            return None
        self._in_flight += 1
        try:
            return await ask(query, self._upstreams(), stream=stream)
        finally:
            self._in_flight -= 1

    def datagram(
        self, gateway: IPv4Interface, transport: asyncio.DatagramTransport, message: bytes, sender: tuple[str, int]
    ) -> None:
        """Take one datagram. Beyond the allowance it is dropped, as a busy network would."""
        if not self._allowance.take(asyncio.get_running_loop().time()):
            return

        async def work() -> None:
            found = await self.respond(gateway, message, stream=False)
            if found is not None and not transport.is_closing():
                transport.sendto(found, sender)

        self._keep(self._work, work())

    @staticmethod
    def _keep(tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _connection(
        self, gateway: IPv4Interface, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                while await self._exchange(gateway, reader, writer):
                    pass
        finally:
            writer.close()

    async def _exchange(
        self, gateway: IPv4Interface, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """One question and its answer on a connection (RFC 1035, section 4.2.2); false when it is over."""
        async with asyncio.timeout(_IDLE):
            length = struct.unpack("!H", await reader.readexactly(2))[0]
            message = await reader.readexactly(length)
        await asyncio.sleep(self._allowance.borrow(asyncio.get_running_loop().time()))
        found = await self.respond(gateway, message, stream=True)
        if found is None:
            return False
        writer.write(struct.pack("!H", len(found)) + found)
        async with asyncio.timeout(_IDLE):
            await writer.drain()
        return True


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, forwarder: DnsForwarder, gateway: IPv4Interface) -> None:
        self._forwarder, self._gateway = forwarder, gateway
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None:
            self._forwarder.datagram(self._gateway, self._transport, data, addr)


def _listeners(gateways: Sequence[IPv4Interface]) -> list[tuple[IPv4Interface, socket.socket, socket.socket]]:
    """Runs inside the world. Either all of them or none."""
    opened: list[socket.socket] = []
    try:
        for gateway in gateways:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                listener = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
                opened.append(listener)
                if kind == socket.SOCK_STREAM:
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((str(gateway.ip), PORT))
                if kind == socket.SOCK_STREAM:
                    listener.listen(_CONNECTIONS)
    except OSError as error:
        for listener in opened:
            listener.close()
        raise NetworkError(f"cannot answer names in the world: {error.strerror}") from error
    return list(zip(gateways, opened[0::2], opened[1::2], strict=True))
