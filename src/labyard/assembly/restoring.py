"""A data folder made of a backup: looked through whole, then written beside, then put in place."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from labyard.assembly.archive import CHANGED, FILES, ROWS, Header, Reader, Told
from labyard.assembly.backup import OWN, TREES, Kept, paths_of
from labyard.assembly.data_folder import made
from labyard.assembly.house import database_url
from labyard.assembly.settings import Settings
from labyard.control.access import to_person
from labyard.engine.snapshot import RECORD, Snapshot
from labyard.errors import CapacityError, ConflictError
from labyard.images.workspace import sync
from labyard.store.database import Database, revisions
from labyard.store.dump import load, refuse_filled

_WORK = ".restore-"
_BLOCK = 1 << 16
_ZERO = bytes(_BLOCK)
_LONGEST_LINE = 64 << 20
_LONGEST_RECORD = 64 << 20


def restore(settings: Settings, source: Path, told: Told) -> Kept:
    """Fill an empty data folder, and an empty database. Nothing is written before the whole backup was read and is sound;
    cut anywhere, nothing is left.

    ConflictError when something is there already, or it is no sound backup that we know; CapacityError when the disk is too
    small.
    """
    data, url = settings.data, database_url(settings)
    if data.exists() and any(data.iterdir()):
        raise ConflictError(f"{data} is not empty", hint="give another folder with --data, or move that one away")
    with _opened(source) as file:
        kept, size = _look_through(file, told)
    _refuse_small(data, size)
    outside = settings.configuration.database_url is not None
    if outside:
        asyncio.run(_refuse_filled(url))
    with _disk_told(), _beside(data) as work:
        with _opened(source) as file:
            header = _extract(file, work, told)
        _move_paths(work, header, data)
        (work / "labyard.db").touch(mode=0o600)
        asyncio.run(_load(url if outside else f"sqlite:///{work / 'labyard.db'}", work / ROWS, header))
        (work / ROWS).unlink()
        if outside:
            (work / "labyard.db").unlink()
        for path in sorted(work.iterdir()):
            path.rename(data / path.name)
        sync(data)
    return kept


@contextmanager
def _opened(source: Path) -> Iterator[BinaryIO]:
    try:
        file = source.open("rb")
    except OSError as error:
        raise ConflictError(f"{source} cannot be read: {error.strerror}") from None
    with file:
        yield file


def _look_through(file: BinaryIO, told: Told) -> tuple[Kept, int]:
    """All of it. What is in it, and how much room it takes: blocks of zeros take none."""
    reader = Reader(file)
    if reader.header.revision not in revisions():
        raise ConflictError(
            f"this backup is of a newer Labyard ({reader.header.labyard[:32]!r})", hint="install that one first"
        )
    size = rows = files = 0
    saved = set()
    for member, pieces in reader.files():
        files += 1
        _check_place(member.parts)
        if member.path.startswith(f"{FILES}snapshots/") and len(member.parts) > 2:
            saved.add(member.parts[2])
        for piece in pieces:
            told(len(piece))
            size += sum(_BLOCK for at in range(0, len(piece), _BLOCK) if not _blank(piece[at : at + _BLOCK]))
            if member.path == ROWS:
                rows += piece.count(b"\n")
    return Kept(rows=rows, files=files - 1, saved=tuple(sorted(saved))), size


def _check_place(parts: tuple[str, ...]) -> None:
    """What ours hold, and nothing else of a data folder: no marks, no plays, no database of its own."""
    if parts == (ROWS,) or (len(parts) == 2 and parts[1] in OWN) or (len(parts) > 2 and parts[1] in TREES):
        return
    raise ConflictError(f"this backup holds something that ours do not: {'/'.join(parts)[:200]!r}", hint=CHANGED)


def _refuse_small(data: Path, size: int) -> None:
    existing = next(folder for folder in (data, *data.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    if size > free:
        raise CapacityError(
            f"this backup takes {size >> 20} MiB, {existing} has {free >> 20} MiB left", hint="make room, or use --data"
        )


@contextmanager
def _beside(data: Path) -> Iterator[Path]:
    """A folder in the data folder, for what will be renamed; gone at the end, and so is a data folder made in vain."""
    was_there = data.exists()
    made(data)
    work = Path(tempfile.mkdtemp(prefix=_WORK, dir=data))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not was_there and not any(data.iterdir()):
            data.rmdir()


def _extract(file: BinaryIO, work: Path, told: Told) -> Header:
    reader = Reader(file)
    for member, pieces in reader.files():
        place = work / member.path.removeprefix(FILES)
        place.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, member.mode & 0o755)
        with os.fdopen(descriptor, "wb") as written:
            for piece in pieces:
                told(len(piece))
                _write_sparsely(written, piece)
            written.truncate(member.size)
            written.flush()
            os.fsync(descriptor)
    if not (work / ROWS).is_file() or not (work / "owner.token").is_file():
        raise ConflictError("this backup lacks what ours have", hint=CHANGED)
    to_person(work / "owner.token")
    return reader.header


@contextmanager
def _disk_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CapacityError("the disk is full", hint="make room, or use --data") from error
        raise ConflictError(f"it cannot be written: {error.strerror}: {error.filename}") from error


def _write_sparsely(file: BinaryIO, piece: bytes) -> None:
    view = memoryview(piece)
    for at in range(0, len(piece), _BLOCK):
        block = view[at : at + _BLOCK]
        if _blank(block):
            file.seek(len(block), os.SEEK_CUR)
        else:
            file.write(block)


def _blank(block: bytes | memoryview) -> bool:
    return block == (_ZERO if len(block) == _BLOCK else _ZERO[: len(block)])


def _move_paths(work: Path, header: Header, data: Path) -> None:
    """Snapshots name their files by whole paths, which begin with the folder that the backup is of."""
    for record in (work / "snapshots").glob(f"*/{RECORD}"):
        if record.stat().st_size > _LONGEST_RECORD:
            raise ConflictError("this backup holds a snapshot's record that is larger than any of ours", hint=CHANGED)
        try:
            moved = json.dumps(_moved(json.loads(record.read_bytes()), header.data.rstrip("/") + "/", f"{data}/"))
            paths = set(paths_of(Snapshot.model_validate_json(moved)))
        except (ValueError, RecursionError):
            raise ConflictError("this backup holds a snapshot whose record cannot be read", hint=CHANGED) from None
        if strangers := [path for path in paths if not path.is_relative_to(data) or ".." in path.parts]:
            raise ConflictError(f"a snapshot of this backup lies on something else: {strangers[0]}", hint=CHANGED)
        record.write_text(moved)


def _moved(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return new + value.removeprefix(old) if value.startswith(old) else value
    if isinstance(value, list):
        return [_moved(each, old, new) for each in value]
    if isinstance(value, dict):
        return {key: _moved(each, old, new) for key, each in value.items()}
    return value


async def _refuse_filled(url: str) -> None:
    database = Database.attach(url)
    try:
        await refuse_filled(database)
    finally:
        await database.close()


async def _load(url: str, rows: Path, header: Header) -> None:
    database = Database.attach(url)
    try:
        with rows.open("rb") as lines:
            await load(database, _lines(lines), header.revision)
    finally:
        await database.close()


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_LONGEST_LINE):
        if not line.endswith(b"\n"):
            raise ConflictError("this backup holds a row that is larger than any of ours")
        yield line
