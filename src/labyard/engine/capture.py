"""Take a snapshot of a play: all machines at one instant, while as little as possible of it is spent standing still.

While they run: what will be needed is made (empty layers, folders), and what the disks hold back is written out.
Standing still, all machines at once: processes freeze in the guests, then processors stop; the pages a machine wrote since
its base, the devices' state, a new layer on each disk; then all go on. Or, at the end of a play, all are ended.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from labyard.engine.footing import BASE, DELTA, DEVICES, INITRD, Footing, link_files, read_footing
from labyard.engine.laying import over
from labyard.engine.live_machine import LiveMachine
from labyard.engine.memories import Memories
from labyard.engine.snapshot import SavedMachine
from labyard.engine.together import together
from labyard.errors import CapacityError, ConflictError, MachineError
from labyard.machine.delta import write_delta
from labyard.machine.machine import Machine
from labyard.machine.mapping import find_mapping, open_base
from labyard.machine.plan import LayerSpec
from labyard.network.blocking import in_thread
from labyard.play.status import MachineState

log = structlog.get_logger(__name__)

MOST_LAYERS = 8
"""Of a disk's own: at the next moment they are made one. Every moment of a running machine adds one, and reading slows down."""
_LEAST_ROOM = 16 << 20
"""Bytes of free disk below which a device state that could not be written is one that found no room."""


@dataclass(kw_only=True, slots=True)
class Sitter:
    """One machine in front of the camera. `files`: its folder in the play; `place`: that in the snapshot."""

    machine: LiveMachine
    files: Path
    place: Path
    footing: Footing
    layers: dict[int, LayerSpec] = field(default_factory=dict)
    tops: tuple[str, ...] = ()

    @property
    def process(self) -> Machine | None:
        return self.machine.process

    async def prepare_layers(self) -> None:
        """An empty layer for each disk that is written, in the footing before any machine knows of it: a boot after a cut
        finds it empty, and never misses one that was written."""
        for index, disk in enumerate(self.footing.spec.disks):
            if disk.read_only:
                continue
            self.layers[index] = await over(self.files, index, disk.layers[-1])
        await in_thread(self.footing.with_layers(self.layers).write)

    async def sync_disks(self) -> None:
        """Stopping flushes every disk: what is written out before need not be then."""
        tops = [disk.layers[-1].path for disk in self.footing.spec.disks if not disk.read_only]
        for path in tops:
            await in_thread(_sync_data, path)

    def pose(self, posing: bool) -> None:
        self.machine.posing = posing

    async def expose(self) -> None:
        """Write down what it is. It stands still."""
        process = self.process
        if process is None:
            return
        await together(self._write_memory(process), self._write_devices(process))
        for index, layer in self.layers.items():
            await self._add_layer(process, index, layer)

    async def _write_memory(self, process: Machine) -> None:
        await in_thread(_write_memory, process.pid, self.footing.spec.memory, self.place / DELTA)

    async def _write_devices(self, process: Machine) -> None:
        target = os.open(self.place / DEVICES, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            await process.save_devices(target)
        except MachineError as error:  # QEMU says no more than that it could not write
            if shutil.disk_usage(self.place).free < _LEAST_ROOM:
                raise CapacityError("no room for keeping this moment: the disk is full") from error
            raise
        finally:
            os.close(target)

    async def _add_layer(self, process: Machine, index: int, layer: LayerSpec) -> None:
        descriptor = os.open(layer.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            await process.add_layer(index, layer, descriptor, below=self.tops[index])
        finally:
            os.close(descriptor)

    def saved(self) -> SavedMachine:
        return SavedMachine(
            name=self.machine.name,
            footing=self.footing.in_folder(self.place),
            status=self.machine.status,
            memory=self.process is not None,
        )


async def capture(
    machines: Mapping[str, LiveMachine], files: Path, place: Path, memories: Memories, *, end: bool
) -> tuple[SavedMachine, ...]:
    """Write what `machines`, whose folders are in `files`, are at this instant under `place`; not yet synced or published.

    `end`: they stay as they are then, standing still, to be ended by the caller. Else they have gone on when this returns.
    ConflictError when one cannot be frozen, CapacityError when the disk is full: then all go on as if nothing had been.
    """
    sitters = [await _sitter(machine, files / name, place / name, memories) for name, machine in machines.items()]
    alive = [sitter for sitter in sitters if sitter.process is not None]
    if not end:
        await together(*(sitter.prepare_layers() for sitter in sitters))
        await together(*(sitter.machine.rehearse_freeze() for sitter in alive))
    await together(*(sitter.sync_disks() for sitter in alive))
    began = time.perf_counter()
    for sitter in alive:
        sitter.pose(True)
    try:
        await together(*(sitter.machine.freeze() for sitter in alive))
        await together(*(sitter.machine.pause() for sitter in alive))
        await together(*(sitter.expose() for sitter in alive))
    except BaseException:
        await asyncio.shield(asyncio.gather(*(sitter.machine.go_on() for sitter in alive)))
        raise
    finally:
        for sitter in alive:
            sitter.pose(False)
    if not end:
        await asyncio.shield(asyncio.gather(*(sitter.machine.go_on() for sitter in alive)))
    log.info("stood still", machines=len(alive), ms=round((time.perf_counter() - began) * 1000, 1))
    for sitter in sitters:
        await in_thread(_link_rest, sitter)
    return tuple(sitter.saved() for sitter in sitters)


async def _sitter(machine: LiveMachine, files: Path, place: Path, memories: Memories) -> Sitter:
    footing = await in_thread(read_footing, files)
    if footing is None:
        raise MachineError(f"{machine.name} has no disks yet")
    if machine.process is None and machine.status.state is not MachineState.STOPPED:
        raise ConflictError(f"{machine.name} is {machine.status.state.lower()}", hint="try again when it runs")
    place.mkdir(mode=0o700, parents=True)
    await memories.settle(files)
    tops: tuple[str, ...] = ()
    if machine.process is not None:
        footing = await _shorten(machine.process, footing)
        tops = tuple(chain[-1] for chain in await machine.process.layers())
    return Sitter(machine=machine, files=files, place=place, footing=footing, tops=tops)


async def _shorten(process: Machine, footing: Footing) -> Footing:
    """While it runs. What is in the way of it is no reason for not taking the moment."""
    for index, disk in enumerate(footing.spec.disks):
        keep = footing.own_from(index)
        if disk.read_only or not keep or len(disk.layers) - keep < MOST_LAYERS:
            continue
        try:
            await process.merge_layers(index, keep)
        except MachineError as error:
            log.warning("a disk keeps its many layers", machine=process.spec.name, disk=index, why=str(error))
            continue
        footing = footing.with_one_own(index)
        # Cut before this is written, the top is still what it is, over layers that it does not need.
        await in_thread(footing.write)
        for layer in disk.layers[keep:-1]:
            layer.path.unlink()
    return footing


def _link_rest(sitter: Sitter) -> None:
    names = [INITRD, *(layer.path.name for layer in sitter.footing.own_layers())]
    link_files(sitter.files, sitter.place, [*names, *([BASE] if sitter.process is not None else [])])


def _write_memory(pid: int, size: int, path: Path) -> None:
    target = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        base = open_base(pid, size)
        try:
            write_delta(find_mapping(pid, base, size), target)
        finally:
            os.close(base)
    finally:
        os.close(target)


def _sync_data(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
