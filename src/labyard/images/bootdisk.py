"""An image and a kernel become the disk a machine starts from: a thin qcow2 over the image that adds the kernel's
modules.

So modules are ordinary files in the guest and no extra device shows there. Nothing is mounted on the host: debugfs
writes into a sparse copy, and only what differs from the image is kept.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from labyard.errors import ImageError
from labyard.images.commands import run

_SAFE_NAME = re.compile(r"[\w.+,=@~-]+\Z")


def module_script(modules: Path, place: str) -> Iterator[str]:
    """debugfs commands that put the tree `modules` (named after its release) under `place`, all owned by root."""
    folders = [part for part in place.split("/") if part]
    for depth in range(1, len(folders) + 1):
        yield f"mkdir /{'/'.join(folders[:depth])}"  # harmless where it exists
    for folder, names, files in os.walk(modules):
        names.sort()
        inside = f"{place}/{modules.name}/{Path(folder).relative_to(modules)}".removesuffix("/.")
        _check_name(inside)
        yield f"mkdir {inside}"
        for name in sorted(files):
            path = Path(folder) / name
            _check_name(name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield f"write {path} {inside}/{name}"


def _check_name(path: str) -> None:
    if not all(_SAFE_NAME.match(part) for part in path.strip("/").split("/")):
        raise ImageError(f"a kernel's modules have a name that cannot be written: {path!r}")


async def make_boot_disk(image: Path, modules: Path, place: str, work: Path, target: Path) -> None:
    """Write the qcow2 `target` over `image`, using the empty folder `work`. Both paths stay part of the result."""
    copy, script = work / "copy.ext4", work / "script"
    await run(["cp", "--reflink=auto", "--sparse=always", image, copy], what="copying the image")
    copy.chmod(0o600)
    script.write_text("\n".join(module_script(modules, place)) + "\n", encoding="utf-8")
    errors: list[str] = []
    await run(["debugfs", "-w", "-f", script, copy], what="writing the kernel's modules", on_line=errors.append)
    problems = [line for line in errors if not _harmless(line)]
    if problems:
        raise ImageError("writing the kernel's modules: " + "; ".join(problems[:5]))
    await run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", copy, target], what="making the boot disk")
    # A safe rebase keeps exactly the clusters in which the copy and the image differ.
    await run(
        ["qemu-img", "rebase", "-q", "-f", "qcow2", "-F", "raw", "-b", image, target], what="making the boot disk"
    )
    copy.unlink()
    target.chmod(0o444)


def _harmless(line: str) -> bool:
    return line.startswith("debugfs ") or "directory already exists" in line
