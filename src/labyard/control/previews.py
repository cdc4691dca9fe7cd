"""Previews that were left behind: their authors' programs are gone, and nobody else would remove them."""

from __future__ import annotations

import asyncio

import structlog

from labyard.content.library import PLURALS
from labyard.control.access import OWNER
from labyard.control.authoring import Authoring
from labyard.control.lesson_key import LessonKey
from labyard.control.plays import Plays
from labyard.errors import LabyardError

log = structlog.get_logger()


class Previews:
    """A preview is asked for by who looks at it (`Authoring.renew`); its folder's time is when that was last done."""

    def __init__(self, authoring: Authoring, plays: Plays) -> None:
        self._authoring = authoring
        self._plays = plays

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("previews could not be looked through, going on")
            await asyncio.sleep(self._authoring.bounds.sweep_every)

    async def sweep(self) -> None:
        """Remove those that nobody has asked for in a while, and end plays of those that are gone."""
        for plural in PLURALS:
            for name in await asyncio.to_thread(self._authoring.previews.names, plural):
                await self._look(plural, name)
        for view in await self._plays.of_lesson(None):
            key = LessonKey.parse(view.row.plan.lesson)
            if view.row.plan.preview and not self._authoring.previews.has(key.plural, key.name):
                await self._authoring.end(view)

    async def _look(self, plural: str, name: str) -> None:
        try:
            age = await asyncio.to_thread(self._authoring.previews.age, plural, name)
            if age > self._authoring.bounds.lease:
                log.info("a preview was left behind", kind=PLURALS[plural], name=name)
                await self._authoring.remove(OWNER, plural, name)
        except (LabyardError, OSError) as error:
            log.warning("a preview cannot be removed", kind=PLURALS[plural], name=name, error=str(error))
