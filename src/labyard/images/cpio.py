"""The archive an initramfs is made of: cpio in the `newc` format.

Kernels unpack several of them one after another when each is padded to four bytes. The format is described in the
kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass

_TRAILER = "TRAILER!!!"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A file, directory or symbolic link (its target is `data`) at `path`, relative to the root, owned by root.

    `mode` is the whole of st_mode, kind and permissions. Parents come before their children.
    """

    path: str
    mode: int
    data: bytes = b""


def directory(path: str, mode: int = 0o755) -> Entry:
    return Entry(path=path, mode=stat.S_IFDIR | mode)


def file(path: str, data: bytes, mode: int = 0o644) -> Entry:
    return Entry(path=path, mode=stat.S_IFREG | mode, data=data)


def archive(entries: Iterable[Entry]) -> bytes:
    """The whole archive, padded so that another may follow.

    ValueError for a path that is empty, absolute or has `..`.
    """
    parts = []
    number = 0
    for number, entry in enumerate(entries, start=1):
        pieces = entry.path.split("/")
        if not all(pieces) or ".." in pieces or "." in pieces or "\0" in entry.path:
            raise ValueError(f"not a path for an initramfs: {entry.path!r}")
        parts.append(_member(number, entry.path, entry.mode, entry.data))
    parts.append(_member(number + 1, _TRAILER, 0, b""))
    return b"".join(parts)


def _member(number: int, name: str, mode: int, data: bytes) -> bytes:
    raw = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(raw), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + raw) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
