"""Moments of a play: named ones to go back to, one to fork, one to save. Of a running play, or of a stopped one."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from labyard.engine.chores import Chores
from labyard.engine.footing import INITRD, Footing, link_files, read_footing
from labyard.engine.keeping import Keeping
from labyard.engine.laying import over
from labyard.engine.parts import Parts
from labyard.engine.record import KEEPING, SNAPSHOTS, PlayRecord
from labyard.engine.snapshot import (
    Maker,
    SavedMachine,
    Snapshot,
    copy_snapshot,
    publish,
    read_snapshot,
    remove_snapshot,
    snapshots_in,
)
from labyard.errors import ConflictError, NotFoundError
from labyard.machine.plan import LayerSpec
from labyard.network.blocking import in_thread
from labyard.play.status import MachineState, PlayState


class Moments:
    """Callers hold the play's turn, so that nothing else happens to it meanwhile."""

    def __init__(self, record: PlayRecord, parts: Parts, keeping: Keeping, chores: Chores) -> None:
        self._record = record
        self._parts = parts
        self._keeping = keeping
        self._chores = chores

    def place(self, name: str) -> Path:
        return self._record.folder / SNAPSHOTS / name

    def named(self) -> dict[str, Snapshot]:
        """Oldest first; damaged ones are passed over."""
        found = snapshots_in(self._record.folder / SNAPSHOTS)
        return dict(sorted(found.items(), key=lambda item: item[1].created_at))

    def find(self, name: str) -> Snapshot:
        """NotFoundError when there is none; SnapshotError when it is damaged."""
        snapshot = read_snapshot(self.place(name))
        if snapshot is None:
            known = ", ".join(self.named()) or "none yet"
            raise NotFoundError(f"play {self._record.id} has no snapshot {name!r}", hint=f"it has: {known}")
        return snapshot

    async def take(self, place: Path, work: Path, *, durable: bool = True, own: bool = False) -> Snapshot:
        """This moment at `place`; the play goes on as it was. `own`: nothing of it is shared with the play.

        ConflictError when it is neither running nor stopped, or a machine of it cannot be frozen.
        """
        match self._record.report.state:
            case PlayState.RUNNING:
                snapshot = await self._keeping.take(work, place, durable=durable)
            case PlayState.STOPPED:
                snapshot = await self._take_stopped(work, place, durable=durable)
            case state:
                raise ConflictError(f"play {self._record.id} is {state.lower()}", hint="it must be running or stopped")
        if own:
            await in_thread(_make_own, place)
        return snapshot

    async def keep(self, name: str) -> Snapshot:
        """ConflictError when there is one of that name."""
        place = self.place(name)
        if place.exists():
            raise ConflictError(f"play {self._record.id} has a snapshot {name!r} already", hint="choose another name")
        return await self.take(place, self._record.folder / KEEPING)

    async def forget(self, name: str) -> None:
        if not self.place(name).exists():
            self.find(name)
        await self._chores.end(finish=True)  # one of them may be reading it, to write its record anew
        await in_thread(remove_snapshot, self.place(name))

    async def go_back(self, name: str) -> None:
        """The play will go on from there. What it was until now is gone, its machines must have ended."""
        kept = self._record.kept
        await self._chores.end()  # they tidy what goes now
        if kept.exists():
            await in_thread(remove_snapshot, kept)
        await in_thread(copy_snapshot, self.place(name), self._record.folder / KEEPING, kept)

    async def _take_stopped(self, work: Path, place: Path, *, durable: bool) -> Snapshot:
        """What it will go on from; where nothing is kept, its disks alone. Disks that it will write to get a layer on top."""
        await self._chores.end(finish=True)  # what was kept is being tidied
        kept = await in_thread(read_snapshot, self._record.kept)
        footings = await in_thread(self._footings)
        if kept is None or kept.same_disks:
            for footing in footings.values():
                await _cover(footing)
        if kept is not None:
            return await in_thread(copy_snapshot, self._record.kept, work, place, now=True, durable=durable)
        return await in_thread(self._take_disks, footings, await self._parts.maker(), work, place, durable=durable)

    def _footings(self) -> dict[str, Footing]:
        folders = {plan.name: self._record.machine_folders() / plan.name for plan in self._record.plan.machines}
        found = {name: read_footing(folder) for name, folder in folders.items()}
        if None in found.values():
            raise ConflictError(f"play {self._record.id} has no disks yet")
        return {name: footing for name, footing in found.items() if footing is not None}

    def _take_disks(
        self, footings: dict[str, Footing], maker: Maker, work: Path, place: Path, *, durable: bool
    ) -> Snapshot:
        record = self._record
        shutil.rmtree(work, ignore_errors=True)
        snapshot = Snapshot(
            created_at=datetime.now(UTC),
            plan=record.plan,
            tasks=record.report.tasks,
            booted=record.entry.booted,
            machines=tuple(self._without_memory(name, footing, work / name) for name, footing in footings.items()),
            maker=maker,
        )
        return publish(work, snapshot, place, durable=durable)

    def _without_memory(self, name: str, footing: Footing, place: Path) -> SavedMachine:
        """It boots there."""
        link_files(footing.folder, place, [INITRD, *(layer.path.name for layer in footing.own_layers())])
        status = next(each for each in self._record.report.machines if each.name == name)
        boots = status.model_copy(update={"state": MachineState.STARTING})
        return SavedMachine(name=name, footing=footing.in_folder(place), status=boots, memory=False)


async def _cover(footing: Footing) -> None:
    layers: dict[int, LayerSpec] = {}
    for index, disk in enumerate(footing.spec.disks):
        if not disk.read_only:
            layers[index] = await over(footing.folder, index, disk.layers[-1])
    await in_thread(footing.with_layers(layers).write)


def _make_own(place: Path) -> None:
    """Files that somebody else still has open for writing, or may write by owning them, are copied."""
    for path in place.rglob("*"):
        if path.is_file() and path.stat().st_nlink > 1:
            copy = path.with_name(path.name + ".own")
            shutil.copyfile(path, copy)
            copy.replace(path)
