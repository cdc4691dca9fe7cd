"""A kernel's modules: which must be loaded to find disks, network cards and the guest link, and in what order.

Kernels differ in what they have built in, so nothing is listed by hand but the drivers wanted: `modules.dep`,
`modules.softdep` and `modules.builtin` (see modules.dep(5), depmod.d(5)) say the rest.
"""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import zstandard

from labyard.images.problems import KernelError

REQUIRED = ("virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "ext4")
WELCOME = ("virtio_rng", "vmgenid")
_MAX_MODULE = 64 << 20


class ModuleTree:
    """`lib/modules/<release>` of one kernel, after depmod."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._dependencies = _dependencies(path / "modules.dep")
        self._files = {module_name(file): file for file in self._dependencies}
        self._soft = _soft_dependencies(path / "modules.softdep")
        self._builtin = {module_name(line) for line in _lines(path / "modules.builtin")}

    def load_order(self, wanted: tuple[str, ...] = REQUIRED, welcome: tuple[str, ...] = WELCOME) -> list[str]:
        """Files relative to the tree, each after what it needs.

        KernelError when a wanted one is neither file nor built in.
        """
        order: list[str] = []
        for name in wanted:
            if name in self._files:
                self._visit(self._files[name], order, frozenset())
            elif name not in self._builtin:
                raise KernelError(f"the kernel {self.path.name} has no driver {name}, without which no machine starts")
        for name in welcome:
            if name in self._files:
                self._visit(self._files[name], order, frozenset())
        return order

    def _visit(self, file: str, order: list[str], above: frozenset[str]) -> None:
        if file in order or file in above:
            return
        above |= {file}
        for name in self._soft.get(module_name(file), ()):
            if name in self._files:
                self._visit(self._files[name], order, above)
        for dependency in self._dependencies.get(file, ()):
            self._visit(dependency, order, above)
        order.append(file)

    def read(self, file: str) -> bytes:
        """The module's bytes, decompressed."""
        return _decompressed(self.path / file)


def module_name(file: str) -> str:
    """`kernel/drivers/char/virtio-rng.ko.xz` is the module `virtio_rng`."""
    return file.rsplit("/", 1)[-1].split(".ko", 1)[0].replace("-", "_")


def plain_file(file: str) -> str:
    """The file's name without the ending of its compression."""
    return file[: file.rindex(".ko") + 3]


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _dependencies(path: Path) -> dict[str, tuple[str, ...]]:
    parts = (line.partition(":") for line in _lines(path))
    return {file: tuple(needed.split()) for file, _, needed in parts}


def _soft_dependencies(path: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _lines(path):
        words = line.split()
        if len(words) > 3 and words[0] == "softdep" and words[2] == "pre:":
            names = words[3 : words.index("post:")] if "post:" in words else words[3:]
            name = words[1].replace("-", "_")
            found[name] = (*found.get(name, ()), *(needed.replace("-", "_") for needed in names))
    return found


def _decompressed(path: Path) -> bytes:
    data = path.read_bytes()
    match path.suffix:
        case ".xz":
            return lzma.LZMADecompressor().decompress(data, _MAX_MODULE)
        case ".zst":
            return zstandard.ZstdDecompressor().decompress(data, max_output_size=_MAX_MODULE)
        case ".gz":
            return gzip.decompress(data)
        case _:
            return data
