"""Sparse files: where their data is, whole pages of zeros, and writing until all is written."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from labyard.errors import CapacityError, MachineError
from labyard.machine.mapping import PAGE

_ZERO = bytes(PAGE)

# linux/falloc.h
_KEEP_SIZE, _PUNCH_HOLE = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)
_fallocate = _libc.fallocate64 if hasattr(_libc, "fallocate64") else _libc.fallocate
_fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


class SnapshotError(MachineError):
    """A memory image or delta cannot be used: truncated, changed, of another version or size, or not readable."""

    code = "snapshot"


@contextmanager
def problems(doing: str) -> Iterator[None]:
    """Errors of files told as ours: CapacityError when the disk is full, SnapshotError for the rest."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM):
            raise CapacityError(f"no room for {doing}: {error.strerror}") from error
        raise SnapshotError(f"{doing} failed: {error.strerror}") from error


def extents(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """(start, end) in bytes of everything within `size` that is not a hole; OSError as lseek(2) has it."""
    end = 0
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            raise
        if start >= size:
            return
        end = min(size, os.lseek(fd, start, os.SEEK_HOLE))
        if end <= start:  # it changes under us
            raise OSError(errno.EIO, "the file changes while it is read")
        yield start, end


def zero_pages(buffer: bytearray, length: int) -> list[int]:
    """Which pages in the first `length` bytes are all zeros. Cheap where few begin with a zero."""
    heads = buffer[:length:PAGE]
    found = []
    page = heads.find(0)
    while page >= 0:
        if buffer.startswith(_ZERO, page * PAGE):
            found.append(page)
        page = heads.find(0, page + 1)
    return found


def read_all(fd: int, view: memoryview, offset: int) -> None:
    """Fill `view`; SnapshotError when the file ends before."""
    done = 0
    while done < len(view):
        got = os.preadv(fd, [view[done:]], offset + done)
        if not got:
            raise SnapshotError(f"a memory file ends at {offset + done} bytes, before its time")
        done += got


def write_all(fd: int, view: memoryview, offset: int) -> None:
    """Write all of `view`; OSError as pwrite(2) has it."""
    done = 0
    while done < len(view):
        done += os.pwrite(fd, view[done:] if done else view, offset + done)


def punch(fd: int, offset: int, length: int) -> None:
    """Make a hole, so that zeros are read there; zeros are written where the file system has no holes."""
    if _fallocate(fd, _PUNCH_HOLE | _KEEP_SIZE, offset, length) == 0:
        return
    number = ctypes.get_errno()
    if number != errno.EOPNOTSUPP:
        raise OSError(number, os.strerror(number))
    for at in range(offset, offset + length, PAGE):
        write_all(fd, memoryview(_ZERO)[: offset + length - at], at)
