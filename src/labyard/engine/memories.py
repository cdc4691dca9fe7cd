"""What machines' memories are made of: images on disk, and the sealed copies in memory that forks share.

A sealed copy is made when it is first needed and kept while it is used; the file on disk is the truth.
"""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from labyard.engine.footing import BASE, DELTA
from labyard.errors import MachineError
from labyard.machine.delta import apply_delta, read_delta
from labyard.machine.memory import copy_image, sealed_memory
from labyard.network.blocking import in_thread

KEEP_SECONDS = 900.0
"""How long a sealed copy that nobody asks for any more is kept."""


class _Key(NamedTuple):
    """The files a memory is made of, by device, inode and the time of their last change: a base that becomes one play's own
    takes pages in place. They stay open, so that no other file can be taken for them."""

    base: tuple[int, ...] | None
    delta: tuple[int, ...] | None
    size: int


@dataclass(slots=True)
class _Copy:
    memory: int
    sources: tuple[int, ...]
    used: float

    def close(self) -> None:
        for descriptor in (self.memory, *self.sources):
            os.close(descriptor)


class Memories:
    """One per engine."""

    def __init__(self) -> None:
        self._copies: dict[_Key, _Copy] = {}
        self._turns: dict[object, asyncio.Lock] = {}

    async def sealed(self, folder: Path, size: int, name: str) -> int:
        """A descriptor of the memory whose files are in `folder`, which nobody can write; it stays ours.

        Taking it again is free while it is kept. CapacityError when the box has no room for it.
        """
        if not (folder / BASE).exists():
            await self.settle(folder)
        sources = {part: _opened(folder / part) for part in (DELTA, BASE)}  # in this order, see settle
        key = _Key(_identity(sources[BASE]), _identity(sources[DELTA]), size)
        opened = tuple(descriptor for descriptor in sources.values() if descriptor is not None)
        try:
            async with self._turn(key):
                if (known := self._copies.get(key)) is not None:
                    known.used = time.monotonic()
                    return known.memory
                memory = await in_thread(_seal, sources[BASE], sources[DELTA], size, name)
                self._copies[key] = _Copy(memory, opened, time.monotonic())
                opened = ()
                return memory
        finally:
            for descriptor in opened:
                os.close(descriptor)

    async def settle(self, folder: Path) -> None:
        """Make one image of a base and what was written over it; nothing to do where there is only one of them."""
        async with self._turn(folder):
            await in_thread(_settle, folder)

    def drop_unused(self, *, keep: float = KEEP_SECONDS) -> None:
        """Let go of copies nobody asked for in `keep` seconds. Machines that map one keep it."""
        now = time.monotonic()
        for key, copy in list(self._copies.items()):
            if now - copy.used > keep and not self._turn(key).locked():
                del self._copies[key]
                copy.close()

    def close(self) -> None:
        for copy in self._copies.values():
            copy.close()
        self._copies.clear()

    def _turn(self, key: object) -> asyncio.Lock:
        return self._turns.setdefault(key, asyncio.Lock())


def _seal(base: int | None, delta: int | None, size: int, name: str) -> int:
    if base is None:
        raise MachineError(f"the memory of {name} is not here")
    return sealed_memory(base, delta, size, name)


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _identity(descriptor: int | None) -> tuple[int, ...] | None:
    if descriptor is None:
        return None
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _settle(folder: Path) -> None:
    """A base that others have too is copied first; one of our own takes the pages in place. Cut anywhere, it is done again."""
    delta = _opened(folder / DELTA)
    if delta is None:
        return
    try:
        target = folder / BASE
        if not target.exists() or target.stat().st_nlink > 1:
            target = folder / f"{BASE}.new"
            _copy_base(folder / BASE, target, delta)
        image = os.open(target, os.O_RDWR | os.O_CLOEXEC)
        try:
            apply_delta(delta, image)
        finally:
            os.close(image)
        target.rename(folder / BASE)
        (folder / DELTA).unlink()
    finally:
        os.close(delta)


def _copy_base(source: Path, target: Path, delta: int) -> None:
    target.unlink(missing_ok=True)
    base = _opened(source)
    image = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        size = read_delta(delta).size
        os.truncate(image, size)
        if base is not None:
            copy_image(base, image, size)
    finally:
        os.close(image)
        if base is not None:
            os.close(base)
