"""The first root file system of a machine: the examiner as `/init`, and the modules it needs to find its disks."""

from __future__ import annotations

from pathlib import Path

from labyard.images import cpio
from labyard.images.modules import ModuleTree, plain_file


def initramfs(examiner: bytes, modules: ModuleTree) -> bytes:
    """An uncompressed archive: a few megabytes, which emulated processors read faster than they decompress.

    `/labyard/modules.list` names the files to load, one absolute path a line, each after what it needs.
    """
    entries = [cpio.directory(name) for name in ("dev", "proc", "sys", "run", "labyard", "labyard/modules")]
    entries.append(cpio.file("init", examiner, 0o755))
    listed = []
    for file in modules.load_order():
        path = f"labyard/modules/{Path(plain_file(file)).name}"
        entries.append(cpio.file(path, modules.read(file)))
        listed.append(f"/{path}\n")
    entries.append(cpio.file("labyard/modules.list", "".join(listed).encode()))
    return cpio.archive(entries)
