"""What is done for people who are not told whether it was: letters, one after another, tried again for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from labyard.control.mail import MailError
from labyard.errors import LabyardError

log = structlog.get_logger()

_MOST: Final = 1000
_WAITS: Final = (2.0, 20.0)

Job = Callable[[], Awaitable[None]]


class Outbox:
    """`waits`: seconds before each further try. What waits when the server ends is lost: people ask again."""

    def __init__(self, *, waits: tuple[float, ...] = _WAITS) -> None:
        self._jobs: asyncio.Queue[Job] = asyncio.Queue(_MOST)
        self._waits = waits

    def put(self, job: Job) -> None:
        """Never waits: whoever asks must not see from the time whether there was anything to do."""
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            log.warning("a letter was dropped: too many wait")

    async def run(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await self._do(job)
            except Exception as error:  # one letter's bug must not be the end of all others
                log.error("a letter could not be written", exc_info=error)
            finally:
                self._jobs.task_done()

    async def settled(self) -> None:
        """When nothing waits any more."""
        await self._jobs.join()

    async def _do(self, job: Job) -> None:
        for wait in (*self._waits, None):
            try:
                await job()
                return
            except MailError as error:
                log.warning("a letter did not leave", error=error.message, again_in=wait)
                if wait is not None:
                    await asyncio.sleep(wait)
            except LabyardError as error:
                log.info("a letter was not written", error=error.message)
                return
