"""Paths inside a tree that somebody else filled: links are followed there, never on the host."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

_MAX_LINKS = 40


def resolve_inside(tree: Path, path: str) -> str | None:
    """The real path inside `tree`, absolute there; None when it does not exist or its links go round.

    Only for trees that nobody changes meanwhile.
    """
    pending = list(reversed(PurePosixPath(path).parts[1:]))
    done: list[str] = []
    links = 0
    while pending:
        part = pending.pop()
        if part in (".", ""):
            continue
        if part == "..":
            done = done[:-1]
            continue
        here = tree.joinpath(*done, part)
        try:
            mode = here.lstat().st_mode
        except OSError:
            return None
        if not stat.S_ISLNK(mode):
            done.append(part)
            continue
        links += 1
        target = PurePosixPath(here.readlink())
        if links > _MAX_LINKS:
            return None
        if target.is_absolute():
            done = []
        pending.extend(reversed([name for name in target.parts if name != "/"]))
    return "/" + "/".join(done)
