"""Who waits for news of a play, and telling them. In this process only; carries no data, so nothing can be stale."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Changes:
    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def tell(self, play_id: str) -> None:
        for event in self._waiting.get(play_id, ()):
            event.set()

    @contextmanager
    def follow(self, play_id: str) -> Iterator[asyncio.Event]:
        """An event set at every change; clear it before looking."""
        event = asyncio.Event()
        self._waiting.setdefault(play_id, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[play_id].discard(event)
            if not self._waiting[play_id]:
                del self._waiting[play_id]
