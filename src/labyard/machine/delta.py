"""What a machine wrote since its parent, as a file: an image of its memory is the parent's image and this.

Layout, little-endian, everything at multiples of the page size P of the kernel that wrote it:

    0              header: magic, version, P, memory size, number of data runs, of zero runs, of data pages,
                   BLAKE2b-256 of these numbers and the index
    P              the data pages, in ascending order
    P + pages * P  index: data runs, then zero runs (pages whose content is all zeros, without data);
                   a run is (page number, number of pages), 64 bits each

The header is written last: a file that was cut anywhere has none. The index is proven by the header on every use; the
data are proven by `digest`, for who scrubs.
"""

from __future__ import annotations

import array
import hashlib
import os
import struct
from dataclasses import dataclass
from itertools import chain

from labyard.machine.mapping import PAGE, Mapping
from labyard.machine.pages import CHUNK, CHUNK_PAGES, private_runs, read_pages
from labyard.machine.runs import Run, ascending, batches, merged
from labyard.machine.sparse import SnapshotError, problems, punch, read_all, write_all, zero_pages

_MAGIC = b"LABYMEM\0"
_VERSION = 1
_NUMBERS = struct.Struct("<8sIIQQQQ")
_DIGEST_BYTES = 32
_HEADER_BYTES = _NUMBERS.size + _DIGEST_BYTES
_RUN_BYTES = 16
_MOST_MEMORY = 1 << 42  # bytes: 4 TiB; an index of more than that is nonsense


@dataclass(frozen=True, slots=True)
class Delta:
    """What is in a delta: pages with data and pages of zeros, ascending and disjoint, of a memory of `size` bytes."""

    size: int
    data: tuple[Run, ...]
    zero: tuple[Run, ...]

    @property
    def data_bytes(self) -> int:
        """Bytes of pages that are stored."""
        return sum(count for _, count in self.data) * PAGE


def write_delta(mapping: Mapping, target_fd: int) -> Delta:
    """Write the process's own pages into the empty file `target_fd`, into the page cache: fsync is the caller's.

    The process must stand still, and be asked afterwards whether it still lives. MachineError when its memory cannot
    be read, CapacityError when the disk is full, SnapshotError for any other trouble with the file.
    """
    writer = _Writer(target_fd)
    with problems("writing what a machine wrote"):
        os.ftruncate(target_fd, 0)
        for buffer, runs in read_pages(mapping, private_runs(mapping)):
            writer.add(buffer, runs)
        return writer.finish(mapping.size)


def read_delta(delta_fd: int) -> Delta:
    """What is in a delta; SnapshotError when it is truncated, or changed anywhere but in its data."""
    with problems("reading a delta"):
        length = os.fstat(delta_fd).st_size
        numbers, proof = _header(delta_fd, length)
        _, _, _, size, data_runs, zero_runs, data_pages = _NUMBERS.unpack(numbers)
        start = PAGE + data_pages * PAGE
        if max(data_runs, zero_runs, data_pages) > size // PAGE:
            raise SnapshotError("a delta holds more pages than its memory has")
        if length != start + (data_runs + zero_runs) * _RUN_BYTES:
            raise SnapshotError(f"a delta is {length} bytes long, which is not what its header says")
        raw = bytearray(length - start)
        read_all(delta_fd, memoryview(raw), start)
    if _proof(numbers, raw) != proof:
        raise SnapshotError("the index of a delta was changed since it was written")
    index = _unpacked(raw)
    delta = Delta(size, tuple(index[:data_runs]), tuple(index[data_runs:]))
    _check(delta, data_pages)
    return delta


def apply_delta(delta_fd: int, target_fd: int) -> Delta:
    """Put a delta's pages at their places in an image of the whole memory. It may be cut anywhere and done again.

    Pages of zeros become holes. SnapshotError for a damaged delta or an image of another size, CapacityError when the
    disk is full. fsync is the caller's.
    """
    delta = read_delta(delta_fd)
    with problems("applying a delta"):
        if os.fstat(target_fd).st_size != delta.size:
            raise SnapshotError(f"a delta of {delta.size} bytes of memory does not fit this image")
        for page, count in delta.zero:
            punch(target_fd, page * PAGE, count * PAGE)
        view = memoryview(bytearray(CHUNK))
        offset = PAGE
        for batch in batches(delta.data, CHUNK_PAGES):
            filled = sum(count for _, count in batch) * PAGE
            read_all(delta_fd, view[:filled], offset)
            _scatter(target_fd, view, batch)
            offset += filled
    return delta


def digest(fd: int) -> str:
    """The SHA-256 of a whole file, in hex. SnapshotError when it cannot be read.

    Measured a little faster than BLAKE2b where the processor has instructions for it, as most do.
    """
    with problems("reading a memory file"):
        state = hashlib.sha256()
        buffer = bytearray(CHUNK)
        view = memoryview(buffer)
        offset = 0
        while got := os.preadv(fd, [view], offset):
            state.update(view[:got])
            offset += got
        return state.hexdigest()


class _Writer:
    """Collects pages in order: data go to the file at once, the index with the header at the end."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._data: list[Run] = []
        self._zero: list[Run] = []
        self._pages = 0

    def add(self, buffer: bytearray, runs: list[Run]) -> None:
        """Add the pages of `runs`, which lie in `buffer` one behind another."""
        total = sum(count for _, count in runs)
        zeros = zero_pages(buffer, total * PAGE)
        if not zeros:
            self._data += runs
            self._write(buffer, 0, total)
            return
        pages = [number for page, count in runs for number in range(page, page + count)]
        self._zero += [(pages[zero], 1) for zero in zeros]
        start = 0
        for zero in [*zeros, total]:  # `total` is an end, no page
            self._data += [(page, 1) for page in pages[start:zero]]
            self._write(buffer, start, zero)
            start = zero + 1

    def finish(self, size: int) -> Delta:
        """Write the index, then the header."""
        data, zero = merged(self._data), merged(self._zero)
        index = array.array("Q", chain.from_iterable((*data, *zero))).tobytes()
        numbers = _NUMBERS.pack(_MAGIC, _VERSION, PAGE, size, len(data), len(zero), self._pages)
        write_all(self._fd, memoryview(index), PAGE + self._pages * PAGE)
        header = (numbers + _proof(numbers, index)).ljust(PAGE, b"\0")
        write_all(self._fd, memoryview(header), 0)
        return Delta(size, tuple(data), tuple(zero))

    def _write(self, buffer: bytearray, first: int, end: int) -> None:
        if first < end:
            with memoryview(buffer) as view:
                write_all(self._fd, view[first * PAGE : end * PAGE], PAGE + self._pages * PAGE)
            self._pages += end - first


def _proof(numbers: bytes, index: bytes | bytearray) -> bytes:
    state = hashlib.blake2b(numbers, digest_size=_DIGEST_BYTES)
    state.update(index)
    return state.digest()


def _header(fd: int, length: int) -> tuple[bytes, bytes]:
    """The header's numbers, each possible for itself, and the proof."""
    if length < PAGE:
        raise SnapshotError(f"a delta of {length} bytes has no header")
    raw = bytearray(PAGE)
    read_all(fd, memoryview(raw), 0)
    numbers, proof = bytes(raw[: _NUMBERS.size]), bytes(raw[_NUMBERS.size : _HEADER_BYTES])
    magic, version, page, size, *_ = _NUMBERS.unpack(numbers)
    if magic != _MAGIC or any(raw[_HEADER_BYTES:]):
        raise SnapshotError("this is no delta, or it was never finished")
    if version != _VERSION:
        raise SnapshotError(f"a delta of version {version} cannot be read, only {_VERSION}")
    if page != PAGE:
        raise SnapshotError(f"a delta with pages of {page} bytes cannot be used here, only {PAGE}")
    if not PAGE <= size <= _MOST_MEMORY or size % PAGE:
        raise SnapshotError(f"a memory of {size} bytes is impossible")
    return numbers, proof


def _unpacked(raw: bytearray) -> list[Run]:
    """64-bit numbers are read as they lie: both architectures are little-endian."""
    numbers = array.array("Q", bytes(raw))
    return list(zip(numbers[0::2], numbers[1::2], strict=True))


def _check(delta: Delta, data_pages: int) -> None:
    """That runs are ascending, disjoint and in the memory, and as many pages as said: the proof alone is not trusted."""
    pages = delta.size // PAGE
    if not (ascending(delta.data, pages) and ascending(delta.zero, pages)):
        raise SnapshotError("the index of a delta is out of order")
    if not ascending(sorted((*delta.data, *delta.zero)), pages):
        raise SnapshotError("a delta has pages of data that are also zeros")
    if delta.data_bytes != data_pages * PAGE:
        raise SnapshotError("the index of a delta does not tell the pages it has")


def _scatter(fd: int, view: memoryview, runs: list[Run]) -> None:
    """Write pages that lie one behind another to their places."""
    start = 0
    for page, count in runs:
        write_all(fd, view[start : start + count * PAGE], page * PAGE)
        start += count * PAGE
