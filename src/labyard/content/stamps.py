"""Whether a file of content, or what it may show, has changed: told by times and sizes, without reading it."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Final

STATIC: Final = "__static__"
_MOST_FOLDERS: Final = 200  # of a `__static__` that are looked at

Stamp = tuple[int, int, int, int]


def stamp(top: Path, path: Path) -> Stamp:
    """Changes with the file, and with what lies in a `__static__` that it may show: beside it or above, up to `top`."""
    folder = str(top)
    shown = _newest(folder)
    for part in path.relative_to(top).parts[:-1]:
        folder = os.path.join(folder, part)  # noqa: PTH118 - asked of every lesson whenever lessons are listed
        shown = max(shown, _newest(folder))
    try:
        state = os.stat(path)  # noqa: PTH116
    except OSError:
        return 0, 0, 0, shown
    return state.st_ino, state.st_mtime_ns, state.st_size, shown


def _newest(folder: str) -> int:
    """When its `__static__` was changed, or a folder in there: adding a file changes the time of its own folder alone."""
    static = f"{folder}/{STATIC}"
    newest = _when(static)
    if newest:
        newest = max((_when(place) for place, _, _ in islice(os.walk(static), _MOST_FOLDERS)), default=newest)
    return newest


def _when(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0
