"""A process that stands for a machine: it maps a file privately and does to its pages what it is told."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PAGE = os.sysconf("SC_PAGE_SIZE")

_PROGRAM = """
import ctypes, hashlib, json, mmap, os, sys
P = mmap.PAGESIZE
fd, size = int(sys.argv[1]), int(sys.argv[2])
maps = []
def open_map(start, length):
    maps.append(mmap.mmap(fd, length, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE, offset=start))
for line in sys.stdin:
    answer = None
    for what, first, count in json.loads(line):
        if what == "map":
            open_map(first * P, count * P)
        elif what == "unmap":
            maps.pop(first).close()
        elif what == "write":
            for page in range(first, first + count):
                maps[0][page * P : page * P + P] = bytes([1 + page % 255]) * P
        elif what == "zero":
            maps[0][first * P : (first + count) * P] = bytes(count * P)
        elif what == "read":
            sum(maps[0][page * P] for page in range(first, first + count))
        elif what == "forget":
            maps[0].madvise(mmap.MADV_DONTNEED, first * P, count * P)
        elif what == "split":
            maps[0].madvise(mmap.MADV_DONTFORK, first * P, count * P)
        elif what == "join":
            maps[0].madvise(mmap.MADV_DOFORK, first * P, count * P)
        elif what == "digest":
            answer = hashlib.sha256(maps[0]).hexdigest()
    print(json.dumps(answer), flush=True)
"""

Action = tuple[str, int, int]


class Owner:
    """`pages` is the size of the file that it maps, whole, from the start."""

    def __init__(self, process: subprocess.Popen[str], base: int, pages: int) -> None:
        self._process = process
        self.pid, self.base, self.pages, self.size = process.pid, base, pages, pages * PAGE

    def do(self, *actions: Action) -> str | None:
        """(what, first page, pages) in turn; the answer to the last question."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(actions) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer is None or isinstance(answer, str)
        return answer

    def digest(self) -> str | None:
        """The SHA-256 of all it sees."""
        return self.do(("digest", 0, 0))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def owner(base: int, pages: int, *, mapped: bool = True) -> Iterator[Owner]:
    """A process that maps the file behind `base`; ended with the block."""
    command = [sys.executable, "-c", _PROGRAM, str(base), str(pages * PAGE)]
    with subprocess.Popen(
        command, pass_fds=[base], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            it = Owner(process, base, pages)
            if mapped:
                it.do(("map", 0, pages))
            yield it
        finally:
            process.kill()


def noise(pages: int, seed: str) -> bytes:
    """That many pages without a zero page, always the same for a seed."""
    return hashlib.shake_128(seed.encode()).digest(pages * PAGE)


def content(fd: int) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(os.pread(fd, os.fstat(fd).st_size, 0)).hexdigest()
