"""Whether a file of content, or what it may show, has changed: told by times and sizes, without reading it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

STATIC: Final = "__static__"
_MOST_FOLDERS: Final = 200  # of a `__static__` that are looked at

Stamp = tuple[int, int, int, int]


def stamp(top: Path, path: Path) -> Stamp:
    """Changes with the file, and with what lies in a `__static__` that it may show: beside it or above, up to `top`."""
    above = path.relative_to(top).parts[:-1]
    places = (top.joinpath(*above[:depth], STATIC) for depth in range(len(above) + 1))
    shown = max((_when(each) for place in places for each in _below(place)), default=0)
    try:
        state = path.stat()
    except OSError:
        return 0, 0, 0, shown
    return state.st_ino, state.st_mtime_ns, state.st_size, shown


def _below(static: Path) -> Iterator[Path]:
    """The folder and those in it: adding a file changes the time of its own folder alone."""
    yield static
    if static.is_dir():
        yield from (Path(place) for place, _, _ in islice(os.walk(static), 1, _MOST_FOLDERS))


def _when(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
