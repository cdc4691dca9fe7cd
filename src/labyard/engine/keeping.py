"""A moment of a play, written down while its machines are there: for those who go on from it.

What is made is in `snapshot.py`, how machines are held at one instant in `capture.py`, and how one goes on in `continuing.py`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from labyard.engine.capture import capture
from labyard.engine.footing import read_footing
from labyard.engine.live_machine import LiveMachine
from labyard.engine.parts import Parts
from labyard.engine.record import PlayRecord
from labyard.engine.snapshot import SavedMachine, Snapshot, publish, remove_snapshot
from labyard.engine.wiring import Ground
from labyard.machine.sparse import problems
from labyard.network.blocking import in_thread


class Keeping:
    """`ground`: what the machines stand on now."""

    def __init__(
        self,
        record: PlayRecord,
        parts: Parts,
        machines: Mapping[str, LiveMachine],
        ground: Callable[[], Ground | None],
    ) -> None:
        self._record = record
        self._parts = parts
        self._machines = machines
        self._ground = ground

    async def keep(self, work: Path, place: Path, *, same_disks: bool = False) -> Snapshot:
        """Write what its machines are at this moment to `place`. They stand still afterwards, to be ended.

        What cannot be written lets them go on as if nothing had been.
        """
        try:
            return await self.take(work, place, end=True, same_disks=same_disks)
        except BaseException:
            await asyncio.shield(asyncio.gather(*(machine.go_on() for machine in self._machines.values())))
            raise

    async def take(
        self, work: Path, place: Path, *, end: bool = False, same_disks: bool = False, durable: bool = True
    ) -> Snapshot:
        """A snapshot of its machines at `place`; `work` is a name beside it until it is complete. See `capture`."""
        shutil.rmtree(work, ignore_errors=True)
        gathered = False
        try:
            with problems("keeping this moment"):
                machines = await capture(
                    self._machines, self._record.machine_folders(), work, self._parts.memories, end=end
                )
                made = await self._describe(machines, same_disks=same_disks)
                gathered = True
                return await in_thread(publish, work, made, place, durable=durable)
        except BaseException:
            if gathered and not work.exists():  # it got its name, but its machines will go on, and write on its disks
                await in_thread(remove_snapshot, place)
            await in_thread(shutil.rmtree, work, ignore_errors=True)
            raise
        finally:
            self._read_footings_again()

    def _read_footings_again(self) -> None:
        """Disks have got new layers; a machine that is started alone from now on needs them."""
        if (ground := self._ground()) is None:
            return
        for name in self._machines:
            if (footing := read_footing(self._record.machine_folders() / name)) is not None:
                ground.footings[name] = footing

    async def _describe(self, machines: tuple[SavedMachine, ...], *, same_disks: bool) -> Snapshot:
        entry = self._record.entry
        return Snapshot(
            created_at=datetime.now(UTC),
            plan=entry.plan,
            tasks=entry.report.tasks,
            booted=entry.booted,
            machines=machines,
            maker=await self._parts.maker(),
            same_disks=same_disks,
        )
