"""Asking the host's own resolvers, from the host's own network."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from labyard.network.dns_message import Query, answers

# Where to ask, in order: address and port.
Upstream = tuple[str, int]
Upstreams = Callable[[], tuple[Upstream, ...]]
_ATTEMPTS = 3
_PATIENCE = 1.5  # seconds per attempt: all together shorter than a guest's own 5 s
_LARGEST_FILE = 64 * 1024
_MOST_SERVERS = 3  # as many as glibc takes, resolv.conf(5)


class HostResolvers:
    """The name servers of a resolv.conf(5), read again when the file changes. Call it for what is so now."""

    def __init__(self, path: Path = Path("/etc/resolv.conf")) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._servers: tuple[Upstream, ...] = ()

    def __call__(self) -> tuple[Upstream, ...]:
        with suppress(OSError):
            stat = self._path.stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                with self._path.open(encoding="utf-8", errors="replace") as file:
                    self._servers = name_servers(file.read(_LARGEST_FILE))
                self._seen = seen
        return self._servers


def name_servers(text: str) -> tuple[Upstream, ...]:
    """What a resolv.conf names; lines that make no sense are passed over as every resolver does. Pure."""
    servers: list[Upstream] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            with suppress(ValueError):
                servers.append((str(ipaddress.ip_address(words[1])), 53))
    return tuple(servers[:_MOST_SERVERS])


async def ask(query: Query, upstreams: tuple[Upstream, ...], *, stream: bool) -> bytes | None:
    """The first good answer, under the identifier of the query; None when nobody gave one.

    Each attempt has a port and an identifier of its own, so a forged answer must guess both.
    """
    for attempt in range(_ATTEMPTS if upstreams else 0):
        upstream = upstreams[attempt % len(upstreams)]
        number = secrets.token_bytes(2)
        exchange = _over_tcp if stream else _over_udp
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_PATIENCE):
                found = await exchange(query, number, upstream)
            return query.message[:2] + found[2:]
    return None


async def _over_udp(query: Query, number: bytes, upstream: Upstream) -> bytes:
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in upstream[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as channel:
        await loop.sock_connect(channel, upstream)
        await loop.sock_sendall(channel, number + query.message[2:])
        while True:
            found = await loop.sock_recv(channel, 65535)
            if found[:2] == number and answers(query, found):
                return found


async def _over_tcp(query: Query, number: bytes, upstream: Upstream) -> bytes:
    reader, writer = await asyncio.open_connection(*upstream)
    try:
        writer.write(struct.pack("!H", len(query.message)) + number + query.message[2:])
        await writer.drain()
        found = await reader.readexactly(struct.unpack("!H", await reader.readexactly(2))[0])
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    if found[:2] == number and answers(query, found):
        return found
    raise ConnectionError("the answer is to another question")
