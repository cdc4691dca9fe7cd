"""Half-made things: work folders that vanish when their maker does, locks between processes, and the last step, a
rename.

A work folder is `work/<random>/`, and its maker holds `work/<random>.lock`. Whoever finds a folder whose lock is free
knows that its maker died, and removes it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import secrets
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

from labyard.images.problems import DiskFullError

_POLL = 0.05


class Workspace:
    """`work/` and `locks/` under one root. Safe for several processes at once."""

    def __init__(self, root: Path) -> None:
        self._work = root / "work"
        self._locks = root / "locks"

    def prepare(self) -> None:
        """Make the folders and remove what dead makers left. Cheap enough for every start."""
        for folder in (self._work, self._locks):
            folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        for lock in self._work.glob("*.lock"):
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                descriptor = _locked(lock)
                remove_tree(lock.with_suffix(""))
                lock.unlink(missing_ok=True)
                os.close(descriptor)

    @contextlib.asynccontextmanager
    async def folder(self) -> AsyncIterator[Path]:
        """An empty folder (0700), removed at the end whatever happens. A full disk inside becomes DiskFullError."""
        path, lock, descriptor = self._new_folder()
        try:
            path.mkdir(mode=0o700)
            yield path
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFullError("the disk of the image store is full") from error
            raise
        finally:
            # Not given up halfway when the caller is cancelled a second time.
            await asyncio.shield(asyncio.to_thread(_end, path, lock, descriptor))

    def _new_folder(self) -> tuple[Path, Path, int]:
        """A name, its lock, and the lock's descriptor. A sweeper may look in between; then another name is taken."""
        while True:
            path = self._work / secrets.token_hex(8)
            lock = path.with_suffix(".lock")
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                descriptor = _locked(lock)
                if os.fstat(descriptor).st_ino == lock.stat().st_ino:
                    return path, lock, descriptor
                os.close(descriptor)

    @contextlib.asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Only one holder of `name` at a time, among all processes. Waiting can be cancelled."""
        path = self._locks / name
        while True:
            try:
                descriptor = _locked(path)
                break
            except BlockingIOError:
                await asyncio.sleep(_POLL)
        try:
            yield
        finally:
            os.close(descriptor)


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _end(path: Path, lock: Path, descriptor: int) -> None:
    remove_tree(path)
    lock.unlink(missing_ok=True)
    os.close(descriptor)


def remove_tree(path: Path) -> None:
    """Remove what a maker left, however deep and whatever its modes; never crosses into what is mounted there."""
    if path.exists():
        subprocess.run(["rm", "-rf", "--one-file-system", "--", path], stderr=subprocess.DEVNULL, check=False)


def disk_usage(path: Path) -> int:
    """Bytes a file really takes; none when it is gone."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def publish(made: Path, place: Path) -> None:
    """Put a finished file or folder where it is looked for: bytes on disk, then the name, then the name on disk."""
    for path in sorted(made.iterdir()) if made.is_dir() else []:
        if path.is_file():
            sync(path)
    sync(made)
    place.parent.mkdir(parents=True, exist_ok=True)
    made.rename(place)
    sync(place.parent)


def sync(path: Path) -> None:
    """Wait until what is at `path`, a file or a folder's list of names, is on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
