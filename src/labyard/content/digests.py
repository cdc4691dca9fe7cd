"""What the files of a piece hold, as MD5: labctl pushes only what differs. Read anew only when they changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from labyard.content.pieces import PieceFile, Stamp, stamp_of

_KEPT: Final = 20_000


class Digests:
    """May be asked from several threads: what is lost in a race is only read again."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[Stamp, str]] = {}

    def of(self, folder: Path, file: PieceFile) -> str:
        """32 hexadecimal digits; empty for one that is gone meanwhile, or cannot be read."""
        path = folder / file.path
        known = self._known.get(path)
        if known is not None and known[0] == file.stamp:
            return known[1]
        try:
            stamp, digest = _read(path)
        except OSError:
            return ""
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[path] = (stamp, digest)
        return digest


def _read(path: Path) -> tuple[Stamp, str]:
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as opened:
        stamp = stamp_of(os.fstat(opened.fileno()))
        return stamp, hashlib.file_digest(opened, _md5).hexdigest()


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)
