"""What the box's snapshots cost and whether they are whole: `labyard du`, and the scrub."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import structlog

from labyard.engine.footing import FOOTING
from labyard.engine.journal import replace_file
from labyard.engine.record import SNAPSHOTS as NAMED
from labyard.engine.snapshot import RECORD, Snapshot, read_snapshot, set_aside
from labyard.engine.templates import Templates
from labyard.machine.delta import digest
from labyard.machine.sparse import SnapshotError
from labyard.play.plan import Value

log = structlog.get_logger(__name__)

_BLOCK = 512  # of st_blocks, stat(2)
SNAPSHOTS = "snapshots"
"""Who uses something that no play does: what starts go on from."""


class Kind(StrEnum):
    PLAY = "play"
    SNAPSHOT = "snapshot"
    WARM = "warm"
    SAVED = "saved"
    IMAGE = "image"
    KERNEL = "kernel"


class Use(Value):
    """Bytes on disk: `own` are freed when it goes, `shared` lie there for others too."""

    kind: Kind
    name: str
    own: int
    shared: int = 0
    note: str = ""


def use_of(kind: Kind, name: str, folder: Path, *, note: str = "", leave_out: tuple[str, ...] = ()) -> Use:
    """Everything in a folder, less what lies below its parts in `leave_out`. A file with a second name is shared."""
    own = shared = 0
    for path in _files(folder, leave_out):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        if status.st_nlink > 1:
            shared += status.st_blocks * _BLOCK
        else:
            own += status.st_blocks * _BLOCK
    return Use(kind=kind, name=name, own=own, shared=shared, note=note)


def _files(folder: Path, leave_out: tuple[str, ...]) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        if Path(parent) == folder:
            folders[:] = [name for name in folders if name not in leave_out]
        yield from (Path(parent, name) for name in names)


def use_of_play(name: str, folder: Path) -> list[Use]:
    """The play itself, and each snapshot that its owner named."""
    snapshots = folder / NAMED
    named = sorted(path for path in snapshots.iterdir()) if snapshots.is_dir() else []
    return [
        use_of(Kind.PLAY, name, folder, leave_out=(NAMED,)),
        *(use_of(Kind.SNAPSHOT, f"{name}/{path.name}", path) for path in named),
    ]


def use_of_plays(plays: Mapping[str, Path]) -> list[Use]:
    return [use for name, folder in plays.items() for use in use_of_play(name, folder)]


def use_of_templates(templates: Templates) -> list[Use]:
    """What starts go on from."""
    return [
        use_of(
            Kind.SAVED if templates.is_saved(key) else Kind.WARM, key, templates.place(key), note=found.plan.playground
        )
        for key, found in templates.all().items()
    ]


def users(used: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """From who uses what to what is used by whom."""
    found: dict[str, list[str]] = {}
    for who, things in used.items():
        for thing in things:
            found.setdefault(thing, []).append(who)
    return found


def seal(folder: Path) -> None:
    """Write down the digest of every file of a snapshot, for later scrubs."""
    snapshot = read_snapshot(folder)
    if snapshot is None:
        return
    digests = {name: _digest(folder / name) for name in _names(folder, snapshot)}
    sealed = snapshot.model_copy(update={"digests": digests})
    replace_file(folder / RECORD, sealed.model_dump_json().encode())


def scrub(folder: Path) -> str | None:
    """Read a snapshot whole. What is wrong with it, and then it is set aside; None when all is well.

    One that was never sealed, or whose memory was settled since, is sealed now.
    """
    try:
        snapshot = read_snapshot(folder)
        if snapshot is None:
            return None
        names = _names(folder, snapshot)
        if set(names) != set(snapshot.digests):
            seal(folder)
            return None
        for name in names:
            if _digest(folder / name) != snapshot.digests[name]:
                raise SnapshotError(f"{name} is not what it was when it was written")
    except SnapshotError as error:
        set_aside(folder)
        log.warning("a damaged snapshot is set aside", folder=str(folder), why=error.message)
        return error.message
    return None


def _names(folder: Path, snapshot: Snapshot) -> list[str]:
    """Files that are not written any more: not the layers that a stopped play will go on writing to."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name not in (RECORD, FOOTING)]
    names = (str(path.relative_to(folder)) for path in sorted(found))
    return [name for name in names if not (snapshot.same_disks and "/disk-" in name)]


def _digest(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return digest(descriptor)
    finally:
        os.close(descriptor)
