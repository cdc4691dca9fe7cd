"""Lay what one machine stands on, once per play; a later boot finds and reuses it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from labyard.engine.footing import INITRD, Footing, read_footing
from labyard.engine.guest_config import guest_config
from labyard.engine.journal import Entry
from labyard.engine.parts import Parts
from labyard.errors import ImageError
from labyard.images import cpio
from labyard.images.kernels import Kernel
from labyard.images.progress import Report
from labyard.images.rootimage import RootImage
from labyard.machine.disks import create_blank, create_overlay, empty_overlay, virtual_size
from labyard.machine.plan import Accelerator, DiskSpec, Format, LayerSpec, Limits, MachineSpec, NicSpec
from labyard.network.blocking import in_thread
from labyard.network.namespace import path_of
from labyard.network.plan import world_name
from labyard.play.plan import DrivePlan, MachinePlan


def machine_folder(entry: Entry, parts: Parts, machine: str) -> Path:
    return parts.settings.plays / entry.home / "machines" / machine


async def lay_footing(entry: Entry, parts: Parts, machine: MachinePlan, report: Report) -> Footing:
    """Find it, or make it: images and kernel fetched, disks created. ImageError when one cannot be had."""
    folder = machine_folder(entry, parts, machine.name)
    footing = await asyncio.to_thread(read_footing, folder)
    if footing is not None:
        return footing
    kernel = await parts.kernels.ensure(machine.kernel, report)
    sources = [await parts.images.ensure(drive.source, report) if drive.source else None for drive in machine.drives]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    disks = []
    for index, (drive, image) in enumerate(zip(machine.drives, sources, strict=True)):
        disks.append(await _make_disk(parts, folder / f"disk-{index}", drive, image, kernel))
    accelerator = (await parts.verdict()).accelerator
    footing = Footing(
        spec=_spec(entry, parts, machine, folder, kernel, sources[machine.root_index], tuple(disks), accelerator),
        initramfs=kernel.initramfs,
        images=tuple(image.digest for image in sources if image),
    )
    await in_thread(footing.write)
    return footing


async def _make_disk(parts: Parts, path: Path, drive: DrivePlan, image: RootImage | None, kernel: Kernel) -> DiskSpec:
    path.unlink(missing_ok=True)  # of a start that was cut off before its footing was written
    if image is None:
        await create_blank(path, drive.size or 1 << 30, drive.filesystem)
        return DiskSpec(layers=(LayerSpec(path=path, format=Format.RAW),), read_only=drive.read_only)
    if drive.size is not None and drive.size < image.size:
        raise ImageError(
            f"a drive of {drive.size >> 20} MiB is too small for {image.source}",
            hint=f"it needs at least {-(-image.size >> 20)} MiB",
        )
    below = [LayerSpec(path=image.path, format=Format.RAW)]
    if drive.mount == "/":
        below.append(LayerSpec(path=await parts.images.boot_disk(image, kernel), format=Format.QCOW2))
    await create_overlay(path, below[-1].path, below[-1].format, drive.size or image.size)
    return DiskSpec(
        layers=(*below, LayerSpec(path=path, format=Format.QCOW2)), read_only=drive.read_only and drive.mount != "/"
    )


async def over(folder: Path, disk: int, below: LayerSpec) -> LayerSpec:
    """A new, empty layer for disk number `disk`, to be put on top of `below`."""
    number = 0
    while (path := folder / f"disk-{disk}.{number}").exists():
        number += 1
    await empty_overlay(path, virtual_size(below.path, below.format))
    return LayerSpec(path=path, format=Format.QCOW2)


def _spec(
    entry: Entry,
    parts: Parts,
    machine: MachinePlan,
    folder: Path,
    kernel: Kernel,
    root: RootImage | None,
    disks: tuple[DiskSpec, ...],
    accelerator: Accelerator,
) -> MachineSpec:
    settings = parts.settings
    default = settings.memory_with_init if root and root.has_init else settings.memory_without_init
    return MachineSpec(
        mark=settings.mark,
        play=entry.home,
        name=machine.name,
        accelerator=accelerator,
        cpus=machine.cpus,
        memory=machine.memory or default,
        kernel=kernel.vmlinuz,
        initrd=folder / INITRD,
        disks=disks,
        nics=tuple(NicSpec(mac=interface.mac) for interface in machine.interfaces),
        run_dir=folder / "run",
        netns=path_of(world_name(settings.mark, entry.home)),
        uid=entry.uid,
        limits=Limits(file_size=settings.play_disk_budget, cpus=machine.cpus),
    )


def write_initrd(footing: Footing, entry: Entry, machine: MachinePlan) -> None:
    """The kernel's initramfs, and after it an archive with this machine's configuration."""
    config = guest_config(entry.plan, machine, first_boot=machine.name not in entry.booted)
    own = cpio.archive(
        [cpio.directory("labyard"), cpio.file("labyard/config.json", json.dumps(config).encode(), 0o600)]
    )
    footing.spec.initrd.unlink(missing_ok=True)  # snapshots may have the one there was
    with footing.spec.initrd.open("xb") as initrd:
        initrd.write(footing.initramfs.read_bytes())
        initrd.write(own)
