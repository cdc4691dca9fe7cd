"""Names in a world: a machine asks its gateway, the forwarder asks a resolver on the host's side."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from tests.vm.network.conftest import HOST, INTERNET, LAN, ROUTING, Box, at, reach

from labyard.network import namespace
from labyard.network.blocking import in_thread
from labyard.network.dns import DnsForwarder
from labyard.network.dns_message import Query, answer, parse

pytestmark = pytest.mark.root
FOUND = IPv4Address("198.51.100.77")


class Resolver(asyncio.DatagramProtocol):
    """On the far side; knows one address for everything."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.askers: set[str] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.askers.add(addr[0])
        self.transport.sendto(self.reply(data), addr)

    def reply(self, data: bytes) -> bytes:
        asked = parse(data)
        assert isinstance(asked, Query)
        self.asked.append(asked.name)
        return answer(asked, [FOUND], seconds=60)

    async def stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = struct.unpack("!H", await reader.readexactly(2))[0]
        reply = self.reply(await reader.readexactly(length)) + bytes(3000)
        writer.write(struct.pack("!H", len(reply)) + reply)
        writer.close()


@asynccontextmanager
async def resolver(box: Box) -> AsyncIterator[Resolver]:
    made = Resolver()
    loop = asyncio.get_running_loop()
    datagrams = at(box.far, lambda: _bound(socket.SOCK_DGRAM))
    transport, _ = await loop.create_datagram_endpoint(lambda: made, sock=datagrams)
    server = await asyncio.start_server(made.stream, sock=at(box.far, lambda: _bound(socket.SOCK_STREAM)))
    async with server:
        yield made
    transport.close()


def _bound(kind: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, kind)
    made.bind((INTERNET, 53))
    made.setblocking(False)
    return made


def question(name: str, number: int = 0x1234) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\x01\0\x01"


async def resolve(where: str, server: str, name: str) -> list[str]:
    """The addresses a machine gets, in order."""
    loop = asyncio.get_running_loop()
    with at(where, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as channel:
        channel.setblocking(False)
        await loop.sock_connect(channel, (server, 53))
        await loop.sock_sendall(channel, question(name))
        async with asyncio.timeout(6):
            reply = await loop.sock_recv(channel, 4096)
    assert reply[:2] == b"\x12\x34"
    assert reply[3] & 0xF == 0
    count = struct.unpack_from("!H", reply, 6)[0]
    records = [reply[len(reply) - 16 * (count - place) :][:16] for place in range(count)]
    return [str(IPv4Address(record[12:])) for record in records]


async def test_own_names_and_the_worlds(box: Box) -> None:
    world = await box.world(ROUTING)
    web, stranger = box.machine(world, "web-01"), box.machine(world, "stranger")
    async with resolver(box) as far:
        forwarder = await DnsForwarder.start(world, world.plan.names, lambda: ((INTERNET, 53),))
        assert await resolve(web.name, "172.16.0.1", "db-01") == ["10.0.0.3"]
        assert await resolve(web.name, "172.16.0.1", "WEB-01") == ["172.16.0.2", "10.0.0.2"]
        assert await resolve(web.name, "172.16.0.1", "web-01.backend") == ["10.0.0.2"]
        assert far.asked == []
        assert await resolve(web.name, "172.16.0.1", "example.org") == [str(FOUND)]
        assert await resolve(stranger.name, "172.16.9.1", "example.net") == [str(FOUND)]
        assert far.asked == ["example.org", "example.net"]
        assert far.askers == {HOST}
        await forwarder.close()
        await forwarder.close()
        assert await reach(web.name, "172.16.0.1", 53) == "refused"


async def test_over_a_connection(box: Box) -> None:
    world = await box.world(LAN)
    node = box.machine(world, "node-01")
    async with resolver(box):
        forwarder = await DnsForwarder.start(world, world.plan.names, lambda: ((INTERNET, 53),))
        channel = at(node.name, lambda: socket.create_connection(("172.16.0.1", 53), timeout=5))
        reader, writer = await asyncio.open_connection(sock=channel)
        for name, size in (("big.example", 3000), ("node-02", 0)):
            asked = question(name)
            writer.write(struct.pack("!H", len(asked)) + asked)
            length = struct.unpack("!H", await reader.readexactly(2))[0]
            assert length == len(asked) + 16 + size
            assert (await reader.readexactly(length))[:2] == asked[:2]
        writer.write(struct.pack("!H", 5) + b"short")
        assert await reader.read() == b"", "what is no message ends the connection"
        writer.close()
        await writer.wait_closed()
        await forwarder.close()


async def test_connections_are_bounded_and_garbage_does_no_harm(box: Box) -> None:
    world = await box.world(LAN)
    node = box.machine(world, "node-01")
    forwarder = await DnsForwarder.start(world, world.plan.names, lambda: ())
    open_ones = []
    for _ in range(16):
        channel = at(node.name, lambda: socket.create_connection(("172.16.0.1", 53), timeout=5))
        open_ones.append(await asyncio.open_connection(sock=channel))
    one_more = at(node.name, lambda: socket.create_connection(("172.16.0.1", 53), timeout=5))
    reader, writer = await asyncio.open_connection(sock=one_more)
    assert await reader.read() == b"", "one too many"
    writer.close()
    with at(node.name, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as channel:
        for size in range(300):
            channel.sendto(os.urandom(size), ("172.16.0.1", 53))
    for open_reader, open_writer in open_ones:
        asked = question("node-02")
        open_writer.write(struct.pack("!H", len(asked)) + asked)
        async with asyncio.timeout(5):
            await open_reader.readexactly(2 + len(asked) + 16)
    await forwarder.close()
    for open_reader, open_writer in open_ones:
        assert await open_reader.read() == b""
        open_writer.close()


async def test_closing_sets_the_namespace_free(box: Box) -> None:
    """Nothing of ours holds it: the kernel ends it, and its links with it, although none was removed by name."""
    world = await box.world(LAN)
    forwarder = await DnsForwarder.start(world, world.plan.names, lambda: ())
    before = _descriptors()
    await forwarder.close()
    assert _descriptors() == before - 2
    assert world.plan.uplink is not None
    namespace.drop(world.name)
    await in_thread(_wait_for_the_end_of, world.plan.uplink.link)


async def test_a_world_of_private_networks_has_no_resolver(box: Box) -> None:
    from_private = ROUTING.model_copy(update={"networks": (ROUTING.networks[1],), "machines": (ROUTING.machines[1],)})
    world = await box.world(from_private)
    assert world.plan.uplink is None
    forwarder = await DnsForwarder.start(world, world.plan.names, lambda: ())
    assert world.plan.gateways == ()
    await forwarder.close()


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _wait_for_the_end_of(link: str) -> None:
    """The kernel ends namespaces when it has time."""
    deadline = time.monotonic() + 20
    while _exists(link):
        assert time.monotonic() < deadline, f"{link} is still there"
        time.sleep(0.02)


def _exists(link: str) -> bool:
    try:
        return socket.if_nametoindex(link) > 0
    except OSError:
        return False
