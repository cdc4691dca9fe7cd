"""End a server and every play of a data folder."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from labyard.assembly.data_folder import data_mark
from labyard.assembly.house import house
from labyard.assembly.settings import Settings
from labyard.control.access import OWNER
from labyard.errors import ConflictError
from labyard.network.host import remove_host
from labyard.play.status import PlayState


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What `down` found. `server`: whether one ran."""

    server: bool
    plays: int


async def down(settings: Settings) -> Ended:
    """End the server of this data folder, then every play in it."""
    served = _end_server(settings.data / "server.lock")
    async with house(settings) as services:
        reports = await services.host.list()
        rows = [view.row for view in await services.plays.list(OWNER)]
        for row in rows:
            if row.state is not PlayState.DESTROYED:
                await services.plays.destroy(OWNER, row.id)
        # the host's own list counts: what the database never heard of ends too
        await asyncio.gather(*(services.host.destroy(report.id) for report in reports))
        for row in rows:
            services.reconciler.poke(row.id)
        await services.reconciler.settled()
    await remove_host(data_mark(settings.data))
    return Ended(server=served, plays=len(reports))


def _end_server(lock: Path) -> bool:
    """Ask the server that holds the lock to end, and wait until it has. Whether there was one."""
    try:
        held = lock.open("r+")
    except FileNotFoundError:
        return False
    with held:
        deadline = time.monotonic() + 30
        asked = False
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return asked
            except BlockingIOError:
                pass
            if not asked:
                held.seek(0)
                os.kill(int(held.read() or "0"), signal.SIGTERM)
                asked = True
            if time.monotonic() > deadline:
                raise ConflictError(
                    "the server does not end", hint="look for its process: pgrep -af 'labyard (serve|up)'"
                )
            time.sleep(0.1)
