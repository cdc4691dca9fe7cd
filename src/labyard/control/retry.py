"""How long to leave a play alone after its host said no: longer each time, up to a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

from labyard.control.policy import Policy


class Retries:
    def __init__(self, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._failed: dict[str, tuple[int, float]] = {}

    def may(self, play_id: str) -> bool:
        return play_id not in self._failed or self._clock() >= self._failed[play_id][1]

    def count(self, play_id: str) -> int:
        return self._failed[play_id][0] if play_id in self._failed else 0

    def again(self, play_id: str) -> float:
        """Note a failure; the seconds to wait."""
        count = self.count(play_id) + 1
        first, most = self._policy.retry_first.total_seconds(), self._policy.retry_most.total_seconds()
        delay = min(most, first * 2.0 ** min(count - 1, 30))
        self._failed[play_id] = (count, self._clock() + delay)
        return delay

    def forget(self, play_id: str) -> None:
        self._failed.pop(play_id, None)
