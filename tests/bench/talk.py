"""Talking with machines: a program's round trip and a terminal's bytes per second, beside the guest link alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from labyard.cli.client import Api, opened
from labyard.cli.plays import PlayView
from labyard.machine.link import GuestLink
from labyard.play.streams import Exec, Request, Terminal
from labyard.resources import built
from tests.bench.bare import bare, keep_specs
from tests.bench.client import PATIENCE, client, destroy, start
from tests.bench.fake_house import fake_house
from tests.bench.figure import Figure, of_rounds
from tests.support.lab import Lab

TIMES = 30
MIB = 1 << 20
FLOOD = 16 * MIB
REAL_FLOOD = 4 * MIB
MARK = b"the-end-of-it"
PROMPT = re.compile(rb"[#$] $")


async def exec_round_trip(lab: Lab, rounds: int) -> list[Figure]:
    """`true` as root in a Debian machine: as `labyard exec` asks for it, and over the bare link of the same machine's twin."""
    async with real_and_bare(lab) as (api, play, link):

        async def ours() -> None:
            await api.get(f"/api/plays/{play.id}")  # as the CLI does, to find the machine
            assert await _exec(api, play) == 0

        async def over_link() -> None:
            stream = await link.open(Exec(argv=("true",), user="root"))
            assert (await stream.result()).exit_code == 0
            await stream.close()

        async def ping() -> None:
            await link.call("ping")

        measured = []
        for _ in range(rounds):
            measured.append((await _milliseconds(ours), await _milliseconds(over_link), await _milliseconds(ping)))
    link_words = "the same over the bare guest link"
    return [
        of_rounds("exec of `true` through the server", "ms", [m[:2] for m in measured], link_words),
        of_rounds("exec of `true` over the bare link", "ms", [m[1:] for m in measured], "the link's own ping"),
        of_rounds("exec of `true`, in all", "ms", [(m[0], m[2]) for m in measured], "the link's own ping"),
    ]


async def terminal_throughput(lab: Lab, rounds: int) -> list[Figure]:
    """Bytes per second of one terminal that is flooded, as its viewer counts them."""
    with tempfile.TemporaryDirectory(dir=lab.data) as name, fake_house(Path(name)) as target:
        async with opened(target) as api, _examiner(Path(name) / "link.sock") as link:
            play, _ = await start(api, {"playground": "debian"})
            pairs = []
            for _ in range(rounds):
                floor = await _link_flood(link, FLOOD)
                pairs.append((await _socket_flood(api, play, f"flood {FLOOD}\r"), floor))
    found = of_rounds(
        *("terminal through the server, fake machine", "MB/s", pairs),
        *("the raw link's: an examiner on the host's own processor",),
        more_is_better=True,
    )
    async with real_and_bare(lab) as (api, play, link):
        pairs = []
        for _ in range(rounds):
            floor = await _link_flood(link, REAL_FLOOD)
            pairs.append((await _socket_flood(api, play, _flood_line(REAL_FLOOD)), floor))
    real = of_rounds(
        *("terminal through the server, real guest", "MB/s", pairs, "the same over the bare guest link"),
        more_is_better=True,
    )
    return [found, real]


@asynccontextmanager
async def real_and_bare(lab: Lab, playground: str = "debian") -> AsyncIterator[tuple[Api, PlayView, GuestLink]]:
    """A play of a playground with one machine, and the link to a machine just like its own that only we talk to."""
    with tempfile.TemporaryDirectory(dir=lab.data) as name:
        async with client(lab) as api:
            play, _ = await start(api, {"playground": playground, "cold": True})
            try:
                specs = keep_specs(lab.data / "plays" / play.id, Path(name))
                async with bare(specs):
                    link = await GuestLink.connect(specs[0].link_socket, timeout=PATIENCE)
                    try:
                        yield api, play, link
                    finally:
                        await link.close()
            finally:
                await destroy(api, play)


@asynccontextmanager
async def _examiner(socket: Path) -> AsyncIterator[GuestLink]:
    """The examiner as an ordinary program on the host."""
    command = (str(built("examiner-amd64")), "agent", "--socket", str(socket))
    environment = {**os.environ, "TMPDIR": str(socket.parent)}
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        link = await GuestLink.connect(socket, timeout=PATIENCE)
        yield link
        await link.close()
    finally:
        process.terminate()
        await process.wait()


async def _milliseconds(work: Callable[[], Awaitable[None]]) -> float:
    """Median of many, one after another."""
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


async def _exec(api: Api, play: PlayView) -> int:
    async with api.socket(f"/api/plays/{play.id}/machines/{play.machine(None)}/exec") as socket:
        await socket.send(json.dumps({"op": "exec", "argv": ["true"], "user": "root"}))
        await socket.send(json.dumps({"eof": True}))
        async for message in socket:
            if isinstance(message, str):
                return int(json.loads(message)["result"]["exit_code"])
    raise RuntimeError("the end was not told")


def _flood_line(count: int) -> str:
    """What to type into a shell; the mark is spelled so that its echo does not count."""
    head, tail = MARK[:4].decode(), MARK[4:].decode()
    return f"head -c {count} /dev/zero | tr '\\0' x; echo {head}''{tail}\r"


async def _socket_flood(api: Api, play: PlayView, line: str) -> float:
    """MB/s, from the line typed to its last byte here. Acknowledged as the page does."""
    async with asyncio.timeout(PATIENCE):
        return await _counted(api, play, line)


async def _counted(api: Api, play: PlayView, line: str) -> float:
    count = 0
    path = f"/api/plays/{play.id}/machines/{play.machine(None)}/terminals/bench{time.monotonic_ns()}?user=root"
    async with api.socket(path) as socket:
        prompt = b""
        while not PROMPT.search(prompt):  # what is typed earlier, a login throws away
            message = await socket.recv()
            prompt += message if isinstance(message, bytes) else b""
        began = time.perf_counter()
        await socket.send(line.encode())
        last = b""
        async for message in socket:
            if isinstance(message, bytes):
                count += len(message)
                await socket.send(json.dumps({"ack": len(message)}))
                if MARK in last + message or (count >= FLOOD and line.startswith("flood")):
                    break
                last = message[-len(MARK) :]
        taken = time.perf_counter() - began
        with contextlib.suppress(Exception):
            await socket.close()
    return count / taken / 1e6


async def _link_flood(link: GuestLink, count: int) -> float:
    async with asyncio.timeout(PATIENCE):
        return await _counted_on_link(link, count)


async def _counted_on_link(link: GuestLink, count: int) -> float:
    request: Request = Terminal(id=f"bench{time.monotonic_ns()}")
    stream = await link.open(request)
    prompt = b""
    while not PROMPT.search(prompt):
        chunk = await stream.receive()
        assert chunk is not None
        prompt += chunk.data
    began = time.perf_counter()
    await stream.send(_flood_line(count).encode())
    got, last = 0, b""
    while MARK not in last:
        chunk = await stream.receive()
        assert chunk is not None
        got += len(chunk.data)
        last = last[-len(MARK) :] + chunk.data
    taken = time.perf_counter() - began
    await stream.send(b"exit\r")
    await stream.close()
    return got / taken / 1e6
