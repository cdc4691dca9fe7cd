"""What those who run the box ask: how it is, whose plays take what, and to end some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from labyard.control.access import OWNER
from labyard.control.attention import Notice, notices
from labyard.control.plays import Plays
from labyard.control.refusals import BadRequestError
from labyard.control.sampling import Sampled
from labyard.errors import LabyardError
from labyard.hosts.contract import Capacity, DiskUse, Host, Load, PlayCost
from labyard.play.status import PlayState
from labyard.store.diary import DiaryEntry
from labyard.store.overview import OverviewStore, PlayBrief

LISTED: Final = 2000
"""Plays at most in one list, the newest."""
AT_ONCE: Final = 100
"""Plays that one request may end."""
LOAD_LIFE: Final = 5.0
DISK_LIFE: Final = 60.0
"""Seconds for which a measurement serves whoever asks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """`waiting`: plays that wait for their first start."""

    capacity: Capacity
    load: Load
    states: Mapping[PlayState, int]
    waiting: int
    notices: Sequence[Notice]


@dataclass(frozen=True, kw_only=True, slots=True)
class Costly:
    """A play and what it takes: `cost` None while it has no machines. `disk` in bytes, with its snapshots; None: not known."""

    play: PlayBrief
    handle: str
    cost: PlayCost | None
    disk: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """For who draws curves."""

    capacity: Capacity
    load: Load
    states: Mapping[PlayState, int]
    waiting: int
    disk: Sequence[DiskUse]


class Operating:
    """Measuring costs something, so it is done when somebody looks, and once for all who look at the same time."""

    def __init__(self, store: OverviewStore, plays: Plays, host: Host, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._plays = plays
        self._host = host
        self._clock = clock
        self._load = Sampled(host.load, LOAD_LIFE)
        self._disk = Sampled(host.disk_use, DISK_LIFE)

    async def box(self) -> Box:
        capacity, load = await self._host.capacity(), await self._load.get()
        states, waiting = await self._store.states(), await self._store.waiting()
        plays = await self._store.plays(ended=False, most=LISTED)
        found = notices(capacity, states, waiting, plays, self._clock())
        return Box(capacity=capacity, load=load, states=states, waiting=waiting, notices=found)

    async def figures(self) -> Figures:
        return Figures(
            capacity=await self._host.capacity(),
            load=await self._load.get(),
            states=await self._store.states(),
            waiting=await self._store.waiting(),
            disk=await self._disk.get(),
        )

    async def everybody(self, *, ended: bool) -> tuple[Load, list[Costly]]:
        """All plays, newest first, at most LISTED; with `ended` also destroyed ones that are remembered."""
        plays = await self._store.plays(ended=ended, most=LISTED)
        load = await self._load.get()
        costs = {cost.id: cost for cost in load.plays}
        disk: dict[str, int] = {}
        for use in await self._disk.get():
            if use.kind in ("play", "snapshot"):  # a snapshot is called PLAY/NAME
                play_id = use.name.partition("/")[0]
                disk[play_id] = disk.get(play_id, 0) + use.own
        return load, [
            Costly(play=play, handle=_handle(play), cost=costs.get(play.id), disk=disk.get(play.id)) for play in plays
        ]

    async def end(self, by: str, action: str, play_ids: Sequence[str]) -> list[tuple[str, LabyardError | None]]:
        """Stop or destroy plays, whoever's they are; `by` is told in their diaries. What became of each wish, in order.

        BadRequestError when it is asked for something else, or for too many at once; then nothing was done.
        """
        verbs = {"stop": self._plays.stop, "destroy": self._plays.destroy}
        if action not in verbs:
            raise BadRequestError(f"plays of others cannot be {action[:64]!r}", hint="stop or destroy")
        if not 0 < len(play_ids) <= AT_ONCE:
            raise BadRequestError(f"1 to {AT_ONCE} plays at once")
        told: list[tuple[str, LabyardError | None]] = []
        for play_id in dict.fromkeys(play_ids):
            try:
                await verbs[action](None, play_id, by=by)
            except LabyardError as error:
                told.append((play_id, error))
            else:
                told.append((play_id, None))
        return told

    async def diary(self, owner: str | None, play_id: str) -> tuple[list[DiaryEntry], dict[str, str]]:
        """Oldest first, and what people in it are called, by id. NotFoundError, also for plays not the owner's (None: any)."""
        entries = await self._plays.diary(owner, play_id)
        people = {entry.who for entry in entries} - {"", OWNER}
        handles = await self._store.handles(people) if people else {}
        return entries, {OWNER: OWNER, **handles}


def _handle(play: PlayBrief) -> str:
    return OWNER if play.owner == OWNER else play.handle
