"""The pages that a machine wrote since it was forked: which they are, and what is in them.

Its memory is a private mapping of a file, so a page that it wrote is its own (anonymous), and one that it only read is the
file's. The process must stand still; it is never trusted: what is read is memory of that process or an error.
"""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from labyard.errors import MachineError
from labyard.machine.mapping import PAGE, Area, Mapping
from labyard.machine.runs import Run, batches, merged

# linux/fs.h since Linux 6.7: PAGEMAP_SCAN is _IOWR('f', 16, struct pm_scan_arg), twelve 64-bit words.
_WORDS = 12
_PAGEMAP_SCAN = 3 << 30 | _WORDS * 8 << 16 | ord("f") << 8 | 16
_WALK_END = 4  # the word in which the kernel says how far it came
_IS_FILE, _IS_PRESENT, _IS_SWAPPED = 1 << 2, 1 << 3, 1 << 4

# Regions per call. The kernel gathers as many at a time (those of one page table); see `_scanned`.
_REGIONS = 512

# Bits 61 to 63 of an entry of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst), in its last byte.
_FILE_BYTE, _SWAPPED_BYTE, _PRESENT_BYTE = 1 << 5, 1 << 6, 1 << 7
_OWN = bytes(bool(byte & (_SWAPPED_BYTE | _PRESENT_BYTE)) and not byte & _FILE_BYTE for byte in range(256))
_OWN_RUN = re.compile(rb"\x01+")
_ENTRY = 8
_ENTRIES = 1 << 18  # read at a time: 2 MiB of them, for 1 GiB of memory

CHUNK = 1 << 19  # bytes; measured: from 256 KiB to 4 MiB all are as fast, and more would be kept for nothing
CHUNK_PAGES = CHUNK // PAGE  # so never more than IOV_MAX (1024) pieces

_libc = ctypes.CDLL(None, use_errno=True)  # calls through it run without Python's lock
_readv = _libc.process_vm_readv
_readv.argtypes = (
    *(ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong),
    *(ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong),
)
_readv.restype = ctypes.c_ssize_t


def private_runs(mapping: Mapping) -> list[Run]:
    """Runs of pages that are the process's own, ascending and apart: those in memory or swapped out and not the file's.

    MachineError when the process is gone or cannot be looked at.
    """
    return _private_runs(mapping, _scanned)


def private_runs_by_entries(mapping: Mapping) -> list[Run]:
    """The same on kernels before 6.7, which have no PAGEMAP_SCAN: from the entry of every single page."""
    return _private_runs(mapping, _listed)


def read_pages(mapping: Mapping, runs: Iterable[Run]) -> Iterator[tuple[bytearray, list[Run]]]:
    """The pages of `runs` in their order, up to CHUNK bytes at a time: a buffer, used again, and what is in it.

    MachineError when the process is gone or has no readable memory there.
    """
    buffer = bytearray(CHUNK)
    ours = array.array("Q", (ctypes.addressof(ctypes.c_char.from_buffer(buffer)), 0))
    for batch in batches(runs, CHUNK_PAGES):
        theirs = array.array("Q", mapping.pieces(batch))
        ours[1] = sum(theirs[1::2])
        _read(mapping.pid, ours, theirs)
        yield buffer, batch


def _read(pid: int, ours: array.array[int], theirs: array.array[int]) -> None:
    """Fill our one piece with theirs; both are arrays of `struct iovec` (address, bytes), 64 bits each."""
    got = _readv(pid, ours.buffer_info()[0], 1, theirs.buffer_info()[0], len(theirs) // 2, 0)
    if got != ours[1]:
        why = os.strerror(ctypes.get_errno()) if got < 0 else f"{got} of {ours[1]} bytes"
        raise MachineError(f"the memory of process {pid} cannot be read: {why}")


def _private_runs(mapping: Mapping, look: Callable[[int, Area], Iterator[list[Run]]]) -> list[Run]:
    try:
        fd = os.open(f"/proc/{mapping.pid}/pagemap", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return merged(chain.from_iterable(runs for area in mapping.areas for runs in look(fd, area)))
        finally:
            os.close(fd)
    except OSError as error:
        raise MachineError(f"the pages of process {mapping.pid} cannot be listed: {error.strerror}") from error


def _scanned(fd: int, area: Area) -> Iterator[list[Run]]:
    """By PAGEMAP_SCAN, or by entries where the kernel does not know it."""
    regions = array.array("Q", bytes(_REGIONS * 24))  # struct page_region: start, end, categories
    words = array.array("Q", (_WORDS * 8, 0, area.start, area.end, 0, regions.buffer_info()[0], _REGIONS, 0))
    # Inverted, required, any of, reported: not a file's, and present or swapped.
    words.extend((_IS_FILE, _IS_FILE, _IS_PRESENT | _IS_SWAPPED, 0))
    shift = (area.offset - area.start) // PAGE
    position = area.start
    while position < area.end:
        words[2] = position
        try:
            found = fcntl.ioctl(fd, _PAGEMAP_SCAN, words)
        except OSError as error:
            if error.errno != errno.ENOTTY or position != area.start:
                raise
            yield from _listed(fd, area)
            return
        starts, ends = regions[0 : found * 3 : 3], regions[1 : found * 3 : 3]
        yield [(start // PAGE + shift, (end - start) // PAGE) for start, end in zip(starts, ends, strict=True)]
        # When its own buffer filled on the way, the kernel leaves the end of the walk there although it reported the rest
        # too (do_pagemap_scan in fs/proc/task_mmu.c, seen with 6.18): never go back.
        reached = max(words[_WALK_END], ends[-1] if found else 0)
        if reached <= position:
            raise MachineError("the kernel's list of pages does not go on")
        position = reached


def _listed(fd: int, area: Area) -> Iterator[list[Run]]:
    """From the entries: only the byte that tells is looked at, for all pages at once."""
    first, total = area.start // PAGE, (area.end - area.start) // PAGE
    for done in range(0, total, _ENTRIES):
        wanted = min(_ENTRIES, total - done)
        entries = os.pread(fd, wanted * _ENTRY, (first + done) * _ENTRY)
        if len(entries) != wanted * _ENTRY:
            raise MachineError("the process is gone")
        shift = area.offset // PAGE + done
        own = _OWN_RUN.finditer(entries[_ENTRY - 1 :: _ENTRY].translate(_OWN))
        yield [(found.start() + shift, found.end() - found.start()) for found in own]
