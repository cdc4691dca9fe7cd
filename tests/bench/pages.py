"""What people feel of a server: an echoed key, a page of an application in a machine, an answer while it is full."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from labyard.cli.client import Api, opened
from labyard.cli.plays import PlayView
from labyard.cli.target import Target
from labyard.machine.link import GuestLink
from labyard.play.streams import Dial, Exec, Terminal
from tests.bench.client import PATIENCE, start
from tests.bench.fake_house import fake_house
from tests.bench.figure import Figure, alone, of_rounds, percentile
from tests.bench.talk import real_and_bare
from tests.support.lab import Lab

KEYS = 200
MIB = 1 << 20
LARGE = 32
PORT = 8080
PARALLEL = 100
PLAYS = 500
SOCKETS_OF_EACH = 2
PEOPLE = 50
ASKED = 400
_PROMPT = re.compile(rb"[#$] $")
_SERVE = (
    f"mkdir -p /www && head -c {LARGE * MIB} /dev/zero >/www/large && echo small >/www/small"
    f" && busybox httpd -p 127.0.0.1:{PORT} -h /www"
)


# -- a key --------------------------------------------------------------------------------------------------------------


async def key_echo(lab: Lab, rounds: int) -> list[Figure]:
    """A key typed into a shell of a Debian machine until its echo is here: by WebSocket, and over the bare link of its twin."""
    medians, added = [], []
    async with real_and_bare(lab) as (api, play, link):
        for _ in range(rounds):
            over_link, by_socket = await _keys_over_link(link), await _keys_by_socket(api, play)
            medians.append((statistics.median(by_socket), statistics.median(over_link)))
            added.append(percentile(by_socket, 95) - percentile(over_link, 95))
    return [
        of_rounds("key echoed through the WebSocket", "ms", medians, "the same over the bare guest link"),
        alone("... what that adds at the 95th percentile", "ms", added, f"of {KEYS} keys each", limit=5),
    ]


async def _keys_by_socket(api: Api, play: PlayView) -> list[float]:
    path = f"/api/plays/{play.id}/machines/{play.machine(None)}/terminals/keys{time.monotonic_ns()}?user=root"
    async with api.socket(path) as socket:

        async def heard() -> bytes:
            while not isinstance(message := await socket.recv(), bytes):
                pass
            await socket.send(json.dumps({"ack": len(message)}))
            return message

        taken = await _keys(heard, socket.send)
        with contextlib.suppress(Exception):
            await socket.close()
    return taken


async def _keys_over_link(link: GuestLink) -> list[float]:
    stream = await link.open(Terminal(id=f"keys{time.monotonic_ns()}"))

    async def heard() -> bytes:
        chunk = await stream.receive()
        assert chunk is not None
        return bytes(chunk.data)

    taken = await _keys(heard, stream.send)
    await stream.send(b"\x15exit\r")
    await stream.close()
    return taken


async def _keys(heard: Callable[[], Awaitable[bytes]], type_in: Callable[[bytes], Awaitable[None]]) -> list[float]:
    """Milliseconds of each; the line is emptied now and then, as a shell takes longer for a long one."""
    async with asyncio.timeout(PATIENCE):
        told = b""
        while not _PROMPT.search(told):
            told += await heard()
        taken = []
        for number in range(KEYS):
            began = time.perf_counter()
            await type_in(b"x")
            while b"x" not in await heard():
                pass
            taken.append((time.perf_counter() - began) * 1000)
            if number % 20 == 19:
                await type_in(b"\x15")
                await heard()
                await asyncio.sleep(0.2)
        return taken


# -- an application ----------------------------------------------------------------------------------------------------


async def http_port(lab: Lab, rounds: int) -> list[Figure]:
    """A file of a web server in a `tiny` machine, by its port's own name; beside it, the same over its twin's bare link."""
    async with real_and_bare(lab, "tiny") as (api, play, link):
        assert lab.run(play.id, _SERVE) is not None
        await api.post(
            f"/api/plays/{play.id}/ports", {"machine": play.machine(None), "number": PORT, "access": "public"}
        )
        host = f"{PORT}-{play.machine(None)}-{play.id}.labyard.localhost:{lab.port}"
        await _served(link)
        pairs = []
        async with httpx.AsyncClient(
            base_url=lab.url, headers={"Host": host}, timeout=PATIENCE, limits=httpx.Limits(max_connections=PARALLEL)
        ) as http:
            for _ in range(rounds):
                pairs.append((await _fetched(http), await _over_link(link)))
            began = time.perf_counter()
            answers = await asyncio.gather(*(http.get("/small") for _ in range(PARALLEL)))
            taken = time.perf_counter() - began
    wrong = [answer.status_code for answer in answers if answer.text != "small\n"]
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {PARALLEL} requests at once were not answered: {wrong[:5]}")
    return [
        of_rounds(
            *(f"{LARGE} MiB from a port", "MB/s", pairs, "the same request over the bare guest link"),
            limit=0.5,
            more_is_better=True,
        ),
        alone(f"{PARALLEL} requests of a port at once", "s", [taken], "until all are answered, as they should be"),
    ]


async def _served(link: GuestLink) -> None:
    stream = await link.open(Exec(argv=("sh", "-c", _SERVE), user="root"))
    assert (await stream.result()).exit_code == 0
    await stream.close()


async def _fetched(http: httpx.AsyncClient) -> float:
    count, began = 0, time.perf_counter()
    async with http.stream("GET", "/large") as answer:
        async for piece in answer.aiter_raw():
            count += len(piece)
    assert count == LARGE * MIB, count
    return count / (time.perf_counter() - began) / 1e6


async def _over_link(link: GuestLink) -> float:
    count, began = 0, time.perf_counter()
    stream = await link.open(Dial(address=f"127.0.0.1:{PORT}"))
    await stream.send(b"GET /large HTTP/1.0\r\n\r\n")
    while (chunk := await stream.receive()) is not None:
        count += len(chunk.data)
    await stream.close()
    assert count >= LARGE * MIB, count
    return count / (time.perf_counter() - began) / 1e6


# -- a full server -----------------------------------------------------------------------------------------------------


async def api_crowd(lab: Lab, rounds: int) -> list[Figure]:
    """What a page asks for while 500 plays of 50 people run and 1,000 terminals are open. Machines are fake."""
    del rounds  # many requests, once
    with tempfile.TemporaryDirectory(dir=lab.data) as name, fake_house(Path(name)) as target:
        async with opened(target) as api, AsyncExitStack() as stack:
            learners = [await _learner(api, stack, target, number) for number in range(PEOPLE)]
            started = await asyncio.gather(*(_started(learner) for learner in learners))
            plays = [(learner, play) for learner, each in zip(learners, started, strict=True) for play in each]
            for learner, play in plays:
                for number in range(SOCKETS_OF_EACH):
                    path = f"/api/plays/{play.id}/machines/{play.machine(None)}/terminals/t{number}?user=root"
                    await stack.enter_async_context(learner.socket(path))
            asked: dict[str, Callable[[PlayView], str]] = {
                "a play": lambda play: f"/api/plays/{play.id}",
                "one's plays": lambda _: "/api/plays",
                "the catalog": lambda _: "/api/playgrounds",
                "challenges": lambda _: "/api/challenges",
            }
            figures = []
            for what, path_of in asked.items():
                taken = await _asked([(learner, path_of(play)) for learner, play in plays[:ASKED]])
                words = f"{ASKED} requests, four at a time; {PLAYS} plays, {PLAYS * SOCKETS_OF_EACH} WebSockets open"
                figures.append(alone(f"{what}, 95th percentile", "ms", [percentile(taken, 95)], words, limit=100))
            return figures


async def _learner(api: Api, stack: AsyncExitStack, target: Target, number: int) -> Api:
    await api.post("/api/users", {"handle": f"learner-{number}"})
    link = (await api.post(f"/api/users/learner-{number}/signin-links", {}))["url"]
    async with httpx.AsyncClient(base_url=target.url) as http:
        answer = await http.get(httpx.URL(link).raw_path.decode())
        cookie = answer.headers["set-cookie"].partition(";")[0]
        headers = {"Cookie": cookie, "Origin": target.url}
        made = await http.post("/api/oauth/tokens", json={"name": "bench"}, headers=headers)
        token = made.json()["accessToken"]
    return await stack.enter_async_context(opened(Target(url=target.url, token=token, data=target.data)))


async def _started(api: Api) -> list[PlayView]:
    """One person's plays, one after another."""
    return [(await start(api, {"playground": "tiny"}))[0] for _ in range(PLAYS // PEOPLE)]


async def _asked(questions: Sequence[tuple[Api, str]]) -> list[float]:
    """Milliseconds of each, four at a time."""
    taken: list[float] = []
    waiting = iter(questions)

    async def ask() -> None:
        for learner, path in waiting:
            began = time.perf_counter()
            await learner.get(path)
            taken.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(ask() for _ in range(4)))
    return taken
