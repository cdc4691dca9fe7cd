"""What a server needs, over a fake host: the rooms put together as `assembly` does, with folders and policy of a test's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from argon2 import PasswordHasher

from labyard.content.library import Library
from labyard.content.pieces import Pieces
from labyard.control.access import Access
from labyard.control.authoring import Authoring
from labyard.control.bounds import Bounds
from labyard.control.catalog import Catalog
from labyard.control.changes import Changes
from labyard.control.doors import doors_over
from labyard.control.journey import Journeys
from labyard.control.learning import Learning
from labyard.control.lessons import Lessons
from labyard.control.loads import Loads
from labyard.control.mail import Mailer
from labyard.control.manifests import Manifests
from labyard.control.meters import Meters
from labyard.control.operating import Operating
from labyard.control.outbox import Outbox
from labyard.control.passwords import Hasher
from labyard.control.people import People
from labyard.control.permissions import Permissions
from labyard.control.plays import Plays
from labyard.control.policy import Policy
from labyard.control.ports import Ports
from labyard.control.previews import Previews
from labyard.control.progress import Progress
from labyard.control.queue import Queue
from labyard.control.reconciler import Reconciler, utc_now
from labyard.control.repositories import Repositories
from labyard.hosts.fake import FakeHost
from labyard.repositories.git import Git
from labyard.repositories.settings import GitSettings
from labyard.server.oidc.provider import Provider
from labyard.server.services import ServerSettings, Services
from labyard.store.database import Database
from labyard.store.keys import KeyStore
from labyard.store.overview import OverviewStore
from labyard.store.pieces import PieceStore
from labyard.store.plays import PlayStore
from labyard.store.ports import PortStore
from labyard.store.progress import ProgressStore
from labyard.store.queue import QueueStore
from labyard.store.users import UserStore


def services_of(
    folder: Path,
    database: Database,
    host: FakeHost,
    *,
    token: str,
    catalog: Path,
    content: Sequence[Path] = (),
    policy: Policy | None = None,
    settings: ServerSettings | None = None,
    bounds: Bounds | None = None,
    git: GitSettings | None = None,
    mailer: Mailer | None = None,
    signup: bool = False,
    provider: Provider | None = None,
) -> Services:
    """`folder`: for what is saved, pushed and uploaded. `catalog`: of playgrounds. `content`: roots of lessons that ship."""
    store, changes, policy = PlayStore(database), Changes(), policy or Policy()
    progress, meters = Progress(ProgressStore(database)), Meters()
    reconciler = Reconciler(store, host, changes, policy, told=progress.see, seen=meters.saw)
    own = folder / "playgrounds"
    books = Catalog([own, catalog], Manifests(), own=own)
    pushed, previews = Pieces(folder / "pushed"), Pieces(folder / "previews")
    library = Library(tuple(content), books.grounds, own=pushed.root, previews=previews.root)
    queue = Queue(QueueStore(database), host, policy, clock=utc_now)
    plays = Plays(store, books, host, reconciler, changes, policy, library=library, progress=progress, queue=queue)
    lessons = Lessons(library, plays, progress)
    learning = Learning(library, lessons, plays, progress)
    authoring = Authoring(library, pushed, previews, plays, bounds)
    permissions = Permissions(PieceStore(database), books, library)
    users = UserStore(database)
    access = Access(KeyStore(database), users, token, clock=utc_now)
    people = People(users, access, plays, progress, clock=utc_now)
    doors = doors_over(
        database,
        access,
        people,
        clock=utc_now,
        mailer=mailer,
        signup=signup,
        hasher=Hasher(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
        outbox=Outbox(waits=()),
    )
    return Services(
        plays=plays,
        lessons=lessons,
        learning=learning,
        progress=progress,
        journeys=Journeys(lessons, learning, progress, permissions),
        authoring=authoring,
        previews=Previews(authoring, plays, permissions),
        repositories=Repositories(Git(folder / "git", git), library, authoring, books.manifests, lessons, plays),
        catalog=books,
        access=access,
        people=people,
        doors=doors,
        provider=provider,
        permissions=permissions,
        ports=Ports(PortStore(database), plays, access, clock=utc_now),
        operating=Operating(OverviewStore(database), plays, host, clock=utc_now),
        loads=Loads(plays, host),
        meters=meters,
        host=host,
        reconciler=reconciler,
        scratch=folder / "uploads",
        settings=settings or ServerSettings(),
    )
