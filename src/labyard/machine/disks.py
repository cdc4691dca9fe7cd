"""Disks on the host: overlays, drives formatted here so that images need no tools, and what it all really takes.

`qemu-img` never opens a file that a machine may have written (its header could name any other file): sizes are read
here, and an overlay is made without looking at what lies below it.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labyard.errors import CapacityError, MachineError
from labyard.machine.jail_root import ENVIRONMENT
from labyard.machine.plan import Format
from labyard.play.plan import Filesystem

_SECTOR = 512
_MAKE_SECONDS = 300

# docs/interop/qcow2.txt of QEMU: magic at 0, virtual size at 24, both big-endian.
_QCOW2_MAGIC = b"QFI\xfb"

_PAGE = 4096
_LARGEST = 1 << 46
_empty: dict[int, bytes] = {}
"""Virtual size → the content of an empty qcow2 (about 200 KiB each; drives come in few sizes)."""

_PACKAGES = {"qemu-img": "qemu-utils", "mke2fs": "e2fsprogs", "mkfs.xfs": "xfsprogs", "mkfs.btrfs": "btrfs-progs"}


def virtual_size(path: Path, file_format: Format) -> int:
    """Bytes of the disk as a guest sees it. MachineError when the file is not of its format."""
    if file_format is Format.RAW:
        return path.stat().st_size
    with path.open("rb") as file:
        header = file.read(32)
    if len(header) < 32 or header[:4] != _QCOW2_MAGIC:
        raise MachineError(f"{path} is no qcow2 file")
    return int.from_bytes(header[24:32], "big")


async def create_overlay(path: Path, base: Path, base_format: Format, size: int | None = None) -> None:
    """A qcow2 at `path` that keeps what is written over `base`. `size` in bytes, None: as large as the base.

    MachineError when the base is larger; CapacityError when the host's disk is full.
    """
    least = virtual_size(base, base_format)
    if size is not None and size < least:
        raise MachineError(f"a disk of {size} bytes cannot hold {base.name}, which needs {least}")
    with _whole_or_not(path) as new:
        await _run(
            *("qemu-img", "create", "-q", "-u", "-f", "qcow2"),
            *("-b", str(base.resolve()), "-F", base_format.value, str(new), str(size or least)),
        )


async def empty_overlay(path: Path, size: int) -> None:
    """A qcow2 of `size` bytes at `path` with nothing in it and nothing named below: whoever uses it says what is.

    The first of each size is made by `qemu-img`, all others are its copies. CapacityError when the host's disk is full.
    """
    if size > _LARGEST:
        raise MachineError(f"a disk of {size} bytes is too large")
    if size not in _empty:
        with _whole_or_not(path) as new:
            await _run("qemu-img", "create", "-q", "-f", "qcow2", str(new), str(size))
            _empty[size] = new.read_bytes()
    else:
        with _whole_or_not(path) as new:
            _write_sparse(new, _empty[size])


def _write_sparse(path: Path, content: bytes) -> None:
    """Most of an empty qcow2 is zeros, which need no room."""
    with path.open("xb") as file:
        file.truncate(len(content))
        for start in range(0, len(content), _PAGE):
            if any(page := content[start : start + _PAGE]):
                file.seek(start)
                file.write(page)


async def create_blank(path: Path, size: int, filesystem: Filesystem | None) -> str | None:
    """A sparse raw drive of `size` bytes at `path`, formatted when asked; the file system's UUID.

    MachineError, with the tool's own words, when such a file system cannot be made (too small, tool missing).
    """
    identity = str(uuid.uuid4()) if filesystem else None
    with _whole_or_not(path) as new:
        try:
            new.touch(0o600, exist_ok=False)
            os.truncate(new, size)
        except OSError as error:
            raise MachineError(f"a drive of {size} bytes cannot be made here: {error.strerror}") from error
        if filesystem and identity:
            await _run(*_format(filesystem, identity), str(new))
    return identity


def allocated(folder: Path, *, leave_out: Collection[str] = ()) -> int:
    """Bytes that everything under `folder` really takes on the host's disk; a file with two names counts once.

    Files and folders with a name in `leave_out` do not count.
    """
    seen: set[tuple[int, int]] = set()
    total = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in leave_out]
        for name in names:
            if name in leave_out:
                continue
            try:
                status = Path(parent, name).lstat()
            except FileNotFoundError:
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_blocks * _SECTOR
    return total


def _format(filesystem: Filesystem, identity: str) -> tuple[str, ...]:
    match filesystem:
        case Filesystem.XFS:
            return ("mkfs.xfs", "-q", "-m", f"uuid={identity}")
        case Filesystem.BTRFS:
            return ("mkfs.btrfs", "-q", "-U", identity)
        case Filesystem.EXT2 | Filesystem.EXT3 | Filesystem.EXT4:
            # Tables are zero already in a new sparse file; writing them would take real space.
            options = "lazy_itable_init=1,lazy_journal_init=1,nodiscard"
            return ("mke2fs", "-q", "-F", "-t", filesystem.value, "-U", identity, "-E", options)


@contextmanager
def _whole_or_not(path: Path) -> Iterator[Path]:
    """A name to make the file under; it gets its own once it is complete, and vanishes when it is not."""
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        yield new
        new.chmod(0o600)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


async def _run(*command: str) -> None:
    """Run a tool to its end. Ended with us when we are cancelled."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
        )
    except FileNotFoundError as error:
        hint = f"install {_PACKAGES[command[0]]}, or see `labyard doctor`"
        raise MachineError(f"{command[0]} is not here", hint=hint) from error
    try:
        async with asyncio.timeout(_MAKE_SECONDS):
            _, said = await process.communicate()
    except BaseException as error:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise MachineError(f"{command[0]} did not end within {_MAKE_SECONDS} s") from error
        raise
    if process.returncode:
        words = " ".join(said.decode(errors="replace").split("\n")[:3]).strip()[:500]  # then some print their usage
        if "No space left on device" in words:
            raise CapacityError(f"the host's disk is full: {command[0]} says {words}")
        raise MachineError(f"{' '.join(command)} failed: {words}")
