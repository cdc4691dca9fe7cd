"""WebSockets over a real uvicorn on loopback, with fake machines behind."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
import pytest
import uvicorn
from tests.unit.server.conftest import TOKEN, House
from tests.unit.server.test_access import by_cookie, signed_in
from tests.unit.server.test_people import token_of
from tests.unit.server.test_plays import act, started, until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from labyard.hosts.fake import Temper
from labyard.server.app import create_app, uvicorn_config

Connecting: TypeAlias = connect
WINDOW = 256 << 10
PIECE = 32 << 10


@dataclass
class Served:
    house: House
    port: int
    play: dict[str, Any]

    def connect(self, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> Connecting:
        given = {"Authorization": f"Bearer {TOKEN}"} if headers is None else headers
        url = f"ws://127.0.0.1:{self.port}/api/plays/{self.play['id']}{path}"
        return connect(url, additional_headers=given, compression=None, proxy=None, **options)

    def terminal(self, name: str = "main", query: str = "", **options: Any) -> Connecting:
        return self.connect(f"/machines/node-01/terminals/{name}{query}", **options)

    def execute(self, machine: str = "node-01", **options: Any) -> Connecting:
        return self.connect(f"/machines/{machine}/exec", **options)


@pytest.fixture
async def served(house: House) -> AsyncIterator[Served]:
    app = create_app(house.services)
    server = uvicorn.Server(uvicorn_config(app, {"lifespan": "off"}, host="127.0.0.1", port=0, message_limit=1 << 20))
    serving = asyncio.create_task(server.serve())
    await until_true(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(house, port, await started(house))
    server.should_exit = True
    await serving


async def until_true(true: Callable[[], bool]) -> None:
    """For what nobody tells."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def said(socket: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def closed(socket: ClientConnection) -> int:
    """The code it is closed with, whatever comes before."""
    async with asyncio.timeout(5):
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
    assert socket.close_code is not None
    return socket.close_code


async def run(socket: ClientConnection, *argv: str, ack: bool = True, **more: object) -> tuple[bytes, bytes, Any]:
    await socket.send(json.dumps({"argv": argv, **more}))
    return await heard(socket, ack=ack)


async def heard(socket: ClientConnection, *, ack: bool = True) -> tuple[bytes, bytes, Any]:
    out, err = bytearray(), bytearray()
    async with asyncio.timeout(10):
        async for message in socket:
            if isinstance(message, str):
                return bytes(out), bytes(err), json.loads(message)
            (out if message[0] == 1 else err).extend(message[1:])
            if ack:
                await socket.send(json.dumps({"ack": len(message) - 1}))
    raise AssertionError("no end was told")


# -- exec --------------------------------------------------------------------------------------------------------------


async def test_a_program_ends_with_its_code_and_its_channels_apart(served: Served) -> None:
    async with served.execute() as socket:
        out, err, end = await run(socket, "echo", "hello")
        assert (out, err, end["result"]["exit_code"]) == (b"hello\n", b"", 0)
        assert await closed(socket) == 1000
    async with served.execute() as socket:
        out, err, end = await run(socket, "complain", "alas")
        assert (out, err, end["result"]["exit_code"]) == (b"", b"alas", 3)


async def test_stdin_through_and_its_end(served: Served) -> None:
    async with served.execute() as socket:
        await socket.send(json.dumps({"argv": ["cat"]}))
        await socket.send(b"in and out")
        await socket.send(json.dumps({"eof": True}))
        assert (await heard(socket))[0] == b"in and out"


async def test_megabytes_both_ways_at_once_do_not_lock(served: Served) -> None:
    data = os.urandom(8 << 20)

    async def feed(socket: ClientConnection) -> None:
        for start in range(0, len(data), PIECE):
            await socket.send(data[start : start + PIECE])
        await socket.send(json.dumps({"eof": True}))

    async with served.execute() as socket:
        await socket.send(json.dumps({"argv": ["cat"]}))
        feeding = asyncio.create_task(feed(socket))
        out, _, _ = await heard(socket)
        await feeding
    assert out == data


async def test_output_stops_at_the_window(served: Served) -> None:
    async with served.execute(max_queue=None) as socket:
        await socket.send(json.dumps({"argv": ["yes"]}))
        got = 0
        while got < WINDOW:
            got += len(await socket.recv()) - 1
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.2)
        assert got <= WINDOW + PIECE
        await socket.send(json.dumps({"ack": got}))
        assert len(await asyncio.wait_for(socket.recv(), 5)) > 1


async def test_leaving_ends_the_program(served: Served) -> None:
    guest = served.house.host.guest(served.play["id"], "node-01")
    async with served.execute() as socket:
        await socket.send(json.dumps({"argv": ["yes"]}))
        await socket.recv()
        assert guest.stream_count == 1
    await until_true(lambda: guest.stream_count == 0)


async def test_a_machine_that_goes_off_ends_its_streams(served: Served) -> None:
    async with served.execute() as socket, served.terminal() as terminal:
        await socket.send(json.dumps({"argv": ["sleep", "60"]}))
        await terminal.recv()
        guest = served.house.host.guest(served.play["id"], "node-01")
        await until_true(lambda: guest.stream_count == 2)
        await act(served.house, served.play, "machine.stop", machine="node-01")
        _, _, end = await heard(socket)
        assert "off" in end["result"]["error"]
        assert "off" in (await said(terminal))["error"]["message"]
        assert await closed(terminal) == 1000


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 4400),
        ('{"argv": []}', 4400),
        ('{"argv": [""]}', 4400),
        ('{"argv": "ls"}', 4400),
        (b"\x00", 4400),
        ("[" * 50_000, 4400),
        (json.dumps({"argv": ["x" * (300 << 10)]}), 4413),
        (json.dumps({"argv": ["x" * (2 << 20)]}), 1009),
    ],
)
async def test_wrong_first_messages(served: Served, message: str | bytes, code: int) -> None:
    async with served.execute() as socket:
        await socket.send(message)
        assert await closed(socket) == code


@pytest.mark.parametrize("message", ["{", "[]", '{"ack": "x"}', '{"resize": {}}', '{"x": "' + "y" * 5000 + '"}'])
async def test_wrong_control_messages_close_only_this_socket(served: Served, message: str) -> None:
    async with served.terminal() as socket:
        await socket.recv()
        await socket.send(message)
        assert await closed(socket) in (4400, 4413)
    async with served.terminal() as socket:
        assert b"laborant@node-01" in await socket.recv()


async def test_a_flood_of_messages_does_not_hurt(served: Served) -> None:
    async with served.terminal() as socket:
        for _ in range(3000):
            await socket.send('{"resize": {"cols": 100000000000, "rows": -4}}')
            await socket.send('{"ack": 1000000000000000000000}')
        await socket.send(b"x")
        shown = b""
        while not shown.endswith(b"x"):
            shown += await bytes_of(socket)


# -- terminals ---------------------------------------------------------------------------------------------------------


async def test_a_terminal_lives_on_and_shows_what_was(served: Served) -> None:
    async with served.terminal() as socket:
        await socket.recv()
        await socket.send(b"ls\r")
        shown = b""
        while not shown.endswith(b"$ "):
            shown += await bytes_of(socket)
    async with served.terminal() as socket, served.terminal("other") as other:
        assert b"ls" in await socket.recv()
        assert b"ls" not in await other.recv()
        await socket.send(b"exit\r")
        async with asyncio.timeout(5):
            while not isinstance(message := await socket.recv(), str):
                pass
        assert json.loads(message) == {"exit": 0}
        assert await closed(socket) == 1000


async def test_machines_that_are_off_say_so(served: Served) -> None:
    await act(served.house, served.play, "machine.stop", machine="node-01")
    async with served.terminal() as socket:
        assert (await said(socket))["error"]["code"] == "conflict"
        assert await closed(socket) == 4409
    await act(served.house, served.play, "stop")
    await until(served.house, served.play["id"], "STOPPED")
    async with served.execute() as socket:
        assert "STOPPED" in (await said(socket))["error"]["message"]
        assert await closed(socket) == 4409


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/machines/nobody/terminals/main", 4404),
        ("/machines/nobody/exec", 4404),
        ("/machines/node-01/terminals/a%20b", 4400),
        ("/machines/node-01/terminals/main?user=a;b", 4400),
        ("/machines/node-01/terminals/main?cols=wide", 4400),
    ],
)
async def test_wrong_addresses(served: Served, path: str, code: int) -> None:
    async with served.connect(path) as socket:
        assert (await said(socket))["error"]["message"]
        assert await closed(socket) == code


async def test_who_may_open_a_terminal(served: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        with pytest.raises(InvalidStatus) as refused:
            await served.terminal(headers=headers).__aenter__()
        assert refused.value.response.status_code == 401
    async with served.terminal(headers={"Origin": "http://evil.test"}) as socket:
        assert (await said(socket))["error"]["code"] == "unauthorized"
        assert await closed(socket) == 4401


async def test_a_cookie_opens_sockets_from_its_own_page_only(served: Served) -> None:
    cookie = by_cookie(await signed_in(served.house))["Cookie"]
    host = f"127.0.0.1:{served.port}"
    for origin in ("http://evil.test", f"http://x.{host}", f"https://{host}"):
        with pytest.raises(InvalidStatus) as refused:
            await served.terminal(headers={"Cookie": cookie, "Origin": origin}).__aenter__()
        assert refused.value.response.status_code == 403
    with pytest.raises(InvalidStatus):
        await served.terminal(headers={"Cookie": cookie}).__aenter__()
    async with served.terminal(headers={"Cookie": cookie, "Origin": f"http://{host}"}) as socket:
        assert b"laborant" in await socket.recv()


async def test_sockets_per_play_are_bounded(served: Served) -> None:
    limit = served.house.services.settings.sockets_per_play
    url = await conns_url(served)
    sockets = [await connect(url, proxy=None) for _ in range(limit)]
    async with served.terminal() as socket:
        assert (await said(socket))["error"]["code"] == "too-many"
        assert await closed(socket) == 4409
    await sockets.pop().close()
    async with asyncio.timeout(5):
        while True:
            async with served.terminal() as socket:
                if isinstance(await socket.recv(), bytes):
                    break
    for each in sockets:
        await each.close()


# -- the play socket ---------------------------------------------------------------------------------------------------


async def conns_url(served: Served) -> str:
    headers = {"Host": f"127.0.0.1:{served.port}"}
    url = (await served.house.http.post(f"/api/plays/{served.play['id']}/conns", headers=headers)).json()["url"]
    assert url.startswith(f"ws://127.0.0.1:{served.port}/")
    return str(url)


async def bytes_of(socket: ClientConnection) -> bytes:
    message = await asyncio.wait_for(socket.recv(), 5)
    assert isinstance(message, bytes), message
    return message


async def test_the_play_socket_tells_all_then_changes(served: Served) -> None:
    async with connect(await conns_url(served), origin="https://cli.http://h:1", proxy=None) as socket:  # type: ignore[arg-type]
        told = [await said(socket) for _ in range(3)]
        assert [message["kind"] for message in told] == ["status", "task", "task"]
        assert {message["task"]["name"] for message in told[1:]} == {"init_a", "init_b"}
        assert told[0]["status"]["stateEvents"][-1]["state"] == "RUNNING"
        again = await said(socket)  # nothing happens: the status comes all the same
        assert again["kind"] == "status"
        await socket.send("clients never say anything")
        await act(served.house, served.play, "destroy")
        async with asyncio.timeout(5):
            while (await said(socket)).get("status", {}).get("stateEvents", [{}])[-1].get("state") != "DESTROYED":
                pass
        assert (await said(socket))["kind"] == "status"  # and it stays open


async def test_the_play_socket_from_the_first_moment(served: Served) -> None:
    served.house.host.tempers["demo"] = Temper(boot=0.05)
    served.play = (await served.house.http.post("/api/plays", json={"playground": "demo"})).json()
    seen: list[str] = []
    done: set[str] = set()
    async with connect(await conns_url(served), proxy=None) as socket:
        while len(done) < 2 or "RUNNING" not in seen:
            message = await said(socket)
            if message["kind"] == "status":
                seen.append(message["status"]["stateEvents"][-1]["state"])
            elif message["task"]["status"] == 40:
                done.add(message["task"]["name"])
    assert "STARTING" in seen


async def test_who_is_shut_out_loses_what_is_open(served: Served) -> None:
    ada = await token_of(served.house, "ada")
    served.play = (await served.house.http.post("/api/plays", json={"playground": "demo"}, headers=ada)).json()
    await until(served.house, served.play["id"], "RUNNING", headers=ada)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", headers=ada) as http:
        url = (await http.post(f"/api/plays/{served.play['id']}/conns")).json()["url"]
        async with served.terminal(headers=ada) as terminal, connect(url, proxy=None) as conns:
            await terminal.recv()
            await conns.recv()
            owner = {"Authorization": f"Bearer {TOKEN}"}
            await http.patch("/api/users/ada", json={"disabled": True}, headers=owner)
            assert await ended(terminal) == await ended(conns) == 4401
        with pytest.raises(InvalidStatus):
            await served.terminal(headers=ada)


async def ended(socket: ClientConnection) -> int | None:
    """The code it is closed with, whatever comes before."""
    with suppress(ConnectionClosed):
        async with asyncio.timeout(10):
            while True:
                await socket.recv()
    return socket.close_code


@pytest.mark.parametrize("ticket", ["x", "0" * 24 + ".99999999999.abc", "%00"])
async def test_wrong_tickets(served: Served, ticket: str) -> None:
    async with served.connect(f"/conns/{ticket}", headers={}) as socket:
        assert (await said(socket))["error"]["code"] == "forbidden"
        assert await closed(socket) == 4403
