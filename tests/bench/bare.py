"""QEMU alone, the floor of every start: a play's line, kernel, initrd and disks, without jail, network or engine.

What is measured begins with QEMU's process; disks and initrds are there already. A boot ends at the same event as ours: the
examiner says over the guest link that users can log in. A process that waits for its snapshot ends where it answers QMP: no
warm start can be faster than that, unless the process was there before it was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from labyard.engine.footing import Footing
from labyard.machine import plan, sockets
from labyard.machine.disks import create_overlay, virtual_size
from labyard.machine.link import GuestLink
from labyard.machine.plan import Descriptors, DiskSpec, Format, LayerSpec, MachineSpec
from labyard.machine.process import Process
from tests.bench.client import PATIENCE


def keep_specs(play_folder: Path, kept: Path) -> list[MachineSpec]:
    """What a play's machines were started with, on copies of its initrds that outlive the play."""
    specs = []
    for folder in sorted((play_folder / "machines").iterdir()):
        spec = Footing.model_validate_json((folder / "footing.json").read_bytes()).spec
        own = kept / spec.name
        own.mkdir(parents=True)
        shutil.copy(spec.initrd, own / "initrd")
        disks = tuple(_beneath(disk, own / f"disk-{index}") for index, disk in enumerate(spec.disks))
        specs.append(spec.model_copy(update={"initrd": own / "initrd", "run_dir": own, "disks": disks}))
    return specs


@asynccontextmanager
async def bare(specs: Sequence[MachineSpec]) -> AsyncIterator[float]:
    """These machines, started at once on fresh disks; the seconds until the last was ready. Ended with the block."""
    for spec in specs:
        await _make_disks(spec)
    began = time.perf_counter()
    machines = [_launch(spec) for spec in specs]
    try:
        await asyncio.gather(*(until_ready(spec.link_socket) for spec in specs))
        yield time.perf_counter() - began
    finally:
        for machine in machines:
            await machine.kill()


async def answering(specs: Sequence[MachineSpec]) -> float:
    """Seconds until processes of these machines, which do not boot but wait for a snapshot, have all answered QMP."""
    for spec in specs:
        await _make_disks(spec)
    began = time.perf_counter()
    machines = [_launch(spec, waiting=True) for spec in specs]
    try:
        await asyncio.gather(*(_until_answer(spec.qmp_socket) for spec in specs))
        return time.perf_counter() - began
    finally:
        for machine in machines:
            await machine.kill()


async def _until_answer(socket: Path) -> None:
    """The greeting, and the answer to the first command."""
    async with asyncio.timeout(PATIENCE):
        with sockets.short(socket) as name:
            reader, writer = await asyncio.open_unix_connection(name)
        await reader.readline()
        writer.write(b'{"execute": "qmp_capabilities"}\n')
        if b"return" not in await reader.readline():
            raise RuntimeError(f"{socket} does not answer")
        writer.close()


async def until_ready(socket: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        link = await GuestLink.connect(socket, timeout=PATIENCE)
        try:
            if not link.info.ready:
                async for event in link.events():
                    if event.get("event") == "ready":
                        return
                raise RuntimeError(f"the link broke: {link.reason}")
        finally:
            await link.close()


def _beneath(disk: DiskSpec, own: Path) -> DiskSpec:
    """The same layers with another top: an empty overlay as large as the play's, to be made anew for each start."""
    *below, top = disk.layers
    own.with_suffix(".size").write_text(str(virtual_size(top.path, top.format)))
    return DiskSpec(layers=(*below, LayerSpec(path=own, format=Format.QCOW2)), read_only=disk.read_only)


async def _make_disks(spec: MachineSpec) -> None:
    for disk in spec.disks:
        *_, base, top = disk.layers
        size = int(top.path.with_suffix(".size").read_text())
        await create_overlay(top.path, base.path, base.format, size)


def _launch(spec: MachineSpec, *, waiting: bool = False) -> Process:
    numbers = Descriptors.of(spec)
    with contextlib.ExitStack() as kept:
        given = {
            numbers.qmp: kept.enter_context(sockets.listen(spec.qmp_socket)).fileno(),
            numbers.link: kept.enter_context(sockets.listen(spec.link_socket)).fileno(),
            numbers.memory: _blank_memory(spec),
        }
        kept.callback(os.close, given[numbers.memory])
        for disk, places in zip(spec.disks, numbers.layers, strict=True):
            for layer, number in zip(disk.layers, places, strict=True):
                top = layer is disk.layers[-1] and not disk.read_only
                given[number] = os.open(layer.path, os.O_RDWR if top else os.O_RDONLY)
                kept.callback(os.close, given[number])
        return Process.start(_line(spec, waiting=waiting), given, spec.process_log)


def _blank_memory(spec: MachineSpec) -> int:
    """As a machine of ours that boots has it: a file without a name on the disk that its folder is on."""
    descriptor = os.open(spec.run_dir, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    os.truncate(descriptor, spec.memory)
    return descriptor


def _line(spec: MachineSpec, *, waiting: bool) -> list[str]:
    """The machine's own line, with the files' real names, cards that lead nowhere, and no sandbox."""
    words = list(plan.argv(spec, waiting=waiting))
    sandbox = words.index("-sandbox")
    del words[sandbox : sandbox + 2]
    if not waiting:
        words[words.index("-kernel") + 1] = str(spec.kernel)
        words[words.index("-initrd") + 1] = str(spec.initrd)
    for index, number in enumerate(Descriptors.of(spec).taps):
        words[words.index(f"tap,id=net{index},fd={number}")] = f"hubport,id=net{index},hubid={index}"
    return words
