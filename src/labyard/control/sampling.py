"""Something that takes a while to measure: asked for by many, measured for all of them at once, and not when nobody asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Sampled(Generic[T]):
    """`get` answers what was measured within the last `life` seconds, else measures. Who comes meanwhile waits along."""

    def __init__(
        self, measure: Callable[[], Awaitable[T]], life: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._measure = measure
        self._life = life
        self._clock = clock
        self._turn = asyncio.Lock()
        self._last: tuple[float, T] | None = None

    async def get(self, *, life: float | None = None) -> T:
        """`life`: of this answer. Raises what measuring raises; the next one who asks measures anew."""
        most = self._life if life is None else min(life, self._life)
        async with self._turn:
            if self._last is None or self._clock() - self._last[0] >= most:
                self._last = (self._clock(), await self._measure())
            return self._last[1]
