"""Make a play's ground from the snapshot it is to go on from, and its machines as they were, standing still."""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

from labyard.engine.footing import BASE, DELTA, DEVICES, INITRD, Footing, link_files, read_footing
from labyard.engine.journal import Entry
from labyard.engine.laying import machine_folder, over
from labyard.engine.parts import Parts
from labyard.engine.snapshot import SavedMachine, Snapshot
from labyard.engine.together import together
from labyard.engine.wiring import Ground
from labyard.errors import MachineError
from labyard.machine.machine import Machine
from labyard.network.blocking import in_thread
from labyard.network.namespace import path_of
from labyard.network.plan import world_name


async def lay_kept(entry: Entry, parts: Parts, kept: Path, snapshot: Snapshot) -> dict[str, Footing]:
    """What every machine stands on: the snapshot's files, and an empty layer over each disk that is written.

    A play that goes on with its very disks has all that already.
    """
    laid = await together(*(_lay(entry, parts, kept, snapshot, saved) for saved in snapshot.machines))
    return {saved.name: footing for saved, footing in zip(snapshot.machines, laid, strict=True)}


async def _lay(entry: Entry, parts: Parts, kept: Path, snapshot: Snapshot, saved: SavedMachine) -> Footing:
    folder = machine_folder(entry, parts, saved.name)
    if snapshot.same_disks and (known := read_footing(folder)) is not None:
        return known
    footing = _of_play(saved.footing.in_folder(folder), entry, parts)
    await in_thread(_link, kept / saved.name, folder, footing)
    layers = {}
    for index, disk in enumerate(footing.spec.disks):
        if not disk.read_only:
            layers[index] = await over(folder, index, disk.layers[-1])
    footing = footing.with_layers(layers)
    footing.write(durable=False)
    return footing


def _of_play(footing: Footing, entry: Entry, parts: Parts) -> Footing:
    """Everything a machine shows to the host is the play's own; what it shows to its guest is the snapshot's."""
    mark = parts.settings.mark
    own = {"mark": mark, "play": entry.home, "uid": entry.uid, "netns": path_of(world_name(mark, entry.home))}
    return footing.model_copy(update={"spec": footing.spec.model_copy(update=own)})


def _link(source: Path, folder: Path, footing: Footing) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    link_files(source, folder, [INITRD, *(layer.path.name for layer in footing.own_layers())])
    (folder / "run").mkdir(mode=0o700)


def waiter(ground: Ground, kept: Path, name: str) -> Callable[[], Awaitable[Machine]]:
    """Starts the process of a machine whose memory is in `kept`; it stands still, exactly as it was."""
    spec = ground.footings[name].spec

    async def launch() -> Machine:
        memory = await _memory(ground.parts, kept / name, spec.memory, spec.uid, name)
        try:
            taps = [ground.world.open_tap(name, index) for index in range(len(spec.nics))]
            machine = await Machine.launch(spec, taps=taps, memory=memory)
        finally:
            os.close(memory)
        try:
            await _load(machine, kept / name / DEVICES)
        except BaseException:
            await machine.kill()
            raise
        return machine

    return launch


async def _load(machine: Machine, path: Path) -> None:
    devices = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        await machine.load(devices)
    finally:
        os.close(devices)


async def _memory(parts: Parts, folder: Path, size: int, uid: int, name: str) -> int:
    """A play's own image is mapped as it lies on disk; what others have too, only as a copy that none of them can write."""
    base = folder / BASE
    if (folder / DELTA).exists() or not base.exists() or base.stat().st_nlink > 1:
        return os.dup(await parts.memories.sealed(folder, size, name))
    descriptor = os.open(base, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    if os.fstat(descriptor).st_size != size:
        os.close(descriptor)
        raise MachineError(f"the memory of {name} is not of {size} bytes")
    os.fchown(descriptor, uid, uid)
    return descriptor


def take_over_memory(kept: Path, files: Path, snapshot: Snapshot) -> None:
    """The images that machines were made of become the base of what they write from here on."""
    for saved in snapshot.machines:
        for name in (BASE, DELTA):
            (files / saved.name / name).unlink(missing_ok=True)
        if saved.memory:
            link_files(kept / saved.name, files / saved.name, [DELTA, BASE])
