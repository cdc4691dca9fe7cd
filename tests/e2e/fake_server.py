"""The server's HTTP and WebSocket side with nothing behind it, to hold the pages to docs/develop/architecture.md."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.e2e.fake_finding import found_in_git, progress
from tests.e2e.fake_lessons import PICTURE, PLURALS, FakeLesson, attempt, lessons, tag_of
from tests.e2e.fake_looking import looking_routes
from tests.e2e.fake_plays import PLAYGROUNDS, FakePlay
from tests.e2e.fake_terminal import FakeTerminal, Viewer

# What docs/develop/web.md asks the server to send with every page.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
STEP = 0.15  # seconds between two events of a fake start


def error(status: int, code: str, message: str, hint: str | None = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message, "hint": hint, "problems": []}}, status)


class FakeServer:
    """`with FakeServer(pages) as server`: serves on a free port of 127.0.0.1 until the block ends."""

    def __init__(self, pages: Path) -> None:
        self.pages = pages
        self.plays: dict[str, FakePlay] = {}
        self.terminals: dict[tuple[str, str, str], FakeTerminal] = {}
        self.sockets: set[WebSocket] = set()
        self.started: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []
        self.lessons: dict[tuple[str, str], FakeLesson] = {}
        self.teach()
        self.rewound: list[str] = []
        self.looked: list[str] = []
        self.refuse_next: Response | None = None
        self.refusal: dict[str, str] | None = None  # of every terminal that is opened
        self.base_url = ""
        self._tasks: set[asyncio.Task[None]] = set()
        routes = [
            Route("/signin", self.signin),
            Route("/api/auth/me", self.me),
            Route("/api/auth/logout", self.logout, methods=["POST"]),
            Route("/api/account", self.account),
            Route("/api/tokens", self.tokens_of_ones_own),
            Route("/api/playgrounds", self.list_playgrounds),
            Route("/api/playgrounds/{name}", self.playground),
            Route("/api/plays", self.list_plays, methods=["GET"]),
            Route("/api/plays", self.start_play, methods=["POST"]),
            Route("/api/plays/{id}", self.get_play),
            Route("/api/plays/{id}/actions", self.act, methods=["POST"]),
            Route("/api/plays/{id}/ports", self.ports),
            *looking_routes(self.plays, self.looked),
            Route("/api/plays/{id}/tasks", self.tasks),
            Route("/api/plays/{id}/tasks/{task}/input", self.answer, methods=["POST"]),
            Route("/api/progress", self.progress),
            Route("/api/git", self.look_in_git, methods=["POST"]),
            Route("/status", self.status),
            Route("/content/files/{path:path}", self.file),
            *(Route(f"/api/{kinds}", self.list_lessons) for kinds in PLURALS),
            *(Route(f"/api/{kinds}/{{name}}", self.lesson, methods=["GET", "PATCH"]) for kinds in PLURALS),
            *(Route(f"/api/{kinds}/{{name}}/page", self.lesson_page) for kinds in PLURALS),
            *(Route(f"/api/{kinds}/{{name}}/solutions", self.solutions) for kinds in PLURALS),
            Route("/api/courses/{name}/learning", self.change_learning, methods=["PATCH"]),
            Route("/api/plays/{id}/snapshots", self.snapshots),
            Route("/api/plays/{id}/conns", self.conns, methods=["POST"]),
            WebSocketRoute("/api/conns/{id}", self.watch),
            WebSocketRoute("/api/plays/{id}/machines/{machine}/terminals/{terminal}", self.terminal),
            Mount("/assets", StaticFiles(directory=pages / "assets")),
            Route("/{path:path}", self.page),
        ]
        app = Starlette(routes=routes, lifespan=self._lifespan)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="error",
            ws="websockets-sansio",
            ws_max_size=1 << 20,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> FakeServer:
        self._thread.start()
        assert self._ready.wait(10), "the fake server did not start"
        while not self._server.started:
            assert self._thread.is_alive()
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)

    def add(self, play: FakePlay) -> FakePlay:
        self.plays[play.id] = play
        return play

    def cut(self) -> None:
        """Every socket ends at once, as when the server is restarted."""

        async def close_all() -> None:
            for socket in list(self.sockets):
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await socket.close(1012)

        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(close_all(), self._loop).result(5)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        yield
        for task in self._tasks:
            task.cancel()
        for terminal in self.terminals.values():
            terminal.close()

    def _known(self, request: Request) -> bool:
        return request.cookies.get("labyard_session") == "yes"

    async def page(self, request: Request) -> Response:
        path = request.path_params["path"]
        if path.startswith("api/"):
            return error(404, "not-found", "No such route.")
        return FileResponse(
            self.pages / "index.html", headers={"content-security-policy": CSP, "cache-control": "no-cache"}
        )

    async def signin(self, _: Request) -> Response:
        answer = RedirectResponse("/", 303)
        answer.set_cookie("labyard_session", "yes", httponly=True, samesite="lax")
        return answer

    async def me(self, request: Request) -> Response:
        if not self._known(request):
            return error(401, "unauthorized", "You are not signed in.", "Run `labyard up` for a fresh link.")
        return JSONResponse({"id": "owner", "handle": "owner", "role": "admin"})

    async def logout(self, _: Request) -> Response:
        response = JSONResponse({"status": "ok"})
        response.delete_cookie("labyard_session")
        return response

    async def account(self, _: Request) -> Response:
        who = {"id": "1", "handle": "ada", "role": "learner", "email": "ada@example.org"}
        return JSONResponse({**who, "hasAccount": True, "hasPassword": True, "sessions": 2})

    async def tokens_of_ones_own(self, _: Request) -> Response:
        token = {"id": "1", "name": "laptop", "scope": ["playground:write", "learning:read"], "createdAt": "2026-01-02"}
        return JSONResponse([{**token, "expiresAt": "2026-04-02T00:00:00Z"}, {**token, "scope": [], "expiresAt": ""}])

    async def list_playgrounds(self, _: Request) -> Response:
        return JSONResponse(list(PLAYGROUNDS.values()))

    async def playground(self, request: Request) -> Response:
        found = PLAYGROUNDS.get(request.path_params["name"])
        return JSONResponse(found) if found else error(404, "not-found", "No such playground.")

    async def list_plays(self, _: Request) -> Response:
        return JSONResponse([play.json() for play in self.plays.values()])

    async def start_play(self, request: Request) -> Response:
        assert request.headers.get("origin") == self.base_url, "changes of state need the page's origin"
        body = await request.json()
        self.started.append(body)
        if self.refuse_next is not None:
            refusal, self.refuse_next = self.refuse_next, None
            return refusal
        if lesson := body.get("lesson"):
            return JSONResponse(self.add(attempt(lesson)).json())
        play = self.add(FakePlay(PLAYGROUNDS[body["playground"]]))
        self._tell(play)
        return JSONResponse(play.json())

    async def _story(self, play: FakePlay) -> None:
        for name in play.stages:
            play.machine(name, "STARTING", "kernel is booting")
        for name in play.stages:
            await asyncio.sleep(STEP)
            play.machine(name, "RUNNING", ready=True)
        for name in [name for name, task in play.tasks.items() if task["status"] != 40]:
            play.task(name, 30)
            await asyncio.sleep(STEP)
            play.task(name, 40, lastDurationMs=int(STEP * 1000))
        play.become("RUNNING")

    async def get_play(self, request: Request) -> Response:
        play = self.plays.get(request.path_params["id"])
        return JSONResponse(play.json()) if play else error(404, "not-found", "No such play.")

    async def act(self, request: Request) -> Response:
        play = self.plays[request.path_params["id"]]
        body = await request.json()
        action = body["action"]
        if self.refuse_next is not None:
            refusal, self.refuse_next = self.refuse_next, None
            return refusal
        if action in ("fork", "snapshot", "rewind", "remove_snapshot", "restart"):
            await asyncio.sleep(STEP)
            return JSONResponse(self._moment(play, action, body.get("name", "")).json())
        if action == "set_max_play_time":
            play.give(body["maxPlayTimeMinutes"])
            return JSONResponse(play.json())
        ends = {"stop": ("STOPPED", "stopped"), "destroy": ("DESTROYED", "destroyed")}
        if action not in ends:
            return error(501, "not-built", f"The action {action} is not built yet.", "It comes with a later version.")
        play.become(*ends[action])
        return JSONResponse(play.json())

    def _moment(self, play: FakePlay, action: str, name: str) -> FakePlay:
        match action:
            case "fork":
                play = self.add(play.fork())
                self._tell(play)
            case "snapshot":
                play.keep(name)
            case "remove_snapshot":
                play.forget(name)
            case "rewind":
                self.rewound.append(name)
                self._tell(play)
            case _:
                self._tell(play)
        return play

    def _tell(self, play: FakePlay) -> None:
        play.become("STARTING")
        task = asyncio.create_task(self._story(play))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def snapshots(self, request: Request) -> Response:
        return JSONResponse(self.plays[request.path_params["id"]].snapshots)

    async def ports(self, request: Request) -> Response:
        """None is exposed: ports are tried over the real server."""
        return JSONResponse([])

    async def tasks(self, request: Request) -> Response:
        return JSONResponse(self.plays[request.path_params["id"]].details())

    def teach(self, *more: FakeLesson) -> None:
        """The lessons as they are at first, and `more`."""
        self.lessons = {(each.plural, each.name): each for each in (*lessons(), *more)}

    def _lesson(self, request: Request) -> FakeLesson | None:
        return self.lessons.get((request.url.path.split("/")[2], request.path_params["name"]))

    async def status(self, _: Request) -> Response:
        return Response("<!doctype html><title>Status</title><h1>What the bots found</h1>", media_type="text/html")

    async def progress(self, request: Request) -> Response:
        return JSONResponse({**progress(), "zone": request.query_params["zone"]})

    async def look_in_git(self, request: Request) -> Response:
        return JSONResponse(found_in_git((await request.json())["url"]))

    async def file(self, _: Request) -> Response:
        return Response(PICTURE, media_type="image/svg+xml")

    async def list_lessons(self, request: Request) -> Response:
        kinds = request.url.path.split("/")[2]
        return JSONResponse([each.json() for (plural, _), each in self.lessons.items() if plural == kinds])

    async def lesson(self, request: Request) -> Response:
        known = self._lesson(request)
        if known is None:
            return error(404, "not-found", "No such lesson.")
        if request.method == "PATCH":
            body = await request.json()
            self.changed.append(body)
            if self.refuse_next is not None:
                refusal, self.refuse_next = self.refuse_next, None
                return refusal
            if body.get("completed"):
                known.told["status"] = "completed"
            if body.get("started"):
                known.play = self.add(attempt(f"{PLURALS[known.plural]}/{known.name}"))
        return JSONResponse(known.json())

    async def change_learning(self, request: Request) -> Response:
        body = await request.json()
        self.changed.append(body)
        course = self.lessons["courses", request.path_params["name"]]
        for module, wishes in body["modules"].items():
            for name, wish in wishes["lessons"].items():
                state = course.states.setdefault(name, {})
                if wish.get("completed"):
                    state["completed"] = True
                if wish.get("started"):
                    play = self.add(attempt(f"course/{course.name}/{module}/{name}"))
                    state |= {"started": True, "play": play.id}
        return JSONResponse(course.json())

    async def lesson_page(self, request: Request) -> Response:
        known = self._lesson(request)
        if known is None:
            return error(404, "not-found", "No such lesson.")
        known.asked += 1
        page = known.page(request.query_params.get("path", ""))
        headers = {"etag": tag_of(page), "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return JSONResponse(page, headers=headers)

    async def solutions(self, request: Request) -> Response:
        return JSONResponse(self.lessons[request.url.path.split("/")[2], request.path_params["name"]].look())

    async def answer(self, request: Request) -> Response:
        play, body = self.plays[request.path_params["id"]], await request.json()
        play.answers.append((request.path_params["task"], body["value"]))
        return Response(status_code=204)

    async def conns(self, request: Request) -> Response:
        return JSONResponse({"url": f"ws://name-of-the-box.invalid/api/conns/{request.path_params['id']}?ticket=t"})

    async def watch(self, socket: WebSocket) -> None:
        play = self.plays[socket.path_params["id"]]
        await socket.accept()
        self.sockets.add(socket)
        told = -1
        try:
            while True:
                if told != play.version:
                    told = play.version
                    await socket.send_json({"kind": "status", "status": play.status()})
                    for task in play.tasks.values():
                        await socket.send_json({"kind": "task", "machine": task["machine"], "task": task})
                await asyncio.sleep(0.05)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self.sockets.discard(socket)

    async def terminal(self, socket: WebSocket) -> None:
        play_id, machine, name = (socket.path_params[key] for key in ("id", "machine", "terminal"))
        await socket.accept()
        if self.refusal is not None:
            await socket.send_json({"error": self.refusal})
            await socket.close(4409)
            return
        cols, rows = int(socket.query_params["cols"]), int(socket.query_params["rows"])
        terminal = self.terminals.get((play_id, machine, name))
        if terminal is None or terminal.exit_code is not None:
            terminal = self.terminals[play_id, machine, name] = FakeTerminal(machine, cols, rows)
        viewer = terminal.attach()
        self.sockets.add(socket)
        sender = asyncio.create_task(self._send(socket, terminal, viewer))
        try:
            await self._receive(socket, terminal, viewer)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            sender.cancel()
            terminal.detach(viewer)
            self.sockets.discard(socket)

    async def _send(self, socket: WebSocket, terminal: FakeTerminal, viewer: Viewer) -> None:
        while (data := await viewer.queue.get()) is not None:
            await socket.send_bytes(data)
        await socket.send_json({"exit": terminal.exit_code})
        await socket.close()

    async def _receive(self, socket: WebSocket, terminal: FakeTerminal, viewer: Viewer) -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is not None:
                terminal.send(message["bytes"])
                continue
            said = json.loads(message["text"])
            if "resize" in said:
                terminal.resize(said["resize"]["cols"], said["resize"]["rows"])
            if "ack" in said:
                viewer.acknowledge(said["ack"])
