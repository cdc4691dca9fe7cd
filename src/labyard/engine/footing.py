"""What one machine stands on: its files on disk, and the line that starts it. A value, and where it is written down.

So a restarted engine, and a restarted play, use the very disks and kernel the play began with, whatever the stores hold now.

A machine's folder, in a play (`plays/<id>/machines/<name>/`) and in a snapshot alike, holds `footing.json`, `initrd`, its own
layers of its disks, and of its memory what is not blank: `base`, an image as large as the memory, and over it `delta`, pages
that were written since. `run/` is a play's alone, `devices` a snapshot's.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from labyard.engine.journal import replace_file
from labyard.machine.plan import DiskSpec, Format, LayerSpec, MachineSpec
from labyard.play.plan import Value

BASE, DELTA, DEVICES, INITRD, FOOTING = "base", "delta", "devices", "initrd", "footing.json"


class Footing(Value):
    """`images`: digests of what its drives lie on, in order; an image in use is never removed."""

    spec: MachineSpec
    initramfs: Path
    images: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return self.spec.initrd.parent

    @property
    def kernel(self) -> str:
        """Its version: it lies in a folder of that name (images/kernels.py)."""
        return self.spec.kernel.parent.name

    def own_layers(self) -> list[LayerSpec]:
        """Layers that lie in the machine's folder; those below belong to the image store."""
        return [layer for disk in self.spec.disks for layer in disk.layers if layer.path.parent == self.folder]

    def in_folder(self, folder: Path) -> Footing:
        """The same, with its own files in another folder."""
        disks = tuple(_moved(disk, self.folder, folder) for disk in self.spec.disks)
        moved = {"disks": disks, "initrd": folder / INITRD, "run_dir": folder / "run"}
        return self.model_copy(update={"spec": self.spec.model_copy(update=moved)})

    def with_layers(self, layers: dict[int, LayerSpec]) -> Footing:
        """With one more layer on top of some disks."""
        disks = list(self.spec.disks)
        for index, layer in layers.items():
            disks[index] = disks[index].model_copy(update={"layers": (*disks[index].layers, layer)})
        return self.model_copy(update={"spec": self.spec.model_copy(update={"disks": tuple(disks)})})

    def own_from(self, disk: int) -> int:
        """How many layers of a disk lie below those that its machine alone has ever written: the store's, and a raw drive."""
        chain = self.spec.disks[disk].layers
        return next(
            (n for n, layer in enumerate(chain) if layer in self.own_layers() and layer.format is not Format.RAW),
            len(chain),
        )

    def with_one_own(self, disk: int) -> Footing:
        """With the top layer of a disk in place of all its own."""
        chain, disks = self.spec.disks[disk].layers, list(self.spec.disks)
        disks[disk] = disks[disk].model_copy(update={"layers": (*chain[: self.own_from(disk)], chain[-1])})
        return self.model_copy(update={"spec": self.spec.model_copy(update={"disks": tuple(disks)})})

    def write(self, *, durable: bool = True) -> None:
        replace_file(self.folder / FOOTING, self.model_dump_json().encode(), durable=durable)


def _moved(disk: DiskSpec, old: Path, new: Path) -> DiskSpec:
    layers = (
        layer.model_copy(update={"path": new / layer.path.name}) if layer.path.parent == old else layer
        for layer in disk.layers
    )
    return disk.model_copy(update={"layers": tuple(layers)})


def read_footing(folder: Path) -> Footing | None:
    try:
        return Footing.model_validate_json((folder / FOOTING).read_bytes())
    except FileNotFoundError:
        return None


def forget_memory(footing: Footing) -> None:
    """It is about to boot: what it writes from then on lies over nothing."""
    for name in (BASE, DELTA):
        (footing.folder / name).unlink(missing_ok=True)


def link_files(source: Path, target: Path, names: list[str]) -> None:
    """Give files of one machine's folder a second name in another; those that are not there are passed over.

    Nobody writes them any more, so sharing them is a copy that costs nothing; each goes with its last name.
    """
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            os.link(source / name, target / name)
