"""What the server needs from the rooms below, given by who puts the house together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path

from labyard.control.access import Access
from labyard.control.authoring import Authoring
from labyard.control.catalog import Catalog
from labyard.control.doors import Doors
from labyard.control.journey import Journeys
from labyard.control.learning import Learning
from labyard.control.lessons import Lessons
from labyard.control.loads import Loads
from labyard.control.meters import Meters
from labyard.control.operating import Operating
from labyard.control.people import People
from labyard.control.permissions import Permissions
from labyard.control.plays import Plays
from labyard.control.ports import Ports
from labyard.control.previews import Previews
from labyard.control.progress import Progress
from labyard.control.reconciler import Reconciler, utc_now
from labyard.control.repositories import Repositories
from labyard.hosts.contract import Host
from labyard.play.plan import Value
from labyard.server.oidc.provider import Provider

MIB = 1 << 20


class ServerSettings(Value):
    """`names`: host names this server is reached by, besides the loopback ones. Sizes in bytes.

    `secure`: TLS ends in front of us, so cookies may only travel over it. `public_url`: the pages' whole address, where it is
    set; else it is as who asks has it.
    """

    names: tuple[str, ...] = ()
    secure: bool = False
    page_host: str = "labyard.localhost"
    public_url: str | None = None
    body_limit: int = MIB
    upload_limit: int = 20 << 30
    markdown_limit: int = 7 * MIB
    """A MiB of text, in which every byte may be written as `\\u0000`."""
    file_limit: int = 64 * MIB
    guest_file_limit: int = 256 * MIB
    """Of a file that goes into a machine."""
    silence: float = 60
    """Seconds in which nothing comes of a body; then it is given up. `body_time`: seconds in which one must be there."""
    body_time: float = 1800
    message_limit: int = MIB
    window: int = 256 << 10
    sockets_per_play: int = 256
    status_every: float = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Nights:
    """Where the bots' rounds are kept, and when one is played (None: never)."""

    folder: Path = Path("/nonexistent")
    at: time | None = None


@dataclass(frozen=True, kw_only=True)
class Services:
    """`scratch`: a folder for uploads on their way, emptied by who made them. `provider`: who else knows people."""

    plays: Plays
    lessons: Lessons
    learning: Learning
    progress: Progress
    journeys: Journeys
    authoring: Authoring
    previews: Previews
    repositories: Repositories
    catalog: Catalog
    access: Access
    people: People
    doors: Doors
    permissions: Permissions
    ports: Ports
    operating: Operating
    loads: Loads
    meters: Meters
    host: Host
    reconciler: Reconciler
    scratch: Path
    settings: ServerSettings = field(default_factory=ServerSettings)
    clock: Callable[[], datetime] = utc_now
    nights: Nights = field(default_factory=Nights)
    provider: Provider | None = None
