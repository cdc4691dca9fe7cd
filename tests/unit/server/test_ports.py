"""Ports of machines over a real uvicorn on loopback, to a real program behind a machine made of nothing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from tests.support.program import listening
from tests.unit.server.conftest import House
from tests.unit.server.test_people import token_of
from tests.unit.server.test_plays import started
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from labyard.server.app import create_app, uvicorn_config

gone = asyncio.Event()


async def echo(request: Request) -> Response:
    body = await request.body()
    told = {
        "method": request.method,
        "path": request.url.path,
        "query": request.url.query,
        "headers": dict(request.headers),
        "body": body.decode("latin-1"),
    }
    response = JSONResponse(told, headers={"Clear-Site-Data": '"cookies"', "X-Mine": "1"})
    response.set_cookie("theirs", "1", domain="labyard.localhost")
    response.headers.append("Set-Cookie", "labyard_session=evil; Domain=labyard.localhost")
    return response


async def flood(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    return StreamingResponse(pieces())


async def events(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: 1\n\n"
                await asyncio.sleep(0.02)
        finally:
            gone.set()

    return StreamingResponse(pieces(), media_type="text/event-stream")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept("second" if "second" in websocket.scope["subprotocols"] else None)
    await websocket.send_text(json.dumps(dict(websocket.headers)))
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if message.get("text") == "bye":
            await websocket.close(4321, "so long")
            return
        await websocket.send({**message, "type": "websocket.send"})


async def page(_: Request) -> Response:
    return PlainTextResponse("hello", headers={"Location": "/x"})


PROGRAM = Starlette(
    routes=[
        Route("/flood", flood),
        Route("/events", events),
        WebSocketRoute("/socket", socket),
        Route("/{path:path}", echo, methods=["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    ]
)


@dataclass
class Door:
    """A browser that finds all names of the site at one port of ours."""

    house: House
    http: httpx.AsyncClient
    number: int
    play: str

    @property
    def host(self) -> str:
        return f"8080-node-01-{self.play}.labyard.localhost:{self.number}"

    @property
    def page(self) -> str:
        return f"labyard.localhost:{self.number}"

    async def ask(self, path: str, host: str = "", method: str = "GET", **more: Any) -> httpx.Response:
        headers = {"Host": host or self.host, **more.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **more)

    async def expose(self, **wish: Any) -> dict[str, Any]:
        body = {"machine": "node-01", "number": 8080, **wish}
        answer = await self.house.http.post(f"/api/plays/{self.play}/ports", json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def signed_in(self) -> dict[str, str]:
        """The cookie of the pages, of a browser of its own."""
        self.http.cookies.clear()
        link = (await self.ask("/api/signin-links", self.page, "POST", headers=OWNER)).json()["url"]
        answer = await self.ask(httpx.URL(link).raw_path.decode(), self.page)
        return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}

    async def entered(self, pages: dict[str, str] | None = None) -> dict[str, str]:
        """The cookie of the port, had as a browser has it that is signed in at the `pages`."""
        mine = pages or await self.signed_in()
        door = await self.ask("/deep?a=b", headers=HTML)
        assert door.status_code == 307 and door.headers["location"].startswith(f"http://{self.page}/ports/enter?")
        through = await self.ask(door.headers["location"].removeprefix(f"http://{self.page}"), self.page, headers=mine)
        assert through.status_code == 303 and through.headers["location"].startswith(
            f"http://{self.host}/.labyard/enter?"
        )
        in_ = await self.ask(through.headers["location"].removeprefix(f"http://{self.host}"))
        assert in_.status_code == 303 and in_.headers["location"] == "/deep?a=b"
        cookie = in_.headers["set-cookie"]
        assert "HttpOnly" in cookie and "Domain" not in cookie and "SameSite=lax" in cookie
        return {"Cookie": cookie.partition(";")[0]}

    async def sign_out(self, pages: dict[str, str], way: str = "/api/account/sign-out") -> None:
        """Everywhere, or here (`/api/auth/logout`)."""
        out = await self.ask(way, self.page, "POST", headers={**pages, "Origin": f"http://{self.page}"})
        assert out.status_code == 200

    def socket(self, headers: dict[str, str], **more: Any) -> connect:
        return connect(
            f"ws://{self.host}/socket",
            host="127.0.0.1",
            port=self.number,
            additional_headers=headers,
            proxy=None,
            compression=None,
            **more,
        )


OWNER = {"Authorization": "Bearer the-owner"}
HTML = {"Accept": "text/html"}


@asynccontextmanager
async def opened(house: House, play: str) -> AsyncIterator[Door]:
    app = create_app(house.services)
    server = uvicorn.Server(uvicorn_config(app, {"lifespan": "off"}, host="127.0.0.1", port=0, message_limit=1 << 20))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    number = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{number}", timeout=60) as http:
        yield Door(house, http, number, play)
    await app.state.ways.close()
    server.should_exit = True
    await serving


@pytest.fixture
async def door(house: House) -> AsyncIterator[Door]:
    play = (await started(house))["id"]
    async with listening(house.host, 8080, PROGRAM), opened(house, play) as door:
        yield door


async def test_a_public_port_is_everybodys(door: Door) -> None:
    told = await door.expose(access="public")
    assert re.fullmatch(rf"http://8080-node-01-{door.play}\.lab\.test/", told["url"]), "as seen by who asks"
    answer = await door.ask("/a%20b/c?d=e&f", method="POST", content=b"body", headers={"Cookie": "a=b; labyard_port=x"})
    heard = answer.json()
    assert (heard["method"], heard["path"], heard["query"], heard["body"]) == ("POST", "/a b/c", "d=e&f", "body")
    assert heard["headers"]["host"] == heard["headers"]["x-forwarded-host"] == door.host
    assert heard["headers"]["cookie"] == "a=b" and heard["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert answer.headers["x-mine"] == "1" and "clear-site-data" not in answer.headers
    assert answer.headers.get_list("set-cookie") == ["theirs=1; Path=/; SameSite=lax"]


async def test_a_private_port_is_its_owners_by_one_way_in(door: Door) -> None:
    await door.expose()
    assert (await door.ask("/")).status_code == 401
    assert (await door.ask("/", method="POST", headers=HTML)).status_code == 401
    mine = await door.entered()
    assert (await door.ask("/", headers=mine)).json()["headers"].get("cookie") is None
    shadowed = {"Cookie": f"labyard_port=evil; {mine['Cookie']}; labyard_port=worse"}
    assert (await door.ask("/", headers=shadowed)).status_code == 200
    await door.expose(number=9090)
    elsewhere = f"9090-node-01-{door.play}.labyard.localhost:{door.number}"
    assert (await door.ask("/", elsewhere, headers=mine)).status_code == 401, "a cookie is good for its own port"


async def test_an_old_cookie_of_a_port_leads_to_the_door(door: Door) -> None:
    await door.expose()
    about = f"port:8080-node-01-{door.play}:owner:owner"
    good, old = (door.house.services.access.ticket(about, timedelta(hours=hours)) for hours in (1, -1))
    assert (await door.ask("/", headers={"Cookie": f"labyard_port={good}"})).status_code == 200
    for wrong in (old, good[:-1], about, f"{about}.x.y", "", "ü"):
        cookie = {"Cookie": f"labyard_port={wrong}".encode()}
        assert (await door.ask("/", headers=cookie)).status_code == 401
        assert (await door.ask("/", headers={**cookie, **HTML})).status_code == 307


async def test_a_stranger_and_somebody_else_do_not_get_in(door: Door) -> None:
    await door.expose()
    path = f"/ports/enter?port=8080-node-01-{door.play}"
    assert (await door.ask(path, door.page)).status_code == 401
    ada = await token_of(door.house, "ada")
    assert (await door.ask(path, door.page, headers=ada)).status_code == 404
    assert (await door.ask("/.labyard/enter?ticket=x")).status_code == 403
    for answer in (
        await door.house.http.get(f"/api/plays/{door.play}/ports", headers=ada),
        await door.house.http.post(
            f"/api/plays/{door.play}/ports", headers=ada, json={"machine": "node-01", "number": 80}
        ),
    ):
        assert answer.status_code == 404


async def test_pages_of_other_plays_change_nothing_at_a_private_port(door: Door) -> None:
    await door.expose()
    mine = await door.entered()
    other = f"http://8080-node-01-{'0' * 24}.labyard.localhost:{door.number}"
    same = f"http://3000-node-02-{door.play}.labyard.localhost:{door.number}"
    for origin, code in (
        (other, 403),
        ("http://evil.test", 403),
        ("null", 403),
        (same, 200),
        (f"http://{door.page}", 200),
    ):
        answer = await door.ask("/", method="POST", headers={**mine, "Origin": origin})
        assert answer.status_code == code, origin
    with pytest.raises(InvalidStatus):
        await door.socket({**mine, "Origin": other})


async def test_what_is_not_exposed_is_not_there(door: Door) -> None:
    await door.expose(access="public")
    for label in (f"8081-node-01-{door.play}", f"8080-node-03-{door.play}", f"8080-node-01-{'f' * 24}"):
        answer = await door.ask("/", f"{label}.labyard.localhost:{door.number}")
        assert answer.status_code == 404, label
    assert (await door.ask("/", f"0-x.labyard.localhost:{door.number}")).status_code == 400, "no name of ours"
    (port,) = (await door.house.http.get(f"/api/plays/{door.play}/ports")).json()
    assert (await door.house.http.delete(f"/api/plays/{door.play}/ports/{port['id']}")).status_code == 200
    assert (await door.house.http.delete(f"/api/plays/{door.play}/ports/{port['id']}")).status_code == 404
    assert (await door.ask("/")).status_code == 404


async def test_a_program_that_does_not_answer(door: Door) -> None:
    await door.expose(number=9090, access="public")
    answer = await door.ask("/", f"9090-node-01-{door.play}.labyard.localhost:{door.number}")
    assert answer.status_code == 502 and "port 9090 of node-01" in answer.text


async def test_rewrites(door: Door) -> None:
    await door.expose(access="public", hostRewrite="localhost:3000", pathRewrite="/base/")
    heard = (await door.ask("/x")).json()
    assert (heard["path"], heard["headers"]["host"]) == ("/base/x", "localhost:3000")


@pytest.mark.parametrize(
    "wish",
    [
        {"number": 0},
        {"number": 65536},
        {"access": "all"},
        {"hostRewrite": "a\r\nb"},
        {"hostRewrite": "a/b"},
        {"pathRewrite": "x"},
        {"pathRewrite": "/a b"},
        {"pathRewrite": "/a?b"},
        {"pathRewrite": "/" + "x" * 2000},
    ],
)
async def test_what_cannot_be_exposed(door: Door, wish: dict[str, Any]) -> None:
    body = {"machine": "node-01", "number": 8080, **wish}
    answer = await door.house.http.post(f"/api/plays/{door.play}/ports", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-request")


async def test_large_things_both_ways(door: Door) -> None:
    await door.expose(access="public")
    assert len((await door.ask("/flood")).content) == 64 * 65536

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield b"y" * 65536

    answer = await door.ask("/", method="PUT", content=pieces())
    assert len(answer.json()["body"]) == 32 * 65536
    several = await asyncio.gather(*(door.ask(f"/{number}") for number in range(100)))
    assert {answer.json()["path"] for answer in several} == {f"/{number}" for number in range(100)}


async def test_who_leaves_ends_what_was_asked(door: Door) -> None:
    gone.clear()
    await door.expose(access="public")
    with suppress(httpx.ReadTimeout):
        async with door.http.stream("GET", "/events", headers={"Host": door.host}) as answer:
            async for line in answer.aiter_lines():
                assert line == "data: 1"
                break
    async with asyncio.timeout(10):
        await gone.wait()


async def test_sockets_both_ways(door: Door) -> None:
    await door.expose()
    mine = await door.entered()
    async with door.socket(mine, subprotocols=["first", "second"], max_size=None) as talk:
        assert talk.subprotocol == "second"
        heard = json.loads(await talk.recv())
        assert heard["host"] == door.host and "cookie" not in heard
        for message in ("text", "ü", b"\x00\xff", "x" * 300_000, b"", ""):
            await talk.send(message)
            assert await talk.recv() == message
        await talk.send("bye")
        with pytest.raises(Exception, match="so long"):
            await talk.recv()
        assert talk.close_code == 4321
    with pytest.raises(InvalidStatus):
        await door.socket({})


async def test_what_its_program_has_closed_is_not_used_again(house: House) -> None:
    play = (await started(house))["id"]
    async with listening(house.host, 8080, PROGRAM, timeout_keep_alive=0), opened(house, play) as door:
        await door.expose(access="public")
        for _ in range(3):
            answer = await door.ask("/", method="POST", content=b"once")
            assert answer.status_code == 200 and answer.json()["body"] == "once"
            await asyncio.sleep(0.3)
