"""Debian's Caddy in front, with the Caddyfile of the operators' guide: TLS, the pages, a terminal, a port's own origin."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from tests.support.database import open_copy
from tests.support.lab import free_port
from tests.support.program import listening
from tests.unit.server.conftest import DEMO
from websockets.asyncio.client import connect

from labyard.assembly.configuration import Configuration
from labyard.assembly.house import services_over
from labyard.assembly.settings import Settings
from labyard.hosts.fake import FakeHost
from labyard.resources import built
from labyard.server.app import create_app, uvicorn_config

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).parents[3] / "docs" / "guide" / "operators" / "internet.md"
NAME = "labs.example.org"


@dataclass
class Front:
    """`port`: of Caddy. `trust`: its own authority and no other."""

    port: int
    trust: ssl.SSLContext
    services: Any
    browser: httpx.AsyncClient

    @property
    def site(self) -> str:
        return f"{NAME}:{self.port}"

    async def ask(self, method: str, path: str, name: str = NAME, **more: Any) -> httpx.Response:
        """As a browser would that finds all names at loopback: by SNI and Host."""
        headers = {"Host": f"{name}:{self.port}", **more.pop("headers", {})}
        extensions = {"sni_hostname": name}
        return await self.browser.request(
            method, f"https://127.0.0.1:{self.port}{path}", headers=headers, extensions=extensions, **more
        )

    def socket(self, path: str, name: str = NAME, **headers: str) -> connect:
        return connect(
            f"wss://{name}:{self.port}{path}",
            host="127.0.0.1",
            port=self.port,
            ssl=self.trust,
            additional_headers=headers,
            origin=f"https://{self.site}",  # type: ignore[arg-type]
            proxy=None,
        )


async def echo(request: Request) -> Response:
    return JSONResponse({"path": request.url.path, "headers": dict(request.headers)})


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text((await websocket.receive_text()).upper())
    await websocket.close()


PROGRAM = Starlette(routes=[WebSocketRoute("/talk", talk), Route("/{path:path}", echo)])


@asynccontextmanager
async def caddy(folder: Path, port: int, behind: int) -> AsyncIterator[ssl.SSLContext]:
    """The guide's own lines, at other ports. Yields what trusts its authority."""
    (lines,) = re.findall(r"```caddy\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    site = lines.replace("127.0.0.1:8800", f"127.0.0.1:{behind}").replace(NAME, f"{NAME}:{port}")
    options = f"admin off\n skip_install_trust\n auto_https disable_redirects\n storage file_system {folder / 'caddy'}"
    (folder / "Caddyfile").write_text(f"{{\n {options}\n}}\n{site}")
    program = shutil.which("caddy")
    assert program is not None, "tools/ensure-packages test"
    with (folder / "caddy.log").open("wb") as log:
        arguments = ("run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile")
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        process = await asyncio.create_subprocess_exec(program, *arguments, stdout=log, stderr=log, env=environment)
    try:
        root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        async with asyncio.timeout(60):
            while not root.exists() or not _answers(port):
                assert process.returncode is None, (folder / "caddy.log").read_text()
                await asyncio.sleep(0.1)
        yield ssl.create_default_context(cafile=str(root))
    finally:
        process.terminate()
        await process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "demo.yaml").write_text(DEMO)
    port = free_port()
    configuration = Configuration(public_url=f"https://{NAME}:{port}")
    settings = Settings(data=tmp_path, configuration=configuration, catalogs=(tmp_path / "catalog",))
    database, host = await open_copy(tmp_path / "labyard.db"), FakeHost()
    services = services_over(settings, database, host)
    app = create_app(services, pages=built("pages"))
    server = uvicorn.Server(uvicorn_config(app, host="127.0.0.1", port=0, message_limit=1 << 20))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)
    behind = server.servers[0].sockets[0].getsockname()[1]
    async with (
        caddy(tmp_path, port, behind) as trust,
        listening(host, 8080, PROGRAM),
        httpx.AsyncClient(verify=trust, trust_env=False, timeout=30) as browser,
    ):
        yield Front(port, trust, services, browser)
    server.should_exit = True
    await serving
    await host.close()
    await database.close()


async def signed_in(front: Front) -> str:
    """The one cookie of a browser that opened a link."""
    secret = await front.services.access.new_link()
    answer = await front.ask("GET", f"/signin?token={secret}")
    assert answer.status_code == 303
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("__Host-labyard_session=")
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= {part.strip().lower() for part in cookie.split(";")}
    assert "domain" not in cookie.lower()
    front.browser.cookies.clear()
    return cookie.partition(";")[0]


async def test_all_of_it_by_tls(front: Front) -> None:
    assert (await front.ask("GET", "/", headers={"Accept": "text/html"})).status_code == 401
    cookie = await signed_in(front)
    page = await front.ask("GET", "/", headers={"Cookie": cookie, "Accept": "text/html"})
    assert page.status_code == 200 and "<script" in page.text
    for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text):
        assert (await front.ask("GET", asset)).status_code == 200
    mine = {"Cookie": cookie, "Origin": f"https://{front.site}"}
    assert (
        await front.ask("POST", "/api/plays", headers={**mine, "Origin": f"http://{front.site}"})
    ).status_code == 403
    play = (await front.ask("POST", "/api/plays", headers=mine, json={"playground": "demo"})).json()
    assert play["pageUrl"].startswith(f"https://{front.site}/plays/")
    await until_running(front, play["id"], mine)
    await a_terminal(front, play["id"], cookie)
    await a_port(front, play["id"], mine)


async def until_running(front: Front, play: str, mine: dict[str, str]) -> None:
    async with asyncio.timeout(20):
        while True:
            told = (await front.ask("GET", f"/api/plays/{play}", headers=mine)).json()
            if told["status"]["stateEvents"][-1]["state"] == "RUNNING":
                return
            await asyncio.sleep(0.05)


async def a_terminal(front: Front, play: str, cookie: str) -> None:
    async with front.socket(f"/api/plays/{play}/machines/node-01/terminals/main", Cookie=cookie) as terminal:
        await terminal.send(b"echo through\r")
        seen = b""
        async with asyncio.timeout(20):
            while b"through" not in seen:
                message = await terminal.recv()
                seen += message if isinstance(message, bytes) else b""


async def a_port(front: Front, play: str, mine: dict[str, str]) -> None:
    """Its own origin below the site's name: private until the way by the pages was taken, then with a cookie of its own."""
    body = {"machine": "node-01", "number": 8080}
    told = (await front.ask("POST", f"/api/plays/{play}/ports", headers=mine, json=body)).json()
    name = f"8080-node-01-{play}.{NAME}"
    assert told["url"] == f"https://{name}:{front.port}/"
    there = await front.ask("GET", "/hello", name, headers={"Accept": "text/html"})
    door = there.headers["location"]
    assert there.status_code == 307 and door.startswith(f"https://{front.site}/ports/enter?")
    enter = await front.ask("GET", door.removeprefix(f"https://{front.site}"), headers=mine)
    onward = enter.headers["location"].removeprefix(f"https://{name}:{front.port}")
    entered = await front.ask("GET", onward, name)
    (given,) = entered.headers.get_list("set-cookie")
    assert "secure" in given.lower() and "domain" not in given.lower()
    theirs = {"Cookie": f"{given.partition(';')[0]}; {mine['Cookie']}"}
    answer = (await front.ask("GET", "/hello", name, headers=theirs)).json()
    assert answer["path"] == "/hello" and "__Host-" not in json.dumps(answer), "nothing of ours goes in"
    assert answer["headers"]["x-forwarded-proto"] == "https"
    async with front.socket("/talk", name, **theirs) as socket:
        await socket.send("hello")
        assert await socket.recv() == "HELLO"


async def test_other_names_are_refused_and_links_of_the_box_lead_here(front: Front) -> None:
    answer = await front.ask("GET", "/", f"nothing.{NAME}")
    assert answer.status_code == 400 and "does not answer to the name" in answer.text
    token = (front.services.scratch.parent / "owner.token").read_text().strip()
    link = await front.ask("POST", "/api/signin-links", headers={"Authorization": f"Bearer {token}"})
    assert link.json()["url"].startswith(f"https://{front.site}/signin?token=")
