"""A root file system that machines can be made of, and what its tree tells about it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from labyard.images.inside import resolve_inside
from labyard.play.plan import Value

_MAX_PASSWD = 1 << 20


class InitSystem(StrEnum):
    SYSTEMD = "systemd"
    OPENRC = "openrc"


class Contents(Value):
    """What one must know of a tree without mounting it.

    `modules`: where `/lib/modules` really is, symbolic links followed.
    """

    has_init: InitSystem | None = None
    users: tuple[str, ...] = ()
    modules: str = "/lib/modules"


class RootImage(Value):
    """An image in the store. `path`: a raw, sparse ext4 that nobody writes; `size`: its virtual size in bytes."""

    source: str
    digest: str
    path: Path
    size: int
    has_init: InitSystem | None
    users: tuple[str, ...]
    modules: str
    created_at: datetime


def look_into(tree: Path) -> Contents:
    """Read a tree that nobody changes meanwhile. Links are followed inside it, never on the host."""
    lib = resolve_inside(tree, "/lib")
    return Contents(has_init=_init_system(tree), users=tuple(_users(tree)), modules=f"{lib or '/lib'}/modules")


def _init_system(tree: Path) -> InitSystem | None:
    if any(_is_program(tree, path) for path in ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")):
        return InitSystem.SYSTEMD
    if _is_program(tree, "/sbin/openrc") and _is_program(tree, "/sbin/init"):
        return InitSystem.OPENRC
    return None


def _is_program(tree: Path, path: str) -> bool:
    inside = resolve_inside(tree, path)
    if inside is None:
        return False
    info = (tree / inside.lstrip("/")).lstat()
    return stat.S_ISREG(info.st_mode) and bool(info.st_mode & 0o111)


def _users(tree: Path) -> Iterator[str]:
    inside = resolve_inside(tree, "/etc/passwd")
    path = tree / inside.lstrip("/") if inside else None
    if path is None or not stat.S_ISREG(path.lstat().st_mode):
        return
    with path.open("rb") as file:
        text = file.read(_MAX_PASSWD).decode(errors="replace")
    for line in text.splitlines():
        name, colon, _ = line.partition(":")
        if colon and name and not name.startswith(("#", "+", "-")):
            yield name
