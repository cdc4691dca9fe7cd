"""Where a machine's process keeps its guest's memory: a private, writable mapping of one whole file.

QEMU maps the file of `memory-backend-file,share=off` once, from its beginning to the memory's size, and nothing else of
that kind and size. The kernel may show it in several areas, one behind another in the file.

The process may be hostile: what it maps, how often and under which names is its own choice. So names are never read,
numbers are checked against the size that we know, and a file is opened only as what the kernel says the process maps:
a regular file (or a memfd, which is one) of exactly that size, which the process can read itself.
"""

from __future__ import annotations

import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from labyard.errors import MachineError
from labyard.machine.runs import Run

PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes; 4096, on some arm64 kernels 16384 or 65536

# A line is about 100 bytes and `vm.max_map_count` 65530 by default; QEMU has a few hundred areas.
_MOST_TEXT = 16 << 20
_MOST_AREAS = 4096

# proc_pid_maps(5): start-end, permissions, offset, device, inode. A newline in the name that follows is escaped.
_LINE = re.compile(
    rb"^([0-9a-f]{1,16})-([0-9a-f]{1,16}) rw-p ([0-9a-f]{1,16}) ([0-9a-f]{1,8}):([0-9a-f]{1,8}) ([0-9]{1,20})\b",
    re.MULTILINE,
)


class Area(NamedTuple):
    """`start` and `end` are addresses in the process, `offset` is where it begins in the file; all in bytes."""

    start: int
    end: int
    offset: int


class _File(NamedTuple):
    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """A guest's memory of `size` bytes in process `pid`: `areas` cover the file without gap or overlap, in its order.

    It is true for as long as the process lives and was ours to look at: who holds the process (by a pidfd) asks after
    reading whether it still lives, since a number can be used again.
    """

    pid: int
    size: int
    areas: tuple[Area, ...]
    _firsts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _covers(self.areas, self.size):
            raise MachineError(f"process {self.pid} does not map its {self.size} bytes of memory as it should")
        object.__setattr__(self, "_firsts", tuple(area.offset // PAGE for area in self.areas))

    def pieces(self, runs: Sequence[Run]) -> list[int]:
        """(address in the process, number of bytes) of ascending runs, flat, cut where an area ends.

        MachineError for pages outside.
        """
        if not runs or runs[0][0] < 0 or sum(runs[-1]) > self.size // PAGE:
            raise MachineError(f"these pages are not in a memory of {self.size} bytes")
        area = self._area(runs[0][0])
        if area is self._area(sum(runs[-1]) - 1):  # as good as always
            shift = area.start - area.offset
            return [word for page, count in runs for word in (shift + page * PAGE, count * PAGE)]
        return [word for run in runs for piece in self._cut(*run) for word in piece]

    def _area(self, page: int) -> Area:
        return self.areas[bisect_right(self._firsts, page) - 1]

    def _cut(self, page: int, count: int) -> Iterator[tuple[int, int]]:
        offset, end = page * PAGE, (page + count) * PAGE
        while offset < end:
            area = self._area(offset // PAGE)
            address = area.start + offset - area.offset
            length = min(end - offset, area.end - address)
            yield address, length
            offset += length


def find_mapping(pid: int, base_fd: int, size: int) -> Mapping:
    """Where `pid` maps the file behind `base_fd` as its memory of `size` bytes.

    MachineError when it is gone, or maps that file in another way.
    """
    status = os.fstat(base_fd)
    wanted = _File(status.st_dev, status.st_ino)
    files = _private_files(pid)
    areas = files.get(wanted)
    if areas is None:  # the device listed here can be another than that of stat (seen on btrfs): ask the kernel
        same_inode = [areas for file, areas in files.items() if file.inode == wanted.inode]
        areas = next((areas for areas in same_inode if _file_at(pid, areas[0]) == wanted), None)
    if areas is None:
        raise MachineError(f"process {pid} does not map this file as its memory")
    return Mapping(pid, size, tuple(sorted(areas, key=_by_offset)))


def open_base(pid: int, size: int) -> int:
    """A new read-only descriptor of the file that `pid` maps as its memory of `size` bytes, found by size and kind alone.

    Following a mapping needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE. MachineError when the process is gone, or when
    there is not exactly one such file.
    """
    found = [areas for areas in _private_files(pid).values() if _covers(tuple(sorted(areas, key=_by_offset)), size)]
    if len(found) != 1:
        raise MachineError(f"process {pid} maps {len(found)} files of {size} bytes as memory, not one")
    held = _hold(pid, found[0][0])
    try:
        status = os.fstat(held)
        if not stat.S_ISREG(status.st_mode) or status.st_size != size:
            raise MachineError(f"what process {pid} maps as its memory is not a file of {size} bytes")
        # Not waiting: who owns a file can hold a lease on it (fcntl(2)).
        return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise MachineError(f"the memory file of process {pid} cannot be opened: {error.strerror}") from error
    finally:
        os.close(held)


def _by_offset(area: Area) -> int:
    return area.offset


def _covers(areas: tuple[Area, ...], size: int) -> bool:
    """Whether areas in the file's order are exactly its first `size` bytes."""
    if size < 1 or size % PAGE or not areas or len(areas) > _MOST_AREAS:
        return False
    expected = 0
    for area in areas:
        if area.offset != expected or area.end <= area.start or (area.start | area.end) % PAGE:
            return False
        expected += area.end - area.start
    return expected == size


def _private_files(pid: int) -> dict[_File, list[Area]]:
    """The writable private areas of every file that a process maps so."""
    files: dict[_File, list[Area]] = {}
    for found in _LINE.finditer(_maps(pid)):
        start, end, offset, major, minor = (int(word, 16) for word in found.groups()[:5])
        if inode := int(found[6]):
            files.setdefault(_File(os.makedev(major, minor), inode), []).append(Area(start, end, offset))
    return files


def _maps(pid: int) -> bytes:
    """The text of /proc/PID/maps. MachineError when the process is gone or the text is absurdly long."""
    try:
        with open(f"/proc/{pid}/maps", "rb", buffering=1 << 16) as file:  # noqa: PTH123
            text = file.read(_MOST_TEXT)
    except OSError as error:
        raise MachineError(f"process {pid} is gone") from error
    if len(text) >= _MOST_TEXT:
        raise MachineError(f"process {pid} has too many mappings")
    return text


def _hold(pid: int, area: Area) -> int:
    """A descriptor that names the file mapped at an area without opening it (O_PATH). MachineError when there is none."""
    try:
        return os.open(f"/proc/{pid}/map_files/{area.start:x}-{area.end:x}", os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        raise MachineError(f"what process {pid} maps cannot be seen: {error.strerror}") from error


def _file_at(pid: int, area: Area) -> _File:
    held = _hold(pid, area)
    try:
        status = os.fstat(held)
    finally:
        os.close(held)
    return _File(status.st_dev, status.st_ino)
