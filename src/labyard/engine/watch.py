"""Who wants to know what became of the plays: every watcher gets the latest of each, in order, however slow it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from labyard.play.status import PlayReport


class Watchers:
    """Fans reports out. A slow watcher skips steps between, never the last one, and holds one report per play at most."""

    def __init__(self) -> None:
        self._pending: list[tuple[dict[str, PlayReport], asyncio.Event]] = []

    def publish(self, report: PlayReport) -> None:
        for waiting, news in self._pending:
            waiting.pop(report.id, None)  # to the end of the line: order is that of the last change
            waiting[report.id] = report
            news.set()

    async def watch(self, current: Iterable[PlayReport]) -> AsyncIterator[PlayReport]:
        """First `current`, then every change, until the watcher goes away."""
        waiting = {report.id: report for report in current}
        news = asyncio.Event()
        news.set()
        mine = (waiting, news)
        self._pending.append(mine)
        try:
            while True:
                await news.wait()
                news.clear()
                while waiting:
                    yield waiting.pop(next(iter(waiting)))
        finally:
            self._pending.remove(mine)
