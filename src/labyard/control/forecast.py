"""When a play that waits for room will begin: a guess where all it waits for is under way, else a bound. Pure.

Both come of the same simulation: who waits begins one after the other, each as soon as the box has memory for it and may
boot one more. The guess takes things as they went lately, the bound as long as they may take at most. The bound holds as
long as nobody makes a play longer, and nobody lets a stopped one go on before those who wait.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

STOP_TAKES = timedelta(seconds=10)
"""What a guess gives a play to stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """A play that has memory (bytes). `ends_at`: when its time is over, None: never. `leaving_since`: it is being ended.

    `starting_since`: it boots since then, and no more than some may at once.
    """

    memory: int
    ends_at: datetime | None
    leaving_since: datetime | None = None
    starting_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A play that waits. `lifetime`: how long it may run, None: without end."""

    memory: int
    lifetime: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """`free`: bytes that nobody has. `boots`: how many may boot at once. `start_takes`: as it was lately, None: not known."""

    free: int
    boots: int
    start_takes: timedelta | None
    start_deadline: timedelta
    stop_deadline: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """Of one that waits: `soon`, a guess at how long; else `latest`, when it begins in the worst case. Neither: who knows."""

    soon: timedelta | None = None
    latest: datetime | None = None


class _Freed(NamedTuple):
    """`sure`: it is under way; else it is the end of somebody's time, which may be given up sooner."""

    at: datetime
    memory: int
    boots: int
    sure: bool


def foresee(now: datetime, box: Box, holdings: Sequence[Holding], claims: Sequence[Claim]) -> list[Forecast]:
    """One for each of `claims`, which are in the order of their turns."""
    likely = _Course(now, box, holdings, start=box.start_takes or box.start_deadline, stop=STOP_TAKES)
    worst = _Course(now, box, holdings, start=box.start_deadline, stop=box.stop_deadline)
    told = []
    for claim in claims:
        soon, latest = likely.begin(claim), worst.begin(claim)
        if soon is not None and likely.sure and (box.start_takes is not None or not likely.booted):
            told.append(Forecast(soon=soon - now))
        else:
            told.append(Forecast(latest=latest))
    return told


class _Course:
    """What happens next, if a start takes `start` and an end takes `stop`."""

    def __init__(
        self, now: datetime, box: Box, holdings: Sequence[Holding], *, start: timedelta, stop: timedelta
    ) -> None:
        self._start, self._stop = start, stop
        self._now = now
        self._free = box.free
        self._boots = box.boots - sum(each.starting_since is not None for each in holdings)
        self._coming = [freed for each in holdings for freed in self._freed(each)]
        heapq.heapify(self._coming)
        self.sure = True
        self.booted = False
        """Whether it waited for a start to come to its end."""

    def _freed(self, holding: Holding) -> list[_Freed]:
        freed = []
        if holding.starting_since is not None:
            freed.append(_Freed(max(self._now, holding.starting_since + self._start), 0, 1, sure=True))
        if holding.leaving_since is not None:
            freed.append(_Freed(max(self._now, holding.leaving_since + self._stop), holding.memory, 0, sure=True))
        elif holding.ends_at is not None:
            freed.append(_Freed(max(self._now, holding.ends_at) + self._stop, holding.memory, 0, sure=False))
        return freed

    def begin(self, claim: Claim) -> datetime | None:
        """When its turn comes, after all that were asked before; None: not by what is known. So it is for all after it."""
        while self._free < claim.memory or self._boots < 1:
            if not self._coming:
                self._boots = -1  # nobody comes past it
                return None
            freed = heapq.heappop(self._coming)
            self._now = max(self._now, freed.at)
            self._free += freed.memory
            self._boots += freed.boots
            self.sure &= freed.sure or freed.memory == 0
            self.booted |= freed.boots > 0
        self._free -= claim.memory
        self._boots -= 1
        heapq.heappush(self._coming, _Freed(self._now + self._start, 0, 1, sure=True))
        if claim.lifetime is not None:
            heapq.heappush(self._coming, _Freed(self._now + claim.lifetime + self._stop, claim.memory, 0, sure=False))
        return self._now
