"""The file a backup is: a tar archive in one zstd frame. A header first, then files, and a list of all digests last.

    labyard-backup.json     what it is, of which version and schema
    database.jsonl          every row (`store/dump.py`)
    files/...               as they lie in the data folder
    digests.json            SHA-256 of all of the above

Reading believes nothing: names, kinds, sizes and counts are bounded before anything is done with them.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import zstandard
from pydantic import ValidationError

from labyard.errors import ConflictError
from labyard.images.oci.tarstream import Kind, Member, members
from labyard.images.problems import HostileImageError
from labyard.play.plan import Value

FORMAT: Final = 1
HEADER, ROWS, FILES, DIGESTS = "labyard-backup.json", "database.jsonl", "files/", "digests.json"
CHANGED: Final = "it was changed: do not use it"
_CHUNK = 1 << 20
_LONGEST_HEADER = 1 << 16
_LONGEST_LIST = 1 << 28
_MOST_FILES = 1_000_000
_MOST_BYTES = 1 << 44  # of all files, holes counted
_WINDOW = 1 << 27  # zstd's own limit for who does not ask for more
_DEEPEST = 64  # folders

Told = Callable[[int], None]
"""Gets how many more bytes were done."""


class Header(Value):
    """`revision`: the schema of the rows. `data`: the folder that paths within files begin with. `made`: ISO 8601."""

    format: int
    labyard: str
    revision: str
    data: str
    made: str


class Writer:
    """One archive on its way. `add` in any order; `close` writes the digests, and without it there is none."""

    def __init__(self, file: BinaryIO, header: Header, told: Told) -> None:
        self._told = told
        self._digests: dict[str, str] = {}
        self._frame = zstandard.ZstdCompressor(level=3, write_checksum=True).compressobj()
        self._file = file
        self.add_bytes(HEADER, header.model_dump_json().encode())

    def add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content), 0o600)

    def add_file(self, name: str, path: Path) -> None:
        """No link is followed. OSError when it cannot be read; ConflictError when it gets shorter meanwhile."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(descriptor)
            self._add(name, file, state.st_size, state.st_mode & 0o755)

    def close(self) -> None:
        self.add_bytes(DIGESTS, json.dumps(self._digests).encode())
        self._write(bytes(2 * tarfile.BLOCKSIZE))
        self._file.write(self._frame.flush())

    def _add(self, name: str, file: BinaryIO, size: int, mode: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, mode
        self._write(entry.tobuf(tarfile.PAX_FORMAT))
        digest, left = hashlib.sha256(), size
        while left:
            piece = file.read(min(left, _CHUNK))
            if not piece:
                raise ConflictError(f"{name} changed while it was read", hint="try again")
            digest.update(piece)
            left -= len(piece)
            self._write(piece)
            self._told(len(piece))
        self._write(bytes(-size % tarfile.BLOCKSIZE))
        self._digests[name] = digest.hexdigest()

    def _write(self, content: bytes) -> None:
        self._file.write(self._frame.compress(content))


class Reader:
    """An archive from its beginning; `files` reads on to its end.

    ConflictError for what is no backup, is damaged, or is of a version that we do not know; damage may show at the end only.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._source = _Source(file)
        self._members = members(self._source)
        self._found: dict[str, str] = {}
        with _damage():
            self.header = self._read_header()

    def files(self) -> Iterator[tuple[Member, Iterator[bytes]]]:
        """Every file, and what is in it, in pieces. What is not taken is skipped."""
        with _damage():
            total = 0
            for member in self._members:
                if member.path == DIGESTS:
                    self._compare(member)
                    return
                total += member.size
                self._check(member)
                if total > _MOST_BYTES or len(self._found) >= _MOST_FILES:
                    raise ConflictError("this backup is larger than any of ours")
                pieces = self._pieces(member)
                yield member, pieces
                for _ in pieces:
                    pass
            raise HostileImageError("the digests are missing")

    def _read_header(self) -> Header:
        member = next(self._members, None)
        if member is None or member.path != HEADER or member.size > _LONGEST_HEADER:
            raise HostileImageError("there is no header")
        content = self._source.read(member.size)
        self._found[HEADER] = hashlib.sha256(content).hexdigest()
        try:
            header = Header.model_validate_json(content)
        except ValidationError:
            raise HostileImageError("the header cannot be read") from None
        if header.format != FORMAT:
            raise ConflictError(
                f"this backup has the format {header.format}, this Labyard knows {FORMAT}",
                hint=f"it was made by Labyard {header.labyard[:32]!r}",
            )
        return header

    def _check(self, member: Member) -> None:
        named = member.path == ROWS or member.path.startswith(FILES)
        plain = all(part.isprintable() for part in member.parts) and len(member.parts) <= _DEEPEST
        if member.kind is not Kind.FILE or not named or not plain or member.path in self._found or member.xattrs:
            raise ConflictError(f"this backup holds something that ours do not: {member.path[:200]!r}", hint=CHANGED)
        self._found[member.path] = ""

    def _pieces(self, member: Member) -> Iterator[bytes]:
        digest, left = hashlib.sha256(), member.size
        while left:
            piece = self._source.read(min(left, _CHUNK))
            if not piece:
                raise HostileImageError("it ends too soon")
            digest.update(piece)
            left -= len(piece)
            yield piece
        self._found[member.path] = digest.hexdigest()

    def _compare(self, member: Member) -> None:
        if member.size > _LONGEST_LIST or member.kind is not Kind.FILE:
            raise HostileImageError("the digests cannot be read")
        try:
            told = json.loads(self._source.read(member.size))
        except (ValueError, RecursionError):
            raise HostileImageError("the digests cannot be read") from None
        if told != self._found:
            raise HostileImageError("a file is not what it was when it was written")
        if next(self._members, None) is not None or any(self._source.read(_CHUNK)):
            raise HostileImageError("more follows")


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except (HostileImageError, zstandard.ZstdError) as error:
        raise ConflictError(f"this is no backup, or it is damaged: {error}", hint="take another one") from error


class _Source:
    """What is in the frame, for `tarstream`."""

    def __init__(self, file: BinaryIO) -> None:
        self._stream = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(file, closefd=False)

    def read(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size and (piece := self._stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def skip(self, size: int) -> None:
        while size:
            piece = self.read(min(size, _CHUNK))
            if not piece:
                raise HostileImageError("it ends too soon")
            size -= len(piece)
