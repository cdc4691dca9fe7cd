"""Ports of machines that people may reach with a browser: those that a playground's tabs show, and those that are exposed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from labyard.control.access import Access, Person
from labyard.control.plays import Plays
from labyard.control.port_names import PortName
from labyard.control.refusals import BadRequestError, TooManyError
from labyard.control.rows import refuse_gone
from labyard.errors import NotFoundError
from labyard.play.plan import PlayPlan, TabKind
from labyard.store.plays import Desired
from labyard.store.ports import PortRow, PortStore

MOST: Final = 64
"""Of one play."""
TICKET_LIFE = timedelta(minutes=1)
STAY_LIFE = timedelta(hours=12)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?")
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*){1,64}")
_PATH_LIMIT = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    machine: str
    number: int
    access: str = "private"
    tls: bool = False
    host_rewrite: str = ""
    path_rewrite: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    port: PortRow
    owner: str


class Ports:
    def __init__(self, store: PortStore, plays: Plays, access: Access, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._plays = plays
        self._access = access
        self._clock = clock

    async def list(self, owner: str, play_id: str) -> list[PortRow]:
        """Those of its tabs, and those that were exposed; what was exposed goes first."""
        row = (await self._plays.get(owner, play_id)).row
        exposed = await self._store.list(play_id)
        known = {(port.machine, port.number) for port in exposed}
        tabs = _of_tabs(play_id, row.plan, row.created_at)
        return [*exposed, *(port for port in tabs if (port.machine, port.number) not in known)]

    async def expose(self, owner: str, play_id: str, wish: Wish) -> PortRow:
        """Again: in another way. NotFoundError, ConflictError, BadRequestError, TooManyError."""
        row = (await self._plays.get(owner, play_id)).row
        refuse_gone(row)
        if row.plan.machine(wish.machine) is None:
            raise NotFoundError(f"this play has no machine {wish.machine[:64]!r}")
        _check(wish)
        if await self._store.count(play_id) >= MOST:
            raise TooManyError(f"this play has {MOST} exposed ports", hint="remove some")
        return await self._store.put(
            PortRow(
                id=secrets.token_hex(12),
                play=play_id,
                machine=wish.machine,
                number=wish.number,
                access=wish.access,
                tls=wish.tls,
                host_rewrite=wish.host_rewrite,
                path_rewrite=wish.path_rewrite.rstrip("/"),
                created_at=self._clock(),
            )
        )

    async def remove(self, owner: str, play_id: str, port_id: str) -> None:
        """NotFoundError also for one of a tab: that is the playground's."""
        await self._plays.get(owner, play_id)
        if not await self._store.remove(play_id, port_id):
            raise NotFoundError(f"this play has no exposed port {port_id[:64]!r}")

    async def find(self, name: PortName) -> Found:
        """NotFoundError alike for what is not exposed and for what is not there."""
        row = (await self._plays.get(None, name.play)).row
        if row.desired is Desired.DESTROYED:
            raise NotFoundError("nothing is exposed here")
        port = await self._store.find(name.play, name.machine, name.number)
        if port is None:
            tabs = _of_tabs(name.play, row.plan, row.created_at)
            port = next((each for each in tabs if (each.machine, each.number) == (name.machine, name.number)), None)
        if port is None:
            raise NotFoundError("nothing is exposed here")
        return Found(port=port, owner=row.owner)

    async def ticket(self, person: Person, name: PortName) -> str:
        """What lets a browser of the play's owner in at a port, within a minute. NotFoundError for everybody else."""
        await self._plays.get(person.id, name.play)
        return self._access.ticket(f"enter:{name.label}:{person.id}:{person.key}", TICKET_LIFE)

    def enter(self, found: Found, name: PortName, ticket: str) -> str | None:
        """What shows from now on that they may, as long as they are signed in; None for a ticket that is none, or too old."""
        key = self._key(ticket, f"enter:{name.label}:{found.owner}:")
        return None if key is None else self._access.ticket(f"port:{name.label}:{found.owner}:{key}", STAY_LIFE)

    def _key(self, ticket: str, about: str) -> str | None:
        """What somebody was signed in by, out of a ticket that was made for `about`."""
        said = self._access.read_ticket(ticket)
        return said.removeprefix(about) if said is not None and said.startswith(about) else None

    async def may(self, found: Found, name: PortName, shown: Sequence[str]) -> bool:
        """`shown`: what a browser has; one that is good is enough."""
        if found.port.access == "public":
            return True
        about = f"port:{name.label}:{found.owner}:"
        for key in {self._key(each, about) for each in shown}:
            if key is not None and await self._access.holds(found.owner, key):
                return True
        return False


def _of_tabs(play: str, plan: PlayPlan, made: datetime) -> list[PortRow]:
    return [
        PortRow(
            id=tab.id,
            play=play,
            machine=tab.machine,
            number=tab.number,
            access=tab.access,
            tls=tab.tls,
            host_rewrite=tab.host_rewrite or "",
            path_rewrite=(tab.path_rewrite or "").rstrip("/"),
            created_at=made,
        )
        for tab in plan.tabs
        if tab.kind is TabKind.HTTP_PORT and tab.machine is not None and tab.number is not None
    ]


def _check(wish: Wish) -> None:
    if not 0 < wish.number < 1 << 16:
        raise BadRequestError(f"there is no port {wish.number}", hint="1 to 65535")
    if wish.access not in ("private", "public"):
        raise BadRequestError(f"there is no access {wish.access[:64]!r}", hint="private or public")
    if wish.host_rewrite and not _HOST.fullmatch(wish.host_rewrite):
        raise BadRequestError("`hostRewrite` is no host name")
    if wish.path_rewrite and (len(wish.path_rewrite) > _PATH_LIMIT or not _PATH.fullmatch(wish.path_rewrite)):
        raise BadRequestError("`pathRewrite` is no path", hint="such as /app")
