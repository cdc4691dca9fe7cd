"""What a backup of a data folder is made of. `restoring.py` makes a data folder of it again."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from labyard import __version__
from labyard.assembly.archive import FILES, FORMAT, ROWS, Header, Told, Writer
from labyard.assembly.house import database_url
from labyard.assembly.settings import Settings
from labyard.content.pieces import INCOMING
from labyard.engine.snapshot import RECORD, Snapshot, read_snapshot
from labyard.errors import ConflictError, NotFoundError
from labyard.images.workspace import sync
from labyard.machine.sparse import SnapshotError
from labyard.store.database import Database, head
from labyard.store.dump import dump

LEFT_OUT = "plays with their disks and snapshots, images that no saved playground lies on, rounds of bots, settings"
"""What is not in a backup. Plays that somebody wants to keep are saved as playgrounds."""

OWN = ("owner.token", "aliases.yaml")
_WRITTEN = ("content", "playgrounds")
_SAVED = "snapshots"
_STORES = ("images", "kernels")
TREES = (*_WRITTEN, _SAVED, *_STORES)
_INITRAMFS = "initramfs-"
_WORK = ".backup-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is in a backup: `saved` playgrounds by their snapshots' keys; `lost`: those whose snapshot is not whole."""

    rows: int
    files: int
    saved: tuple[str, ...]
    lost: tuple[str, ...] = ()


def back_up(settings: Settings, target: Path, told: Told) -> Kept:
    """Write a backup of a data folder to `target`; the server may go on meanwhile. Cut anywhere, it leaves nothing.

    NotFoundError when there is no such folder; ConflictError when `target` is there, or the database is of another version.
    """
    data = settings.data
    if not (data / "owner.token").is_file():
        raise NotFoundError(f"there is no data folder at {data}", hint="say where it is with --data")
    if target.exists():
        raise ConflictError(f"{target} is there already", hint="give another name")
    with _beside(target) as partial, tempfile.TemporaryDirectory(prefix=_WORK, dir=data) as folder:
        work = Path(folder)
        rows = asyncio.run(_dump(database_url(settings), work / ROWS))
        kept = _write(data, work, partial, told)
        sync(partial)
        partial.rename(target)
        sync(target.absolute().parent)
    return replace(kept, rows=rows)


async def _dump(url: str, place: Path) -> int:
    database, count = Database.attach(url), 0
    with place.open("wb") as file:

        def write(line: bytes) -> None:
            nonlocal count
            count += 1
            file.write(line)

        try:
            await dump(database, write)
        finally:
            await database.close()
    return count


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A file for its owner alone, gone at the end unless it got another name."""
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _write(data: Path, work: Path, partial: Path, told: Told) -> Kept:
    """Small files are read as they are; those of snapshots, which may go meanwhile, get second names first."""
    saved, lost, files = _saved(data, work)
    files = {**_small(data), **files}
    header = Header(
        format=FORMAT, labyard=__version__, revision=head(), data=str(data), made=datetime.now(UTC).isoformat()
    )
    with partial.open("wb") as file:
        writer = Writer(file, header, told)
        writer.add_file(ROWS, work / ROWS)
        for name, path in files.items():
            with suppress(FileNotFoundError):  # removed a moment ago
                writer.add_file(FILES + name, path)
        writer.close()
    return Kept(rows=0, files=len(files), saved=tuple(saved), lost=tuple(lost))


def _small(data: Path) -> dict[str, Path]:
    """Token, aliases, authored content and playgrounds: plain files, no links."""
    found = {name: data / name for name in OWN if (data / name).is_file()}
    for tree in _WRITTEN:
        for place, folders, names in os.walk(data / tree):
            folders[:] = sorted(name for name in folders if name != INCOMING)
            for path in (Path(place, name) for name in sorted(names)):
                if path.is_file() and not path.is_symlink():
                    found[str(path.relative_to(data))] = path
    return found


def _saved(data: Path, work: Path) -> tuple[list[str], list[str], dict[str, Path]]:
    """Saved playgrounds' snapshots and what they lie on: keys of whole ones, of others, and files under second names."""
    whole: list[str] = []
    lost: list[str] = []
    files: dict[str, Path] = {}
    for folder in sorted((data / _SAVED).glob("saved-*")):
        if folder.name.endswith(".damaged"):
            continue
        try:
            snapshot = read_snapshot(folder)
            if snapshot is None:
                continue
            found = _linked(data, work, folder, snapshot)
        except (SnapshotError, FileNotFoundError):
            lost.append(folder.name)
        else:
            whole.append(folder.name)
            files |= found
    return whole, lost, files


def _linked(data: Path, work: Path, folder: Path, snapshot: Snapshot) -> dict[str, Path]:
    """What belongs to the stores is not written any more, and reads as it is."""
    found = {}
    for name in (RECORD, *snapshot.sizes):
        path = folder / name
        link = work / path.relative_to(data)
        link.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # pages that have gone into the memory below, as `read_snapshot` has found
            os.link(path, link)
            found[str(path.relative_to(data))] = link
    names = {name for path in paths_of(snapshot) for name in _lies_on(data, path)}
    return found | {name: data / name for name in names}


def paths_of(snapshot: Snapshot) -> Iterator[Path]:
    """All files and folders outside and inside that a snapshot names."""
    for machine in snapshot.machines:
        spec = machine.footing.spec
        yield from (layer.path for disk in spec.disks for layer in disk.layers)
        yield machine.footing.initramfs
        yield from (spec.kernel, spec.initrd, spec.run_dir)


def _lies_on(data: Path, path: Path) -> Iterator[str]:
    """What of the stores of images and kernels a file is part of, so that they know it again."""
    if not path.is_relative_to(data):
        return
    store, *rest = path.relative_to(data).parts
    if store not in _STORES:
        return
    if store == "images" and rest[0] == "boot":
        yield str(path.relative_to(data))
        return
    whole = data.joinpath(store, *rest[: 2 if store == "images" else 1])
    for each in whole.rglob("*"):
        others = (
            each.name.startswith(_INITRAMFS) and each != path
        )  # of earlier examiners: made again when they are needed
        if each.is_file() and not each.is_symlink() and not others:
            yield str(each.relative_to(data))
    if store == "images":
        yield from _pointers(data, rest[1].replace("-", ":", 1))


def _pointers(data: Path, digest: str) -> Iterator[str]:
    for pointer in (data / "images" / "sources").glob("*.json"):
        with suppress(ValueError, OSError):
            if json.loads(pointer.read_bytes()).get("digest") == digest:
                yield str(pointer.relative_to(data))
