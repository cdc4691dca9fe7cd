"""The one place that names concrete classes and puts them together."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from labyard.assembly.data_folder import hold_data
from labyard.assembly.entrance import entrance_settings, mailer, provider
from labyard.assembly.git import git_settings
from labyard.assembly.settings import Settings, make_parts
from labyard.bots.nightly import DEFAULT_AT, parse_at
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
from labyard.control.manifests import Manifests
from labyard.control.meters import Meters
from labyard.control.operating import Operating
from labyard.control.people import People
from labyard.control.permissions import Permissions
from labyard.control.plays import Plays
from labyard.control.policy import Policy
from labyard.control.ports import Ports
from labyard.control.previews import Previews
from labyard.control.progress import Progress
from labyard.control.reconciler import Reconciler, utc_now
from labyard.control.repositories import Repositories
from labyard.engine.engine import Engine
from labyard.engine.parts import Parts
from labyard.hosts.contract import Host
from labyard.hosts.local import LocalHost
from labyard.repositories.git import Git
from labyard.resources import resource
from labyard.server.services import Nights, ServerSettings, Services
from labyard.spec.manifest import Known
from labyard.store.database import Database
from labyard.store.keys import KeyStore
from labyard.store.overview import OverviewStore
from labyard.store.pieces import PieceStore
from labyard.store.plays import PlayStore
from labyard.store.ports import PortStore
from labyard.store.progress import ProgressStore
from labyard.store.users import UserStore


@asynccontextmanager
async def house(settings: Settings) -> AsyncIterator[Services]:
    """Everything but HTTP: the data folder held, plays adopted, the reconciler ready to be run."""
    with hold_data(settings) as mark:
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
    progress, meters = Progress(ProgressStore(database)), Meters()
    reconciler = Reconciler(store, host, changes, policy, told=progress.see, seen=meters.saw)
    own = settings.data / "playgrounds"
    catalog = Catalog((*settings.catalogs, own, resource("catalog") / "playgrounds"), Manifests(known=known), own=own)
    content, previews = Pieces(settings.data / "content"), Pieces(settings.data / "previews")
    library = Library((resource("catalog"),), catalog.grounds, own=content.root, previews=previews.root)
    plays = Plays(store, catalog, host, reconciler, changes, policy, library=library, progress=progress)
    lessons = Lessons(library, plays, progress)
    learning = Learning(library, lessons, plays, progress)
    authoring = Authoring(library, content, previews, plays)
    git = Git(settings.data / "git", git_settings(os.environ))
    permissions = Permissions(PieceStore(database), catalog, library)
    users = UserStore(database)
    access = Access(KeyStore(database), users, owner_token(settings.data / "owner.token"), clock=utc_now)
    people, entrance = People(users, access, plays, progress, clock=utc_now), entrance_settings(os.environ)
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
            database, access, people, clock=utc_now, mailer=mailer(entrance), signup=entrance.signup, url=entrance.url
        ),
        provider=provider(entrance),
        permissions=permissions,
        ports=Ports(PortStore(database), plays, access, clock=utc_now),
        operating=Operating(OverviewStore(database), plays, host, clock=utc_now),
        meters=meters,
        host=host,
        reconciler=reconciler,
        scratch=settings.data / "uploads",
        settings=ServerSettings(),
        nights=Nights(folder=settings.data / "bots", at=parse_at(os.environ.get("LABYARD_BOT_AT") or DEFAULT_AT)),
    )
