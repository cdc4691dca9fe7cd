"""What the machines of a play take, for whoever looks at it: measured while somebody does, once for all who do."""

from __future__ import annotations

import time
from collections import OrderedDict
from functools import partial
from typing import Final

from labyard.control.plays import Plays
from labyard.control.sampling import Sampled
from labyard.errors import NotFoundError
from labyard.hosts.contract import Host, MachineLoads
from labyard.play.status import PlayState

LIFE: Final = 1.5
"""Seconds for which a measurement serves whoever asks: less than a page's pause between two questions."""
REMEMBERED: Final = 1024
"""Plays that are looked at, at most; the one that was asked for longest ago is forgotten."""
_ALIVE: Final = (PlayState.STARTING, PlayState.RUNNING, PlayState.FAILED, PlayState.STOPPING)


class Loads:
    def __init__(self, plays: Plays, host: Host) -> None:
        self._plays = plays
        self._host = host
        self._samples: OrderedDict[str, Sampled[MachineLoads]] = OrderedDict()

    async def of(self, owner: str, play_id: str) -> MachineLoads:
        """No machines while it is off. NotFoundError, also for plays that are not the owner's."""
        row = (await self._plays.get(owner, play_id)).row
        if row.state not in _ALIVE:
            self._samples.pop(play_id, None)
            return _nothing()
        sample = self._samples.setdefault(play_id, Sampled(partial(self._host.machine_loads, play_id), LIFE))
        self._samples.move_to_end(play_id)
        while len(self._samples) > REMEMBERED:
            self._samples.popitem(last=False)
        try:
            return await sample.get()
        except NotFoundError:  # the host has not taken it yet, or has let it go
            return _nothing()


def _nothing() -> MachineLoads:
    return MachineLoads(at=time.monotonic(), machines=())
