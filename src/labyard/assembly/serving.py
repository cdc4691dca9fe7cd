"""Serve: HTTP over the house, and what goes on beside it."""

from __future__ import annotations

import asyncio
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import structlog
import uvicorn

from labyard.assembly.data_folder import data_mark, made
from labyard.assembly.house import house
from labyard.assembly.notify import tell_manager
from labyard.assembly.settings import Settings, make_parts
from labyard.bots.lab import Lab
from labyard.bots.nightly import Nightly
from labyard.cli.client import opened
from labyard.cli.lab import HttpLab
from labyard.cli.target import Target
from labyard.control.access import owner_token
from labyard.errors import ConflictError, LabyardError
from labyard.hosts.contract import Host
from labyard.hosts.local import steps
from labyard.images.progress import silent
from labyard.play.progress import Progress as Step
from labyard.play.status import PlayState
from labyard.resources import built
from labyard.server.app import create_app, uvicorn_config
from labyard.server.services import Nights, Services

log = structlog.get_logger(__name__)

FIRST_KERNELS = ("6.1",)
FIRST_IMAGES = ("busybox", "debian-12")
"""What `up` makes before it serves; the rest of the catalog's needs are made while it serves, or when first asked for."""
LATER_KERNELS = ("6.12",)
LATER_IMAGES = ("debian-12-docker",)

DESCRIPTORS = 65_536

_GENTLY = 2.0
"""Seconds between two playgrounds that are prepared while serving."""


async def prepare(settings: Settings) -> AsyncIterator[dict[str, Any]]:
    """Fetch and build what most playgrounds need, before anybody waits for it; nothing to do the second time.

    Yields progress, the last one finished. ImageError when something cannot be had.
    """
    parts = make_parts(settings, data_mark(made(settings.data)))

    async def work(say: Callable[[Step], None]) -> None:
        await parts.prepare_images(FIRST_KERNELS, FIRST_IMAGES, say)

    async for step in steps(work):
        yield step.model_dump()


async def serve(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Serve until told to end (SIGINT, SIGTERM); plays live on. `on_ready` gets a one-time sign-in link."""
    host, port = settings.configuration.place
    _check_free(host, port)
    allow_descriptors()
    async with house(settings) as services, _preparing(settings, services), _bots(settings, services.nights):
        app = create_app(services, pages=built("pages"))
        limit = services.settings.message_limit
        config = uvicorn_config(
            app, host=host, port=port, message_limit=limit, trusted=settings.configuration.trusted_proxies
        )
        server = _Server(config, lambda: services, settings, on_ready)
        await server.serve()


def allow_descriptors() -> None:
    """Every terminal, page and machine takes some, and the usual 1024 are soon gone. Not all that may be had: programs
    that we start may close each that they could have, one by one.
    """
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(now, min(most, DESCRIPTORS)), most))


def _check_free(host: str, port: int) -> None:
    """ConflictError when somebody listens there already: said before anything is begun."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise ConflictError(
            f"cannot listen at {host}:{port}: {error.strerror}", hint="give another place with --listen HOST:PORT"
        ) from None


@asynccontextmanager
async def _preparing(settings: Settings, services: Services) -> AsyncIterator[None]:
    """In the background; what cannot be had now is asked for again when a play needs it."""

    async def work() -> None:
        parts = make_parts(settings, data_mark(settings.data))
        try:
            await parts.prepare_images((*FIRST_KERNELS, *LATER_KERNELS), LATER_IMAGES, silent)
        except LabyardError as error:
            log.warning("an image could not be prepared", error=str(error))
        if settings.configuration.prepare:
            await _prepare_catalog(services)

    task = asyncio.create_task(work()) if settings.prepare_later else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _bots(settings: Settings, nights: Nights) -> AsyncIterator[None]:
    """The nightly round. Bots are guests like everybody: they come in by HTTP, with the owner's token."""
    if nights.at is None:
        yield
        return
    nightly = Nightly(lambda: _own_lab(settings), nights.folder, nights.at)
    task = asyncio.create_task(nightly.run())
    try:
        yield
    finally:
        nightly.leave()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _own_lab(settings: Settings) -> AsyncIterator[Lab]:
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - where we listen, to where we are
    host, port = settings.configuration.place
    host = anywhere.get(host) or (f"[{host}]" if ":" in host else host)
    token = owner_token(settings.data / "owner.token")
    async with opened(Target(url=f"http://{host}:{port}", token=token, data=settings.data)) as api:
        yield HttpLab(api)


async def _prepare_catalog(services: Services) -> None:
    """A snapshot of each playground that can be started as it is, one at a time, and only while nobody waits for a start."""
    for entry in services.catalog.entries():
        if entry.manifest is None:
            continue
        while await _somebody_waits(services.host):  # noqa: ASYNC110 - a host is asked, it does not call
            await asyncio.sleep(_GENTLY)
        try:
            async for _ in await services.plays.prepare(entry.name, {}):
                pass
        except LabyardError as error:
            log.warning("a playground could not be prepared", playground=entry.name, error=str(error))
        await asyncio.sleep(_GENTLY)


async def _somebody_waits(host: Host) -> bool:
    on_the_way = (PlayState.CREATED, PlayState.STARTING)
    return any(report.state in on_the_way for report in await host.list())


class _Server(uvicorn.Server):
    """Tells when it listens, with a link to sign in."""

    def __init__(
        self,
        config: uvicorn.Config,
        services: Callable[[], Services],
        settings: Settings,
        on_ready: Callable[[str], None],
    ) -> None:
        super().__init__(config)
        self._services = services
        self._settings = settings
        self._on_ready = on_ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """As uvicorn's, which also raises the signal again when it has ended: that would end us before plays are let go."""
        tell_manager("STOPPING=1")
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            secret = await self._services().access.new_link()
            self._on_ready(f"{self._settings.configuration.page_root}/signin?token={secret}")
            tell_manager("READY=1")
