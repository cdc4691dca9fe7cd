"""What is looked at of a fake play: what its machines take, their consoles, pages of other sites."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from labyard.server.web_pages import page_for
from tests.e2e.fake_plays import FakePlay, Json, lesson_play

CONSOLE = (
    "[    0.000000] Linux version 6.1.0-42-cloud-amd64 (debian-kernel@lists.debian.org)\r\n"
    "[    0.004000] Command line: console=ttyS0 quiet\r\n"
    "[\x1b[0;32m  OK  \x1b[0m] Reached target \x1b[0;1;39mmulti-user.target\x1b[0m - Multi-User System.\r\n"
    "\r\nDebian GNU/Linux 12 <b>{name}</b> ttyS0\r\n\r\n{name} login: "
)
BUSY = (0.07, 0.62, 0.31)
"""Shares of all processors that the machines of a play are busy with, in their order."""


def looking_routes(plays: Mapping[str, FakePlay], looked: list[str]) -> list[Route]:
    """`looked`: the ids of plays that were asked for what they take."""

    async def load(request: Request) -> Response:
        play = plays[request.path_params["id"]]
        looked.append(play.id)
        return JSONResponse(loads(play))

    async def console(request: Request) -> Response:
        return PlainTextResponse(CONSOLE.format(name=request.path_params["machine"]))

    async def files(request: Request) -> Response:
        return JSONResponse(listing(request.query_params.get("path", "")))

    async def web_page(request: Request) -> Response:
        tabs = plays[request.path_params["id"]].playground["tabs"]
        tab = next(tab for tab in tabs if tab.get("id") == request.path_params["tab"])
        return page_for(tab["url"], tab["name"], "http://labyard.localhost:8800", ())

    machine = "/api/plays/{id}/machines/{machine}"
    return [
        Route("/api/plays/{id}/load", load),
        Route(f"{machine}/console", console),
        Route(f"{machine}/files", files),
        Route("/plays/{id}/web-pages/{tab}", web_page),
    ]


def loads(play: FakePlay) -> Json:
    now = time.monotonic()
    machines = enumerate(play.playground["machines"])
    return {"at": now, "machines": [_load(play, place, machine["name"], now) for place, machine in machines]}


def _load(play: FakePlay, place: int, name: str, now: float) -> dict[str, Any]:
    state, ready, *_ = play.stages[name]
    off = state != "RUNNING"
    return {
        "name": name,
        "cpus": 2,
        "cpuSeconds": None if off else now * 2 * BUSY[place % len(BUSY)],
        "memory": None if off else (212 + 150 * place) << 20,
        "memoryTotal": 1 << 30 if ready else None,
    }


def listing(path: str) -> Json:
    """A home with one file: editors are tried over the real server."""
    entry = {
        "name": "notes.txt",
        "kind": "file",
        "size": 12,
        "modified": 0,
        "mode": 0o644,
        "target": None,
        "odd": False,
    }
    about = {"path": path or "/home/laborant", "version": "1", "total": 1, "offset": 0, "cut": False, "writable": True}
    return {**about, "entries": [entry]}


def open_menu(page: Page) -> None:
    page.get_by_label("More", exact=True).first.click()


def author_play() -> FakePlay:
    play = lesson_play()
    play.output["prepare"] = {"lastRunAt": "2026-01-02T10:00:00Z", "lastDurationMs": 1840, "run": "apt-get update"}
    play.output["prepare"] |= {"stdout": "Reading package lists...\n"}
    play.output["verify_forwarding"] = {
        "lastRunAt": "2026-01-02T10:00:05Z",
        "lastDurationMs": 40,
        "exitCode": 1,
        "run": '[ "$(sysctl -n net.ipv4.ip_forward)" = 1 ]',
        "stderr": "it is <b>0</b>\n",
        "hintcheck": "echo still 0",
        "runs": 3,
    }
    return play


def open_behind(page: Page) -> None:
    open_menu(page)
    page.get_by_role("button", name="Tasks and consoles").click()
    expect(page.get_by_role("tab", name="Tasks and consoles")).to_have_attribute("aria-selected", "true")
