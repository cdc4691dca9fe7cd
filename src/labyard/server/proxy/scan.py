"""What listens in a machine, and which of it speaks HTTP: found by asking each port, as a browser would."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import httpcore

from labyard.control.listening import LIMIT, TABLES, Listener, heard, listening
from labyard.errors import GuestError, LabyardError
from labyard.hosts.contract import Host
from labyard.play.streams import Listeners, ReadFile, Request
from labyard.server.proxy.upstream import GuestNetwork, trusting

MOST: Final = 64
"""Ports of a machine that are asked; the lowest ones."""
_AT_ONCE = 4
_PATIENCE = 5.0
"""Seconds for one question. Emulated programs take their time to start talking."""
_ASKED = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_HTTP = b"HTTP/1."


class Speaks(StrEnum):
    """labctl's words."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    OTHER = "TCP"


@dataclass(frozen=True, slots=True)
class Scanned:
    """`where`: in words, for what is not at the machine's loopback."""

    machine: str
    number: int
    speaks: Speaks
    where: str


async def scan(host: Host, play: str, machine: str) -> list[Scanned]:
    """By number. GuestError and ConflictError when the machine does not answer."""
    found = (await _listeners(host, play, machine))[:MOST]
    doors = asyncio.Semaphore(_AT_ONCE)
    network = GuestNetwork(host, play, machine)

    async def ask(each: Listener) -> Scanned:
        async with doors:
            return Scanned(machine, each.port, await _speaks(network, each.port), each.where)

    return list(await asyncio.gather(*map(ask, found)))


async def _listeners(host: Host, play: str, machine: str) -> list[Listener]:
    """By number. An examiner of old does not know them: then its kernel's tables are read, which loopback is all of."""
    try:
        if (found := heard(await _told(host, play, machine, Listeners()))) is not None:
            return found
    except GuestError:
        pass
    tables = await asyncio.gather(*(_told(host, play, machine, ReadFile(path=path)) for path in TABLES))
    return [Listener(port=number) for number in sorted(frozenset().union(*map(listening, tables)))]


async def _told(host: Host, play: str, machine: str, request: Request) -> str:
    """Empty where there is none: a kernel may be without IPv6."""
    stream = await host.open(play, machine, request)
    told = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE * 4):
            while len(told) < LIMIT and (chunk := await stream.receive()) is not None:
                told += chunk.data
    except TimeoutError:
        raise LabyardError(f"{machine} did not say what it listens on", hint="try again in a moment") from None
    finally:
        await stream.close()
    return told.decode("ascii", errors="replace")


async def _speaks(network: GuestNetwork, number: int) -> Speaks:
    if await _answers(network, number, tls=False):
        return Speaks.HTTP
    return Speaks.HTTPS if await _answers(network, number, tls=True) else Speaks.OTHER


async def _answers(network: GuestNetwork, number: int, *, tls: bool) -> bool:
    """Whether what comes back begins as HTTP does."""
    try:
        stream = await network.connect_tcp("localhost", number, _PATIENCE)
        try:
            if tls:
                stream = await stream.start_tls(trusting(), None, _PATIENCE)
            await stream.write(_ASKED, _PATIENCE)
            told = b""
            while len(told) < len(_HTTP) and (more := await stream.read(64, _PATIENCE)):
                told += more
        finally:
            await stream.aclose()
    except (httpcore.NetworkError, httpcore.TimeoutException):
        return False
    return told.startswith(_HTTP)
