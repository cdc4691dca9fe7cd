"""How often something may be tried: some times freely, then after waits that grow. Kept in memory: a restart forgives."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from labyard.control.refusals import TooManyError

ACCOUNT_FREE: Final = 10
PLACE_FREE: Final = 50
MAIL_FREE: Final = 3
_LONGEST_WAIT: Final = 900.0
_FORGET_AFTER: Final = 3600.0
_MOST_KEYS: Final = 50_000


class TooManyTriesError(TooManyError):
    code = "too-many-tries"


@dataclass(slots=True)
class _Tried:
    times: int
    last: float


class Tries:
    """Counted when something is begun, so that many at once do not slip through. `now`: seconds of a clock."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._tried: OrderedDict[str, _Tried] = OrderedDict()

    def take(self, keys: Mapping[str, int]) -> None:
        """One try of each; how many are free without waiting. TooManyTriesError, and nothing is counted."""
        now = self._now()
        left = max((self._wait(key, free, now) for key, free in keys.items()), default=0.0)
        if left > 0:
            raise TooManyTriesError("that was tried too often", hint=f"try again in {_words(left)}")
        for key in keys:
            known = self._tried.pop(key, None)
            self._tried[key] = _Tried(1 if known is None else known.times + 1, now)
        while len(self._tried) > _MOST_KEYS:
            self._tried.popitem(last=False)

    def forgive(self, key: str) -> None:
        self._tried.pop(key, None)

    def give_back(self, key: str) -> None:
        """One try that was a good one: a whole classroom comes from one place."""
        if (tried := self._tried.get(key)) is not None:
            tried.times = max(0, tried.times - 1)

    def _wait(self, key: str, free: int, now: float) -> float:
        """Seconds until it may be tried again: 1 after the free ones, then 2, 4, 8... to a quarter of an hour."""
        tried = self._tried.get(key)
        if tried is None:
            return 0.0
        if now - tried.last >= _FORGET_AFTER:
            del self._tried[key]
            return 0.0
        if tried.times < free:
            return 0.0
        return tried.last + min(2.0 ** min(tried.times - free, 30), _LONGEST_WAIT) - now


def place_key(address: str) -> str:
    """Where somebody comes from. A house has a whole /64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "place:unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"place:{parsed.ipv4_mapped}"
        return f"place:{ipaddress.IPv6Network((parsed, 64), strict=False)}"
    return f"place:{parsed}"


def _words(seconds: float) -> str:
    count = math.ceil(seconds)
    if count < 60:
        return f"{count} second{'' if count == 1 else 's'}"
    minutes = math.ceil(count / 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
