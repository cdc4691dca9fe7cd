"""Moments of a play: named ones to go back to, one to fork, one to save. Of a running play, or of a stopped one."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from labyard.engine.bring_up import BringUp
from labyard.engine.footing import BASE, DELTA, DEVICES, INITRD, Footing, link_files, read_footing
from labyard.engine.laying import over
from labyard.engine.parts import Parts
from labyard.engine.record import KEEPING, SNAPSHOTS, PlayRecord
from labyard.engine.snapshot import (
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
from labyard.machine.sparse import SnapshotError
from labyard.network.blocking import in_thread
from labyard.play.status import MachineState, PlayState


class Moments:
    """Callers hold the play's turn, so that nothing else happens to it meanwhile."""

    def __init__(self, record: PlayRecord, parts: Parts, start: BringUp) -> None:
        self._record = record
        self._parts = parts
        self._start = start

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
                snapshot = await self._start.take(work, place, durable=durable)
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
        await in_thread(remove_snapshot, self.place(name))

    async def go_back(self, name: str) -> None:
        """The play will go on from there. What it was until now is gone, its machines must have ended."""
        kept = self._record.kept
        if kept.exists():
            await in_thread(remove_snapshot, kept)
        await in_thread(copy_snapshot, self.place(name), self._record.folder / KEEPING, kept)

    async def _take_stopped(self, work: Path, place: Path, *, durable: bool) -> Snapshot:
        """Its disks as they are get a layer on top, so that the play can write to them again."""
        record = self._record
        kept = await in_thread(read_snapshot, record.kept)
        shutil.rmtree(work, ignore_errors=True)
        machines = []
        for plan in record.plan.machines:
            folder = record.machine_folders() / plan.name
            footing = await in_thread(read_footing, folder)
            if footing is None:
                raise ConflictError(f"play {record.id} has no disks yet")
            saved = next((each for each in kept.machines if each.name == plan.name), None) if kept else None
            machines.append(await in_thread(self._gather, plan.name, footing, saved, work / plan.name))
            await _cover(footing)
        snapshot = Snapshot(
            created_at=datetime.now(UTC),
            plan=record.plan,
            tasks=record.report.tasks,
            booted=record.entry.booted,
            machines=tuple(machines),
            maker=kept.maker if kept else await self._parts.maker(),
        )
        return await in_thread(publish, work, snapshot, place, durable=durable)

    def _gather(self, name: str, footing: Footing, saved: SavedMachine | None, place: Path) -> SavedMachine:
        """One that was to go on does so from here too; one without a memory boots."""
        if saved is not None and not saved.footing.own_layers():
            raise SnapshotError(f"what was kept of {name} has no disks")
        link_files(footing.folder, place, [INITRD, *(layer.path.name for layer in footing.own_layers())])
        if saved is not None:
            link_files(self._record.kept / name, place, [BASE, DELTA, DEVICES])
            return saved.model_copy(update={"footing": footing.in_folder(place)})
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
