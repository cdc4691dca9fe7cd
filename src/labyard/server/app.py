"""The FastAPI application, made of services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from labyard import __version__
from labyard.control.files import Files
from labyard.server import (
    account,
    admin,
    authoring,
    conns,
    content_files,
    disk,
    files,
    forgotten,
    images,
    invitations,
    joining,
    lessons,
    metrics,
    new_address,
    oidc_signin,
    playgrounds,
    plays,
    ports,
    problems,
    progress,
    repositories,
    rules,
    search,
    signin,
    site,
    status,
    streams,
    tokens,
    unbuilt,
    users,
    web_pages,
)
from labyard.server.guard import Guard
from labyard.server.lesson_page import Pages
from labyard.server.proxy.forward import Ways
from labyard.server.proxy.gate import PortGate
from labyard.server.services import Services
from labyard.server.sockets import Sockets

_ROOMS = (
    signin,
    playgrounds,
    plays,
    ports,
    images,
    disk,
    conns,
    streams,
    files,
    status,
    unbuilt,
    users,
    tokens,
    rules,
    lessons,
    progress,
    repositories,
    search,
    authoring,
    content_files,
    account,
    forgotten,
    new_address,
    invitations,
    joining,
    oidc_signin,
    admin,
    metrics,
    web_pages,
)


def create_app(services: Services, *, pages: Path | None = None) -> FastAPI:
    """The whole server. While it runs, so do the reconciler and who sweeps previews. `pages`: the built pages' folder."""

    ways = Ways(services.host)
    desks = Files(services.host.open)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await services.authoring.clear()
        await services.repositories.git.clear()
        running = [
            asyncio.create_task(work())
            for work in (services.reconciler.run, services.previews.run, services.doors.outbox.run)
        ]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await ways.close()
            if services.provider is not None:
                await services.provider.close()
            await desks.close()

    app = FastAPI(title="Labyard", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.services = services
    app.state.ways = ways
    app.state.files = desks
    app.state.pages = Pages()
    app.state.sockets = sockets = Sockets(services.settings.sockets_per_play)
    problems.install(app)
    for room in _ROOMS:
        app.include_router(room.router)
    site.mount(app, pages)
    app.add_middleware(Guard, settings=services.settings)
    app.add_middleware(metrics.Counting, meters=services.meters)
    app.add_middleware(PortGate, services=services, ways=ways, sockets=sockets)
    return app


def uvicorn_config(
    app: FastAPI,
    settings: dict[str, Any] | None = None,
    *,
    host: str,
    port: int,
    message_limit: int,
    trusted: Sequence[str] = ("127.0.0.1", "::1"),
) -> uvicorn.Config:
    """How to serve it. Pongs are not waited for: they may be stuck behind input that a machine does not take.

    `trusted`: addresses and networks of web servers in front, which say who asks.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        ws="websockets-sansio",
        ws_max_size=message_limit,
        ws_ping_interval=20.0,
        ws_ping_timeout=None,
        ws_per_message_deflate=False,
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=list(trusted),
        timeout_graceful_shutdown=3,
        **(settings or {}),
    )
