"""A server of Labyard's routes over real HTTP and WebSockets; its machines are this one: `exec` runs programs here."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from tests.unit.cli.fake_lessons import add_lessons
from tests.unit.cli.fake_moments import add_moments, ndjson
from tests.unit.cli.fake_program import Program

from labyard.cli.main import main
from labyard.cli.target import Target, from_environment
from labyard.hosts.fake import FakeHost
from labyard.repositories.settings import GitSettings

TOKEN = "owner-token-of-the-test"
SOURCE = Path(__file__).parents[3] / "src"


def play_json(play_id: str, *, state: str = "RUNNING", ready: bool = True, **more: Any) -> dict[str, Any]:
    conditions = [{"name": "Ready", "status": "True" if ready else "False"}]
    names = ("node-01", "node-02")
    return {
        "id": play_id,
        "title": "",
        "createdAt": "2026-01-02T03:04:05Z",
        "updatedAt": "2026-01-02T03:04:05Z",
        "expiresIn": 3600000,
        "playground": {"name": "mini-lan"},
        "pageUrl": f"http://labyard.localhost:8800/plays/{play_id}",
        "machines": [{"name": name, "users": [{"name": "laborant", "default": True}]} for name in names],
        "tasks": {},
        "status": {
            "stateEvents": [{"state": state}],
            "machines": [
                {
                    "name": name,
                    "state": "RUNNING" if ready else "STARTING",
                    "conditions": conditions,
                    "stage": "booting",
                }
                for name in names
            ],
        },
        **more,
    }


class FakeServer:
    """What tests look at and change while a CLI talks with it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.programs = 0  # running now
        self.forget()

    def forget(self) -> None:
        """As new, for the next test."""
        self.plays: dict[str, dict[str, Any]] = {}
        self.playgrounds: list[dict[str, Any]] = [
            {"name": "mini-lan", "title": "Mini LAN", "description": "three nodes"}
        ]
        self.details: list[dict[str, Any]] = []
        self.on_tasks: Callable[[], list[dict[str, Any]]] = lambda: self.details
        self.lessons: dict[str, list[dict[str, Any]]] = {}  # by kind, in the plural
        self.scripts: dict[str, list[dict[str, Any]]] = {}  # by KIND/NAME[/PATH]
        self.created: list[dict[str, Any]] = []
        self.actions: list[tuple[str, dict[str, Any]]] = []
        self.requests: list[str] = []
        self.execs: list[dict[str, Any]] = []
        self.uploads: list[bytes] = []
        self.snapshots: list[dict[str, Any]] = []
        self.damaged: list[str] = []
        self.progress: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.on_create: Callable[[dict[str, Any]], dict[str, Any]] = lambda _body: play_json("ab" * 12)
        self.refuse: tuple[int, dict[str, Any]] | None = None
        self.holding = threading.Event()  # set when a play socket was opened
        self.most_unacknowledged = 0
        self.canned_endings: list[dict[str, Any] | None] = []  # instead of running a program; None: the line breaks

    def add_play(self, play_id: str, **how: Any) -> dict[str, Any]:
        self.plays[play_id] = play_json(play_id, **how)
        return self.plays[play_id]

    def make_play(self, play_id: str, **how: Any) -> dict[str, Any]:
        return play_json(play_id, **how)

    def act(self, play_id: str, body: dict[str, Any]) -> dict[str, Any]:
        self.actions.append((play_id, body))
        if body["action"] == "fork":
            play = self.on_create(body)
            self.plays[play["id"]] = play
            return play
        after = {"destroy": "DESTROYED", "stop": "STOPPED", "restart": "RUNNING"}.get(body["action"])
        if after:
            self.play(play_id)["status"]["stateEvents"].append({"state": after})
        return self.play(play_id)

    def wait_until(self, fact: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not fact():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.01)

    def play(self, play_id: str) -> dict[str, Any]:
        if play_id not in self.plays:
            raise HTTPException(
                404, detail={"code": "not-found", "message": f"there is no play {play_id}", "hint": None}
            )
        return self.plays[play_id]


@pytest.fixture(scope="session")
def serving() -> Iterator[FakeServer]:
    """One for all tests: starting and ending it takes longer than most of them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        fake = FakeServer(f"http://127.0.0.1:{listening.getsockname()[1]}")
        running = uvicorn.Server(
            uvicorn.Config(application(fake), log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        yield fake
        running.should_exit = True
        thread.join()


@pytest.fixture
def server(serving: FakeServer, tmp_path: Path) -> Iterator[FakeServer]:
    (tmp_path / "owner.token").write_text(TOKEN + "\n")
    serving.forget()
    yield serving
    serving.wait_until(lambda: serving.programs == 0)


class Cli:
    """`labyard` as people run it. `host`: behind a real server, with the loop that it lives in. `git`: what that may fetch."""

    host: tuple[FakeHost, asyncio.AbstractEventLoop] | None = None
    git: GitSettings | None = None

    def __init__(self, url: str, data: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "HOME": str(data),
            "LABYARD_URL": url,
            "LABYARD_DATA": str(data),
            "COLUMNS": "100",
        }

    @staticmethod
    def target(environment: dict[str, str]) -> Target:
        return from_environment(environment)

    def start(self, *arguments: str, command: list[str] | None = None, **more: Any) -> subprocess.Popen[bytes]:
        more = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        command = command or [sys.executable, "-m", "labyard.cli", *arguments]
        return subprocess.Popen(command, env=self.environment, **more)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """In this process, which is quick: for verbs that only print."""
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["labyard", *arguments])
            for name in ("LABYARD_URL", "LABYARD_DATA", "LABYARD_TOKEN"):
                patch.delenv(name, raising=False)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            with (
                contextlib.redirect_stdout(stdout),
                contextlib.redirect_stderr(stderr),
                pytest.raises(SystemExit) as left,
            ):
                main()
        printed = [stream.buffer.getvalue() for stream in (stdout, stderr) if isinstance(stream.buffer, io.BytesIO)]
        return subprocess.CompletedProcess(arguments, int(left.value.code or 0), *printed)

    def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """As a program of its own, with what is piped into it."""
        with self.start(*arguments) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout=30)
            finally:
                process.kill()  # else a hanging one would keep the test for ever
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


@pytest.fixture
def cli(server: FakeServer, tmp_path: Path) -> Cli:
    return Cli(server.url, tmp_path)


@pytest.fixture
def lonely(tmp_path: Path) -> Cli:
    """A CLI whose server is not there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return Cli(f"http://127.0.0.1:{port}", tmp_path)


def application(fake: FakeServer) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def gate(request: Request, proceed: Any) -> Any:
        fake.requests.append(f"{request.method} {request.url.path}")
        if request.url.path == "/healthz":
            return JSONResponse({"status": "ok"})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": {"code": "unauthorized", "message": "no such token"}}, 401)
        if fake.refuse is not None:
            return JSONResponse(fake.refuse[1], fake.refuse[0])
        return await proceed(request)

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code)

    add_plays(app, fake)
    add_streams(app, fake)
    add_stock(app, fake)
    add_moments(app, fake)
    add_lessons(app, fake)
    return app


def add_plays(app: FastAPI, fake: FakeServer) -> None:
    @app.get("/api/playgrounds")
    async def catalog() -> Any:
        return fake.playgrounds

    @app.get("/api/playgrounds/{name}")
    async def playground(name: str) -> Any:
        return {
            "kind": "playground",
            "name": name,
            "machines": [{"name": "node-01", "startupFiles": [{"content": "a\nb\n"}]}],
            "tabs": [],
        }

    @app.post("/api/plays")
    async def create(request: Request) -> Any:
        body = await request.json()
        fake.created.append(body)
        play = fake.on_create(body)
        fake.plays[play["id"]] = play
        return play

    @app.get("/api/plays")
    async def plays() -> Any:
        return list(fake.plays.values())

    @app.get("/api/plays/{play_id}")
    async def one(play_id: str) -> Any:
        return fake.play(play_id)

    @app.post("/api/plays/{play_id}/actions")
    async def act(play_id: str, request: Request) -> Any:
        return fake.act(play_id, await request.json())

    @app.get("/api/plays/{play_id}/tasks")
    async def tasks(play_id: str) -> Any:
        return fake.on_tasks()

    @app.get("/api/plays/{play_id}/debug")
    async def debug(play_id: str) -> Any:
        machines = [
            {
                "name": "node-01",
                "command": "qemu -x",
                "enter": "ip netns exec w sh",
                "console": "boot\n\x1b[31mred",
                "pid": 7,
            }
        ]
        return {"id": play_id, "state": "RUNNING", "machines": machines}

    @app.get("/api/plays/{play_id}/machines/{machine}/console")
    async def console(play_id: str, machine: str) -> Any:
        return PlainTextResponse(f"console of {machine}\n")

    @app.post("/api/signin-links")
    async def link() -> Any:
        return {"url": "http://labyard.localhost:8800/signin?token=once"}


def add_streams(app: FastAPI, fake: FakeServer) -> None:
    @app.post("/api/plays/{play_id}/conns")
    async def conns(play_id: str) -> Any:
        return {"url": f"ws://labyard.localhost:1/api/conns/{play_id}?key=k"}

    @app.websocket("/api/conns/{play_id}")
    async def follow(websocket: WebSocket, play_id: str) -> None:
        await websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            fake.holding.set()
            await websocket.send_json({"kind": "status", "status": fake.plays[play_id]["status"]})
            while True:
                while fake.messages:
                    await websocket.send_json(fake.messages.pop(0))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(websocket.receive(), 0.02)
                    return

    @app.websocket("/api/plays/{play_id}/machines/{machine}/exec")
    async def execute(websocket: WebSocket, play_id: str, machine: str) -> None:
        await websocket.accept()
        request = json.loads(await websocket.receive_text())
        fake.execs.append({"machine": machine, **request})
        with contextlib.suppress(WebSocketDisconnect, ExceptionGroup):
            await Program(fake, websocket).run(request)

    @app.websocket("/api/plays/{play_id}/machines/{machine}/terminals/{terminal}")
    async def attach(websocket: WebSocket, play_id: str, machine: str, terminal: str) -> None:
        await websocket.accept()
        fake.requests.append(f"TERMINAL {machine} {terminal} {websocket.url.query}")
        await websocket.send_bytes(b"laborant@node-01:~$ ")
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if typed := message.get("bytes"):
                    await websocket.send_bytes(typed)
                    if b"exit\r" in typed:
                        await websocket.send_json({"exit": 5})
                        return


def add_stock(app: FastAPI, fake: FakeServer) -> None:
    def told() -> StreamingResponse:
        return ndjson(fake.progress)

    @app.get("/api/images")
    async def images() -> Any:
        return [{"source": "debian-12", "digest": "sha256:ab", "size": 2 << 30, "created_at": "2026-01-02T03:04:05Z"}]

    @app.post("/api/images/pull")
    async def pull(request: Request) -> Any:
        fake.created.append(await request.json())
        return told()

    @app.post("/api/images/import")
    async def take(request: Request, name: str) -> Any:
        fake.uploads.append(await request.body())
        fake.created.append({"name": name})
        return told()

    @app.delete("/api/images")
    async def remove(source: str) -> Any:
        fake.requests.append(f"REMOVE {source}")
        return {}

    @app.post("/api/images/gc")
    async def gc() -> Any:
        return {"freed": 3 << 20}

    @app.get("/api/kernels")
    async def kernels() -> Any:
        return [
            {"version": "6.1", "release": "6.1.0-40-cloud-amd64", "size": 1 << 20},
            {"version": "6.12", "release": None},
        ]

    @app.post("/api/kernels/pull")
    async def pull_kernel(request: Request) -> Any:
        fake.created.append(await request.json())
        return told()
