"""The forwarder without a world: against resolvers on loopback that behave, lie, are slow or say nothing."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.network import dns, dns_upstream
from labyard.network.dns import Allowance, DnsForwarder
from labyard.network.dns_message import Query, answer, parse
from labyard.network.dns_upstream import HostResolvers, Upstream, name_servers

GATEWAY = IPv4Interface("10.0.0.1/24")
NAMES = {"web-01": (IPv4Address("172.16.0.2"), IPv4Address("10.0.0.2"))}
OUTSIDE = IPv4Address("198.51.100.7")
Behaviour = Callable[[bytes], list[bytes]]


def query(name: str, number: int = 0x1234) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\x01\0\x01"


def right(message: bytes) -> bytes:
    asked = parse(message)
    assert isinstance(asked, Query)
    return answer(asked, [OUTSIDE], seconds=60)


class _Resolver(asyncio.DatagramProtocol):
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour, self.asked = behaviour, list[bytes]()
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked.append(data)
        assert self.transport is not None
        for reply in self.behaviour(data):
            self.transport.sendto(reply, addr)


@asynccontextmanager
async def resolver(behaviour: Behaviour) -> AsyncIterator[tuple[Upstream, _Resolver]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Resolver(behaviour), local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[:2], protocol
    finally:
        transport.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def stream_resolver(behaviour: Behaviour) -> AsyncIterator[Upstream]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = struct.unpack("!H", await reader.readexactly(2))[0]
        for reply in behaviour(await reader.readexactly(length)):
            writer.write(struct.pack("!H", len(reply)) + reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[:2]


async def ask(message: bytes, *upstreams: Upstream, stream: bool = False) -> bytes | None:
    return await DnsForwarder(NAMES, lambda: upstreams).respond(GATEWAY, message, stream=stream)


def code(message: bytes | None) -> int:
    assert message is not None
    return message[3] & 0xF


async def test_own_names_nearest_address_first() -> None:
    reply = await ask(query("WEB-01"))
    assert reply is not None
    assert [reply[-20:-16], reply[-4:]] == [IPv4Address("10.0.0.2").packed, IPv4Address("172.16.0.2").packed]


async def test_other_names_are_asked_upstream_under_another_number() -> None:
    async with resolver(lambda message: [right(message)]) as (upstream, seen):
        replies = {await ask(query("a.example", number), upstream) for number in (7, 7, 7)}
        assert replies == {right(query("a.example", 7))}
        assert {message[2:] for message in seen.asked} == {query("a.example")[2:]}
        assert {message[:2] for message in seen.asked} != {b"\0\x07"}


async def test_forged_answers_are_passed_over() -> None:
    def forge(message: bytes) -> list[bytes]:
        wrong_number = bytes([message[0] ^ 1]) + right(message)[1:]
        wrong_question = message[:2] + right(query("b.example"))[2:]
        return [b"", b"x", message, wrong_number, wrong_question, right(message)]

    async with resolver(forge) as (upstream, _):
        assert await ask(query("a.example"), upstream) == right(query("a.example"))


async def test_the_next_resolver_is_asked_when_one_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_upstream, "_PATIENCE", 0.05)
    async with resolver(lambda _: []) as (silent, seen), resolver(lambda message: [right(message)]) as (good, _):
        assert await ask(query("a.example"), silent, good) == right(query("a.example"))
        assert len(seen.asked) == 1


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_upstream, "_PATIENCE", 0.05)
    async with resolver(lambda _: []) as (silent, seen):
        assert code(await ask(query("a.example"), silent)) == 2
        assert len(seen.asked) == 3
    assert code(await ask(query("a.example"))) == 2


async def test_over_a_stream() -> None:
    async with stream_resolver(lambda message: [right(message) + bytes(5000)]) as upstream:
        assert await ask(query("a.example"), upstream, stream=True) == right(query("a.example")) + bytes(5000)
    async with stream_resolver(lambda _: []) as upstream:
        assert code(await ask(query("a.example"), upstream, stream=True)) == 2


async def test_no_more_in_flight_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_upstream, "_PATIENCE", 0.3)
    async with resolver(lambda _: []) as (silent, seen):
        forwarder = DnsForwarder(NAMES, lambda: (silent,))
        ask_all = [forwarder.respond(GATEWAY, query("a.example", n), stream=False) for n in range(dns._IN_FLIGHT + 20)]
        codes = [code(reply) for reply in await asyncio.gather(*ask_all)]
        assert codes == [2] * len(ask_all)
        assert len({message[:2] for message in seen.asked}) <= 3 * dns._IN_FLIGHT
        assert await forwarder.respond(GATEWAY, query("web-01"), stream=False) is not None


async def test_garbage_gets_nothing_or_an_error() -> None:
    assert await ask(b"\xff" * 40) is None
    assert code(await ask(query("a.example")[:-2])) == 1


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=300))
def test_an_allowance_is_never_exceeded(pauses: list[float]) -> None:
    allowance, now, taken = Allowance(10, 5), 0.0, 0
    for pause in pauses:
        now += pause
        taken += allowance.take(now)
        assert taken <= 5 + 10 * now + 1e-6


def test_borrowing_waits_its_turn() -> None:
    allowance = Allowance(10, 2)
    assert [round(allowance.borrow(0.0), 3) for _ in range(4)] == [0.0, 0.0, 0.1, 0.2]
    assert not allowance.take(0.1)
    assert allowance.take(0.4)


def test_resolv_conf() -> None:
    text = "#nameserver 9.9.9.9\nnameserver\nnameserver 192.0.2.1 junk\n nameserver fe80::1%eth0\nnameserver no\n"
    assert name_servers(text) == (("192.0.2.1", 53), ("fe80::1%eth0", 53))
    assert len(name_servers("nameserver 192.0.2.1\n" * 9)) == 3
    assert name_servers("") == ()


@given(st.text())
def test_any_resolv_conf(text: str) -> None:
    assert len(name_servers(text)) <= 3


def test_resolv_conf_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    resolvers = HostResolvers(path)
    assert resolvers() == ()
    path.write_text("nameserver 192.0.2.1\n")
    assert resolvers() == (("192.0.2.1", 53),)
    path.write_text("nameserver 192.0.2.22\n")
    assert resolvers() == (("192.0.2.22", 53),)
    path.unlink()
    assert resolvers() == (("192.0.2.22", 53),), "what was last known serves while the file is being replaced"
