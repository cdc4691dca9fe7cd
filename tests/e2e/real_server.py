"""The real server over a fake host: HTTP, cookies, policies and sockets as they are, machines made of nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from labyard.control.access import OWNER
from labyard.control.mail import Mailer
from labyard.hosts.fake import FakeHost
from labyard.repositories.settings import GitSettings
from labyard.server.app import create_app, uvicorn_config
from labyard.server.oidc.provider import Provider
from labyard.server.services import ServerSettings
from tests.support.database import open_copy
from tests.support.program import listening
from tests.support.services import services_of


@contextmanager
def real_server(
    folder: Path,
    catalog: Path,
    pages: Path,
    content: Path | None = None,
    program: ASGIApp | None = None,
    git: GitSettings | None = None,
    provider: Provider | None = None,
    mailer: Mailer | None = None,
) -> Iterator[str]:
    """Serves until the block ends; gives a sign-in link that works once. `content`: a root of lessons.

    `program`: what listens on port 8080 of every machine. `git`: which repositories it may fetch. `provider`: who else
    knows people, and lets strangers in. `mailer`: who takes letters.
    """
    ready: threading.Event = threading.Event()
    box: dict[str, object] = {}

    async def run() -> None:
        database = await open_copy(folder / "labyard.db")
        host = FakeHost()
        settings = ServerSettings()
        services = services_of(
            folder,
            database,
            host,
            token="owner-token",
            catalog=catalog,
            content=() if content is None else (content,),
            settings=settings,
            git=git,
            provider=provider,
            mailer=mailer,
            signup=provider is not None,
        )
        app = create_app(services, pages=pages)
        server = uvicorn.Server(uvicorn_config(app, host="127.0.0.1", port=0, message_limit=settings.message_limit))
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        token = await services.access.new_link(OWNER)
        box.update(server=server, link=f"http://labyard.localhost:{port}/signin?token={token}")
        ready.set()
        async with nullcontext() if program is None else listening(host, 8080, program):
            await serving
        await host.close()
        await database.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(20), "the server did not start"
    server = box["server"]
    assert isinstance(server, uvicorn.Server)
    try:
        yield str(box["link"])
    finally:
        server.should_exit = True
        thread.join(10)
