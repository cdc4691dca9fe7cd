"""One play cannot fill the host's disk: what each takes is looked at, and who takes too much is halted, not the box."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping

import structlog

from labyard.engine.footing import BASE, DELTA
from labyard.engine.live_play import LivePlay
from labyard.engine.record import KEPT
from labyard.engine.settings import MIB, EngineSettings
from labyard.errors import LabyardError
from labyard.machine.disks import allocated
from labyard.play.status import PlayState, Reason

log = structlog.get_logger(__name__)

_MEMORY = (BASE, DELTA, KEPT)
"""What a play has by having memory, however little it writes; there is only one of each."""


def to_halt(sizes: Mapping[str, int], before: Mapping[str, int], free: int, settings: EngineSettings) -> dict[str, str]:
    """Which plays to halt, and why: those over their budget, and below the floor the one that grew most. Pure."""
    over = {
        play: f"its drives take {size // MIB} MiB of at most {settings.play_disk_budget // MIB}"
        for play, size in sizes.items()
        if size > settings.play_disk_budget
    }
    grown = {play: size - before.get(play, 0) for play, size in sizes.items()}
    if free < settings.disk_floor and grown:
        worst = max(grown, key=lambda play: grown[play])
        if grown[worst] > 0:
            over.setdefault(worst, f"the box has only {free // MIB} MiB of disk left, and this play wrote last")
    return over


class DiskGuard:
    """Looks every `disk_interval` seconds."""

    def __init__(self, settings: EngineSettings, plays: Callable[[], list[LivePlay]]) -> None:
        self._settings = settings
        self._plays = plays
        self._before: dict[str, int] = {}

    async def watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._settings.disk_interval)

    async def look(self) -> None:
        live = {
            play.id: play
            for play in self._plays()
            if play.report.state in (PlayState.STARTING, PlayState.RUNNING, PlayState.FAILED)
            and play.report.reason is not Reason.DISK_BUDGET
        }
        sizes = await asyncio.to_thread(
            lambda: {name: allocated(play.record.folder, leave_out=_MEMORY) for name, play in live.items()}
        )
        free = shutil.disk_usage(self._settings.data).free
        for name, why in to_halt(sizes, self._before, free, self._settings).items():
            try:
                await live[name].halt(why)
            except LabyardError as error:
                log.warning("a play could not be halted, trying again", play=name, error=str(error))
        self._before = sizes
