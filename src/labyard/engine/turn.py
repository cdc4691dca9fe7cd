"""One verb of a play at a time; what is logged meanwhile says which play it is of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Token
from typing import Any

from structlog.contextvars import bind_contextvars, reset_contextvars


class Turn:
    """A lock. `name`: the play's id when the turn comes."""

    def __init__(self, name: Callable[[], str]) -> None:
        self._name = name
        self._lock = asyncio.Lock()
        self._bound: Mapping[str, Token[Any]] = {}

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        self._bound = bind_contextvars(play=self._name())

    async def __aexit__(self, *_: object) -> None:
        reset_contextvars(**self._bound)
        self._lock.release()
