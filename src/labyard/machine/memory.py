"""A guest's memory as files: a blank one for a cold boot, a full image on disk, and the sealed copy that forks share.

Everything here blocks: run it in a thread. Long work is done in system calls, which let other threads run.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

from labyard.machine.delta import apply_delta
from labyard.machine.mapping import PAGE
from labyard.machine.pages import CHUNK
from labyard.machine.sparse import SnapshotError, extents, problems, read_all, write_all, zero_pages

# linux/memfd.h since Linux 6.3: never executable, and for that not even once the flag is taken away; mode 0666.
_MFD_NOEXEC_SEAL = 8
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL

# linux/fs.h: FICLONERANGE is _IOW(0x94, 13, struct file_clone_range { fd, source offset, length, target offset }).
_FICLONERANGE = 1 << 30 | 32 << 16 | 0x94 << 8 | 13
_CANNOT_CLONE = {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM}


def blank_memory(folder: Path, size: int, uid: int) -> int:
    """A descriptor of the memory of a cold boot: `size` bytes of nothing on the disk of `folder`, without a name, which only
    user `uid` may open (through /proc/self/fd, as QEMU does) and which goes with the last who has it.

    SnapshotError when it cannot be made, CapacityError when the disk is full.
    """
    with problems("making a machine's memory"):
        fd = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            os.ftruncate(fd, size)
            os.fchown(fd, uid, uid)
        except BaseException:
            os.close(fd)
            raise
    return fd


def sealed_memory(image_fd: int, delta_fd: int | None, size: int, name: str) -> int:
    """A descriptor of memory with an image's content, and a delta's over it, that nobody can change any more.

    Any user may open it through /proc/self/fd, for writing too, as QEMU does: private mappings are all that it grants.
    `name` (up to 249 bytes) shows in /proc. SnapshotError when image or delta is damaged or not of `size` bytes,
    CapacityError when there is no memory left.
    """
    with problems("keeping a snapshot in memory"):
        memory = _memfd(name)
        try:
            copy_image(image_fd, memory, size)
            if delta_fd is not None:
                apply_delta(delta_fd, memory)
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, _SEALS)
        except BaseException:
            os.close(memory)
            raise
        return memory


def copy_image(source_fd: int, target_fd: int, size: int) -> None:
    """Make `target_fd` a copy of an image of `size` bytes, holes and all; blocks are shared where the disk can do that.

    It may be cut anywhere and done again. The offsets of both descriptors move. SnapshotError when the source is not
    of that size, CapacityError when the disk is full. fsync is the caller's.
    """
    with problems("copying an image of memory"):
        found = os.fstat(source_fd).st_size
        if found != size:
            raise SnapshotError(f"an image of memory has {found} bytes instead of {size}")
        os.ftruncate(target_fd, 0)
        os.ftruncate(target_fd, size)
        if _cloned(source_fd, target_fd, size):
            return
        copy = _send if _in_memory(target_fd) else _copy_pages
        for start, end in extents(source_fd, size):
            copy(source_fd, target_fd, start, end)


def _memfd(name: str) -> int:
    flags = os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC
    try:
        return os.memfd_create(name, flags | _MFD_NOEXEC_SEAL)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return os.memfd_create(name, flags)


def _in_memory(fd: int) -> bool:
    """Whether a file is one that can be sealed: a memfd, or on a tmpfs."""
    with suppress(OSError):
        return fcntl.fcntl(fd, fcntl.F_GET_SEALS) >= 0
    return False


def _cloned(source_fd: int, target_fd: int, size: int) -> bool:
    try:
        fcntl.ioctl(target_fd, _FICLONERANGE, struct.pack("=qQQQ", source_fd, 0, size, 0))
    except OSError as error:
        if error.errno not in _CANNOT_CLONE:
            raise
        return False
    return True


def _send(source_fd: int, target_fd: int, start: int, end: int) -> None:
    """Without a copy in between: into memory twice as fast as reading and writing; copy_file_range refuses that pair."""
    os.lseek(target_fd, start, os.SEEK_SET)
    while start < end:
        sent = os.sendfile(target_fd, source_fd, start, end - start)
        if not sent:
            raise SnapshotError(f"a memory file ends at {start} bytes, before its time")
        start += sent


def _copy_pages(source_fd: int, target_fd: int, start: int, end: int) -> None:
    """Through a buffer, which is as fast between files, and leaves out pages of zeros."""
    buffer = bytearray(min(CHUNK, end - start))
    with memoryview(buffer) as view:
        for offset in range(start, end, CHUNK):
            length = min(CHUNK, end - offset)
            read_all(source_fd, view[:length], offset)
            first = 0
            for zero in [*zero_pages(buffer, length - length % PAGE), None]:
                last = length if zero is None else zero * PAGE
                write_all(target_fd, view[first:last], offset + first)
                first = last + PAGE
