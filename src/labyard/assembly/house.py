"""The one place that names concrete classes and puts them together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from labyard.assembly.data_folder import data_id, hold_data
from labyard.assembly.entrance import git_settings, mailer, provider
from labyard.assembly.settings import Settings, make_parts, policy, server_settings
from labyard.content.library import Library
from labyard.content.pieces import Pieces
from labyard.control.access import Access, owner_token
from labyard.control.authoring import Authoring
from labyard.control.catalog import Catalog
from labyard.control.changes import Changes
from labyard.control.doors import doors_over
from labyard.control.journey import Journeys
from labyard.control.learning import Learning
from labyard.control.lessons import Lessons
from labyard.control.loads import Loads
from labyard.control.manifests import Manifests
from labyard.control.meters import Meters
from labyard.control.operating import Operating
from labyard.control.people import People
from labyard.control.permissions import Permissions
from labyard.control.plays import Plays
from labyard.control.ports import Ports
from labyard.control.previews import Previews
from labyard.control.progress import Progress
from labyard.control.queue import Queue
from labyard.control.reconciler import Reconciler, utc_now
from labyard.control.repositories import Repositories
from labyard.engine.engine import Engine
from labyard.engine.parts import Parts
from labyard.hosts.contract import Host
from labyard.hosts.local import LocalHost
from labyard.repositories.git import Git
from labyard.resources import resource
from labyard.server.services import Nights, Services
from labyard.spec.manifest import Known
from labyard.store.database import Database
from labyard.store.holder import claim
from labyard.store.keys import KeyStore
from labyard.store.overview import OverviewStore
from labyard.store.pieces import PieceStore
from labyard.store.plays import PlayStore
from labyard.store.ports import PortStore
from labyard.store.progress import ProgressStore
from labyard.store.queue import QueueStore
from labyard.store.users import UserStore


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[Services]:
    """Everything but HTTP: the data folder held, plays adopted, the reconciler ready to be run."""
    with hold_data(settings) as mark:
        database = await open_database(settings)
        try:
            if settings.configuration.database_url is not None:
                await claim(database, data_id(settings.data))
            parts = make_parts(settings, mark)
            async with Engine(parts) as engine:
                yield services_over(settings, database, LocalHost(engine), known=lambda: known(parts))
        finally:
            await database.close()


async def open_database(settings: Settings) -> Database:
    """As it is set; else SQLite in the data folder. AwayError when it does not answer within half a minute."""
    if settings.configuration.database_url is None:
        return await Database.open_file(settings.data / "labyard.db")
    return await Database.open(database_url(settings))


def database_url(settings: Settings) -> str:
    url = settings.configuration.database_url
    return f"sqlite:///{settings.data / 'labyard.db'}" if url is None else url.get_secret_value()


def known(parts: Parts) -> Known:
    """What manifests may name on this box."""
    return Known(sources=parts.images.names(), kernels=parts.kernels.available(), users=parts.images.users)


def services_over(
    settings: Settings, database: Database, host: Host, *, known: Callable[[], Known] = Known
) -> Services:
    """Control and access over any host, with the data folder's database."""
    configuration = settings.configuration
    store, changes, rules = PlayStore(database), Changes(), policy(configuration)
    progress, meters = Progress(ProgressStore(database)), Meters()
    reconciler = Reconciler(store, host, changes, rules, told=progress.see, seen=meters.saw)
    own = settings.data / "playgrounds"
    catalog = Catalog((*settings.catalogs, own, resource("catalog") / "playgrounds"), Manifests(known=known), own=own)
    content, previews = Pieces(settings.data / "content"), Pieces(settings.data / "previews")
    library = Library((resource("catalog"),), catalog.grounds, own=content.root, previews=previews.root)
    queue = Queue(QueueStore(database), host, rules, clock=utc_now)
    plays = Plays(store, catalog, host, reconciler, changes, rules, library=library, progress=progress, queue=queue)
    lessons = Lessons(library, plays, progress)
    learning = Learning(library, lessons, plays, progress)
    authoring = Authoring(library, content, previews, plays)
    git = Git(settings.data / "git", git_settings(configuration))
    permissions = Permissions(PieceStore(database), catalog, library)
    users = UserStore(database)
    access = Access(KeyStore(database), users, owner_token(settings.data / "owner.token"), clock=utc_now)
    people = People(users, access, plays, progress, clock=utc_now)
    return Services(
        plays=plays,
        lessons=lessons,
        learning=learning,
        progress=progress,
        journeys=Journeys(lessons, learning, progress, permissions),
        authoring=authoring,
        previews=Previews(authoring, plays, permissions),
        repositories=Repositories(git, library, authoring, catalog.manifests, lessons, plays),
        catalog=catalog,
        access=access,
        people=people,
        doors=doors_over(
            database,
            access,
            people,
            clock=utc_now,
            mailer=mailer(configuration),
            signup=configuration.signup,
            url=configuration.public_url or "",
        ),
        provider=provider(configuration),
        permissions=permissions,
        ports=Ports(PortStore(database), plays, access, clock=utc_now),
        operating=Operating(OverviewStore(database), plays, host, clock=utc_now),
        loads=Loads(plays, host),
        meters=meters,
        host=host,
        reconciler=reconciler,
        scratch=settings.data / "uploads",
        settings=server_settings(configuration),
        nights=Nights(folder=settings.data / "bots", at=configuration.bot_at),
    )
