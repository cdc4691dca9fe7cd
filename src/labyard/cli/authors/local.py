"""A piece of content in a folder of its author's: what of it is pushed, and whether that changed."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from labyard.cli.exits import UsageError
from labyard.content.folder import Folder
from labyard.content.paths import why_no_path
from labyard.content.pieces import Stamp, stamp_of
from labyard.control.bounds import Bounds
from labyard.control.refusals import TooLargeError
from labyard.errors import ConflictError, Problem

_PIECE: Final = 256 << 10  # bytes read at a time
_BOUNDS: Final = Bounds()


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFile:
    """`path`: what it is called on the server, in composed letters. `place`: where it lies here."""

    path: str
    place: Path
    size: int
    stamp: Stamp


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A folder at one time. `passed_over`: links that lead out of it, and what is no file. `problems`: what cannot be sent."""

    files: tuple[LocalFile, ...]
    passed_over: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def marks(self) -> object:
        """Not equal to those before when something changed."""
        return {file.path: file.stamp for file in self.files}, self.passed_over, self.problems


@dataclass(frozen=True, slots=True)
class LocalPiece:
    folder: Path
    _digests: dict[Path, tuple[Stamp, str]] = field(default_factory=dict)

    def look(self) -> Look:
        """Blocking. UsageError when there is far too much."""
        files: dict[str, LocalFile] = {}
        passed_over: list[str] = []
        problems: list[Problem] = []
        folder = Folder(self.folder)
        try:
            names = folder.sent()
        except ValueError as error:
            raise UsageError(str(error), hint="leave files out with a `.labctlignore`") from error
        for name in names:
            place = self.folder / name
            path = unicodedata.normalize("NFC", name)
            try:
                state = place.stat()
            except OSError:
                state = None
            if state is None or not stat.S_ISREG(state.st_mode) or not folder.exists(name):
                passed_over.append(name)
            elif (why := self._why_not(path, state.st_size, files)) is not None:
                hint = "leave it out with a line in `.labctlignore`"
                problems.append(Problem(file=str(place), line=1, column=1, message=why, hint=hint))
            else:
                files[path] = LocalFile(path=path, place=place, size=state.st_size, stamp=stamp_of(state))
        return Look(files=tuple(files.values()), passed_over=tuple(passed_over), problems=tuple(problems))

    def digest(self, file: LocalFile) -> str:
        """MD5, as the server tells of its files. Blocking. OSError when it is gone."""
        known = self._digests.get(file.place)
        if known is None or known[0] != file.stamp:
            with file.place.open("rb") as opened:
                digest = hashlib.file_digest(opened, new_md5).hexdigest()
            known = self._digests[file.place] = (file.stamp, digest)
        return known[1]

    def digests(self, files: Sequence[LocalFile]) -> dict[str, str]:
        """By path; those that are gone meanwhile are not among them."""
        found = {}
        for file in files:
            try:
                found[file.path] = self.digest(file)
            except OSError:
                continue
        return found

    @staticmethod
    def _why_not(path: str, size: int, files: dict[str, LocalFile]) -> str | None:
        if (why := why_no_path(path)) is not None:
            return f"it cannot be pushed: {why}"
        if path in files:
            return "another file has this name, with its letters put together otherwise"
        if len(files) >= _BOUNDS.files:
            return f"a piece of content has at most {_BOUNDS.files} files"
        try:
            _BOUNDS.check_size(path, size)
        except TooLargeError as error:
            return error.message
        return None


def new_md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


async def pieces_of(file: LocalFile) -> AsyncIterator[bytes]:
    """Its bytes, exactly as many as it had. ConflictError when it changed meanwhile."""
    left = file.size
    with file.place.open("rb") as opened:
        if stamp_of(os.fstat(opened.fileno())) != file.stamp:
            raise _changed(file)
        while left:
            piece = opened.read(min(left, _PIECE))
            if not piece:
                raise _changed(file)
            left -= len(piece)
            yield piece


def _changed(file: LocalFile) -> ConflictError:
    return ConflictError(f"{file.place} changed while it was read", hint="push again")
