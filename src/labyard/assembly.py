"""The one place that names concrete classes and puts them together."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import os
import platform
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import structlog
import uvicorn

from labyard.bots.lab import Lab
from labyard.bots.nightly import DEFAULT_AT, Nightly, parse_at
from labyard.cli.client import opened
from labyard.cli.lab import HttpLab
from labyard.cli.target import Target
from labyard.content.library import Library
from labyard.content.pieces import Pieces
from labyard.control.access import OWNER, Access, owner_token
from labyard.control.authoring import Authoring
from labyard.control.catalog import Catalog
from labyard.control.changes import Changes
from labyard.control.learning import Learning
from labyard.control.lessons import Lessons
from labyard.control.manifests import Manifests
from labyard.control.people import People
from labyard.control.plays import Plays
from labyard.control.policy import Policy
from labyard.control.ports import Ports
from labyard.control.previews import Previews
from labyard.control.progress import Progress
from labyard.control.reconciler import Reconciler, utc_now
from labyard.engine.engine import Engine
from labyard.engine.parts import Parts
from labyard.engine.settings import EngineSettings
from labyard.errors import ConflictError, LabyardError
from labyard.hosts.contract import Host
from labyard.hosts.local import LocalHost, steps
from labyard.images.aliases import Aliases
from labyard.images.kernels import KernelStore
from labyard.images.progress import silent
from labyard.images.store import ImageStore
from labyard.network.dns_upstream import HostResolvers
from labyard.network.host import remove_host
from labyard.play.progress import Progress as Step
from labyard.play.status import PlayState
from labyard.resources import built, resource
from labyard.server.app import create_app, uvicorn_config
from labyard.server.services import Nights, ServerSettings, Services
from labyard.spec.manifest import Known
from labyard.store.database import Database
from labyard.store.keys import KeyStore
from labyard.store.plays import PlayStore
from labyard.store.ports import PortStore
from labyard.store.progress import ProgressStore
from labyard.store.users import UserStore

log = structlog.get_logger(__name__)

FIRST_KERNELS = ("6.1",)
FIRST_IMAGES = ("busybox", "debian-12")
"""What `up` makes before it serves; the rest of the catalog's needs are made while it serves, or when first asked for."""
LATER_KERNELS = ("6.12",)
LATER_IMAGES = ("debian-12-docker",)

_GENTLY = 2.0
"""Seconds between two playgrounds that are prepared while serving."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What `serve` and `up` are told."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8800
    catalogs: tuple[Path, ...] = ()
    insecure_registries: frozenset[str] = frozenset()
    prepare_later: bool = False
    """Make the rest of the catalog's images and kernels while serving."""


@contextlib.contextmanager
def _data_folder(settings: Settings) -> Iterator[str]:
    """The data folder, made and held: one server at a time. Yields its mark."""
    data = _made(settings.data)
    with (data / "server.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConflictError(
                f"another server uses {data}", hint="`labyard down` ends it, or give another folder with --data"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield data_mark(data)


def _made(data: Path) -> Path:
    """Others may pass through it, to what is theirs, but not look around."""
    data.mkdir(mode=0o711, parents=True, exist_ok=True)
    data.chmod(0o711)
    return data


def data_mark(data: Path) -> str:
    """What this folder's processes, namespaces and links are marked with on the box."""
    path = data / "id"
    if not path.exists():
        path.write_text(secrets.token_hex(16) + "\n")
        path.chmod(0o644)
    return path.read_text().strip()[:6]


def engine_settings(data: Path, mark: str, environ: Mapping[str, str]) -> EngineSettings:
    """The engine's settings, each changed by `LABYARD_<NAME>` where that is set; ConflictError when it is no number."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(EngineSettings):
        text = environ.get(f"LABYARD_{field.name.upper()}")
        if text is None or field.name in ("data", "mark"):
            continue
        try:
            changed[field.name] = float(text) if "float" in str(field.type) else int(text)
        except ValueError:
            raise ConflictError(f"LABYARD_{field.name.upper()} is {text!r}, not a number") from None
    return EngineSettings(data=data, mark=mark, **changed)


def make_parts(settings: Settings, mark: str) -> Parts:
    data = settings.data
    examiner = built(f"examiner-{_ARCHITECTURES.get(platform.machine(), platform.machine())}")
    return Parts(
        settings=engine_settings(data, mark, os.environ),
        images=ImageStore(
            data / "images",
            recipes=resource("images"),
            aliases=Aliases.read(resource("images") / "aliases.yaml", data / "aliases.yaml"),
            insecure_registries=settings.insecure_registries | _listed(os.environ.get("LABYARD_INSECURE_REGISTRIES")),
        ),
        kernels=KernelStore(data / "kernels", examiner=examiner),
        resolvers=HostResolvers(Path(os.environ.get("LABYARD_RESOLV_CONF", "/etc/resolv.conf"))),
    )


def _listed(text: str | None) -> frozenset[str]:
    """Words between commas."""
    return frozenset(word.strip() for word in (text or "").split(",")) - {""}


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[Services]:
    """Everything but HTTP: the data folder held, plays adopted, the reconciler ready to be run."""
    with _data_folder(settings) as mark:
        database = await Database.open_file(settings.data / "labyard.db")
        try:
            parts = make_parts(settings, mark)
            async with Engine(parts) as engine:
                yield services_over(settings, database, LocalHost(engine), known=lambda: known(parts))
        finally:
            await database.close()


def known(parts: Parts) -> Known:
    """What manifests may name on this box."""
    return Known(sources=parts.images.names(), kernels=parts.kernels.available(), users=parts.images.users)


def services_over(
    settings: Settings, database: Database, host: Host, *, known: Callable[[], Known] = Known
) -> Services:
    """Control and access over any host, with the data folder's database."""
    store, changes, policy = PlayStore(database), Changes(), Policy()
    progress = Progress(ProgressStore(database))
    reconciler = Reconciler(store, host, changes, policy, told=progress.see)
    own = settings.data / "playgrounds"
    catalog = Catalog((*settings.catalogs, own, resource("catalog") / "playgrounds"), Manifests(known=known), own=own)
    content, previews = Pieces(settings.data / "content"), Pieces(settings.data / "previews")
    library = Library((resource("catalog"),), catalog.grounds, own=content.root, previews=previews.root)
    plays = Plays(store, catalog, host, reconciler, changes, policy, library=library, progress=progress)
    lessons = Lessons(library, plays, progress)
    authoring = Authoring(library, content, previews, plays)
    users = UserStore(database)
    access = Access(KeyStore(database), users, owner_token(settings.data / "owner.token"), clock=utc_now)
    return Services(
        plays=plays,
        lessons=lessons,
        learning=Learning(library, lessons, plays, progress),
        progress=progress,
        authoring=authoring,
        previews=Previews(authoring, plays),
        catalog=catalog,
        access=access,
        people=People(users, access, plays, progress, clock=utc_now),
        ports=Ports(PortStore(database), plays, access, clock=utc_now),
        host=host,
        reconciler=reconciler,
        scratch=settings.data / "uploads",
        settings=ServerSettings(),
        nights=Nights(folder=settings.data / "bots", at=parse_at(os.environ.get("LABYARD_BOT_AT") or DEFAULT_AT)),
    )


async def prepare(settings: Settings) -> AsyncIterator[dict[str, Any]]:
    """Fetch and build what most playgrounds need, before anybody waits for it; nothing to do the second time.

    Yields progress, the last one finished. ImageError when something cannot be had.
    """
    parts = make_parts(settings, data_mark(_made(settings.data)))

    async def work(say: Callable[[Step], None]) -> None:
        await parts.prepare_images(FIRST_KERNELS, FIRST_IMAGES, say)

    async for step in steps(work):
        yield step.model_dump()


async def serve(settings: Settings, *, on_ready: Callable[[str], None]) -> None:
    """Serve until told to end (SIGINT, SIGTERM); plays live on. `on_ready` gets a one-time sign-in link."""
    _check_free(settings.host, settings.port)
    async with house(settings) as services, _preparing(settings, services), _bots(settings, services.nights):
        app = create_app(services, pages=built("pages"))
        limit = services.settings.message_limit
        config = uvicorn_config(app, host=settings.host, port=settings.port, message_limit=limit)
        server = _Server(config, lambda: services, settings, on_ready)
        await server.serve()


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
        if os.environ.get("LABYARD_PREPARE", "1") != "0":
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
    host = anywhere.get(settings.host) or (f"[{settings.host}]" if ":" in settings.host else settings.host)
    token = owner_token(settings.data / "owner.token")
    async with opened(Target(url=f"http://{host}:{settings.port}", token=token, data=settings.data)) as api:
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
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            secret = await self._services().access.new_link()
            self._on_ready(f"{page_root(self._settings)}/signin?token={secret}")


def page_root(settings: Settings) -> str:
    """Where people open it: pages live on a name of their own, which browsers resolve to loopback."""
    host = "labyard.localhost" if settings.host in ("127.0.0.1", "::1", "localhost", "0.0.0.0") else settings.host  # noqa: S104
    return f"http://{host}:{settings.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What `down` found. `server`: whether one ran."""

    server: bool
    plays: int


async def down(settings: Settings) -> Ended:
    """End the server of this data folder, then every play in it."""
    served = _end_server(settings.data / "server.lock")
    async with house(settings) as services:
        reports = await services.host.list()
        rows = [view.row for view in await services.plays.list(OWNER)]
        for row in rows:
            if row.state is not PlayState.DESTROYED:
                await services.plays.destroy(OWNER, row.id)
        # the host's own list counts: what the database never heard of ends too
        await asyncio.gather(*(services.host.destroy(report.id) for report in reports))
        for row in rows:
            services.reconciler.poke(row.id)
        await services.reconciler.settled()
    await remove_host(data_mark(settings.data))
    return Ended(server=served, plays=len(reports))


def _end_server(lock: Path) -> bool:
    """Ask the server that holds the lock to end, and wait until it has. Whether there was one."""
    try:
        held = lock.open("r+")
    except FileNotFoundError:
        return False
    with held:
        deadline = time.monotonic() + 30
        asked = False
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return asked
            except BlockingIOError:
                pass
            if not asked:
                held.seek(0)
                os.kill(int(held.read() or "0"), signal.SIGTERM)
                asked = True
            if time.monotonic() > deadline:
                raise ConflictError(
                    "the server does not end", hint="look for its process: pgrep -af 'labyard (serve|up)'"
                )
            time.sleep(0.1)
