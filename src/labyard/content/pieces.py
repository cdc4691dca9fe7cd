"""Pieces of content that can be written, below a root: `KINDS/NAME/...`. Each change is there as a whole or not at all.

A file is written beside (in `.incoming/` of the root, on the same file system), synced, and renamed to its place; then the
folders are synced. What is cut lies in `.incoming/` and nowhere else; `clear` empties it. No link is followed below the root.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from labyard.content.paths import why_no_path
from labyard.errors import ConflictError, NotFoundError

INCOMING: Final = ".incoming"
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FOLDER: Final = (errno.ENOTDIR, errno.ELOOP)
_NO_FILE: Final = (errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST)

Stamp = tuple[int, int, int]
"""Changes when a file does: inode, time and size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PieceFile:
    """`path` in its piece; `size` in bytes."""

    path: str
    size: int
    stamp: Stamp


def files_of(folder: Path) -> list[PieceFile]:
    """What a piece is made of, by path: plain files with names as `paths` allows them. No link is followed."""
    found = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        here = Path(place)
        for name in names:
            path = (here / name).relative_to(folder).as_posix()
            with suppress(OSError):
                state = (here / name).lstat()
                if stat.S_ISREG(state.st_mode) and why_no_path(path) is None:
                    found.append(PieceFile(path=path, size=state.st_size, stamp=stamp_of(state)))
    return sorted(found, key=lambda file: file.path)


def file_of(folder: Path, path: str) -> Path | None:
    """One of them; None when there is none, or it leads out of the piece."""
    if why_no_path(path) is not None:
        return None
    home = folder.resolve()
    file = home.joinpath(path).resolve()
    return file if file.is_relative_to(home) and file.is_file() else None


def stamp_of(state: os.stat_result) -> Stamp:
    return state.st_ino, state.st_mtime_ns, state.st_size


class Incoming:
    """A file on its way in: written to, then kept by `Pieces.keep`, else dropped."""

    def __init__(self, folder: Path) -> None:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix="file-")
        self.path = Path(name)
        self._descriptor = descriptor
        self._using = threading.Lock()  # who waited for a write may be cut, and close under it
        self.size = 0

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        with self._using:
            while view:
                view = view[os.write(self._descriptor, view) :]
        self.size += len(data)

    def finish(self) -> None:
        """On disk for good, wherever it will be called what."""
        with self._using:
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Gone, unless it was kept."""
        with self._using:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
        self.path.unlink(missing_ok=True)


class Pieces:
    """Kinds are words of addresses (`challenges`), names and paths were checked by `paths`. Blocking; one writer a piece."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, plural: str, name: str) -> Path:
        return self.root / plural / name

    def has(self, plural: str, name: str) -> bool:
        return os.path.lexists(self.folder(plural, name))

    def names(self, plural: str) -> list[str]:
        """Of folders that were made here, without links that others have put beside them."""
        try:
            with os.scandir(self.root / plural) as entries:
                return sorted(each.name for each in entries if each.is_dir(follow_symlinks=False))
        except OSError:
            return []

    def files(self, plural: str, name: str) -> list[PieceFile]:
        """NotFoundError when there is no such piece."""
        with self._inside(plural, name):
            return files_of(self.folder(plural, name))

    def create(self, plural: str, name: str, files: Mapping[str, bytes]) -> None:
        """A new piece with these files, which is there at once or not at all. ConflictError when there is one."""
        if self.has(plural, name):
            raise ConflictError(f"there is a folder {plural}/{name} already")
        fresh = Path(tempfile.mkdtemp(dir=self._incoming(), prefix="piece-"))
        try:
            for path, data in files.items():
                _write(fresh / path, data)
            for place, _, _ in os.walk(fresh, topdown=False):
                _sync(Path(place))
            with self._open((plural,), make=True) as kind, self._open((INCOMING,)) as incoming:
                os.rename(fresh.name, name, src_dir_fd=incoming, dst_dir_fd=kind)
                os.fsync(kind)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def receive(self) -> Incoming:
        return Incoming(self._incoming())

    def keep(self, file: Incoming, plural: str, name: str, path: str) -> None:
        """Put a finished file to its place. NotFoundError when the piece is gone, ConflictError where a folder is."""
        *folders, last = path.split("/")
        with self._inside(plural, name):
            pass
        with self._open((plural, name, *folders), make=True) as place, self._open((INCOMING,)) as incoming:
            try:
                os.rename(file.path.name, last, src_dir_fd=incoming, dst_dir_fd=place)
            except OSError as error:
                raise _no_file(path, error) from error
            os.fsync(place)

    def delete(self, plural: str, name: str, path: str) -> None:
        """Take a file away, and the folders that are empty then. NotFoundError when there is none."""
        *folders, last = path.split("/")
        with self._inside(plural, name, *folders) as place:
            try:
                os.unlink(last, dir_fd=place)
            except FileNotFoundError:
                raise NotFoundError(f"{name} has no file {path[:128]!r}") from None
            except OSError as error:
                raise _no_file(path, error) from error
            os.fsync(place)
        for count in range(len(folders), 0, -1):
            with self._inside(plural, name, *folders[: count - 1]) as above:
                try:
                    os.rmdir(folders[count - 1], dir_fd=above)
                except OSError:
                    return
                os.fsync(above)

    def remove(self, plural: str, name: str) -> None:
        """The whole piece. It is gone at once; its files follow. NotFoundError."""
        with self._inside(plural, name):
            pass
        grave = Path(tempfile.mkdtemp(dir=self._incoming(), prefix="gone-"))
        with self._open((plural,)) as kind, self._open((INCOMING, grave.name)) as below:
            os.rename(name, name, src_dir_fd=kind, dst_dir_fd=below)
            os.fsync(kind)
        shutil.rmtree(grave, ignore_errors=True)

    def clear(self) -> None:
        """What was cut off half-way. Only while nobody writes."""
        for path in (self.root / INCOMING).glob("*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    # -- when it was last asked for ------------------------------------------------------------------------------------

    def touch(self, plural: str, name: str) -> None:
        with self._inside(plural, name) as place:
            os.utime(place)

    def age(self, plural: str, name: str) -> float:
        """Seconds since it was touched, or something at its top changed. NotFoundError."""
        with self._inside(plural, name) as place:
            return time.time() - os.fstat(place).st_mtime

    # -- inside --------------------------------------------------------------------------------------------------------

    @contextmanager
    def _inside(self, plural: str, name: str, *folders: str) -> Iterator[int]:
        """A folder of a piece that is there."""
        try:
            with self._open((plural, name, *folders)) as place:
                yield place
        except FileNotFoundError:
            raise NotFoundError(f"there is no {'/'.join((plural, name, *folders))[:200]}") from None

    @contextmanager
    def _open(self, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
        """A descriptor of the folder below the root. FileNotFoundError, ConflictError for what is no folder."""
        if make:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                below = _step(here, part, make=make)
                os.close(here)
                here = below
            yield here
        finally:
            os.close(here)

    def _incoming(self) -> Path:
        with self._open((INCOMING,), make=True):
            return self.root / INCOMING


def _step(here: int, part: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(part, 0o700, dir_fd=here)
            os.fsync(here)
    try:
        return os.open(part, _FOLDER, dir_fd=here)
    except OSError as error:
        if error.errno not in _NO_FOLDER:
            raise
        words = f"{part[:200]!r} is a file or a link on the server, not a folder"
        raise ConflictError(words, hint="what is linked there its operator keeps by hand") from error


def _no_file(path: str, error: OSError) -> OSError | ConflictError:
    if error.errno not in _NO_FILE:
        return error
    return ConflictError(f"{path[:200]!r} is a folder on the server, not a file", hint="remove what is in it first")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, _FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
