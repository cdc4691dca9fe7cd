"""What a play's verbs had no time for: done beside them, and given up with the play."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from labyard.engine.record import PlayRecord
from labyard.errors import LabyardError

log = structlog.get_logger(__name__)


class Chores:
    def __init__(self, record: PlayRecord) -> None:
        self._record = record
        self._running: set[asyncio.Task[None]] = set()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin it now and wait for nothing. One that fails is left undone, with a word in the log."""

        async def guarded() -> None:
            try:
                await work
            except (LabyardError, OSError) as error:
                log.warning("a chore was left undone", play=self._record.id, error=str(error))

        task = asyncio.create_task(guarded())
        task.add_done_callback(lambda _: work.close())  # one that was cancelled before it began
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def end(self, *, finish: bool = False) -> None:
        """No chore runs when this returns. `finish`: wait until they are done."""
        chores = list(self._running)
        for chore in chores if not finish else ():
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
