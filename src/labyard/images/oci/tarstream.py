"""Read a tar archive once, from front to back, believing nothing in it.

Formats: POSIX ustar and pax (pax(1)), and the GNU extensions for long names and big numbers (tar's manual, "Basic Tar
Format"). Sparse and multi-volume entries do not occur in image layers and are refused.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from labyard.images.problems import HostileImageError

_BLOCK = 512
_MAX_EXTENSION = 1 << 20
MAX_PATH = 4095
MAX_NAME = 255
_ZEROS = bytes(_BLOCK)


class Source(Protocol):
    """Bytes that come one after another."""

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; fewer only at the end."""

    def skip(self, size: int) -> None:
        """Drop bytes; HostileImageError when they are not there."""


class Kind(Enum):
    FILE = b"0"
    HARD_LINK = b"1"
    SYMLINK = b"2"
    CHARACTER = b"3"
    BLOCK = b"4"
    DIRECTORY = b"5"
    FIFO = b"6"


@dataclass(slots=True)
class Member:
    """One entry. `path`: relative parts, cleaned, never with `..`; `size` in bytes follows in the stream for files.

    `mtime` in nanoseconds.
    """

    parts: tuple[str, ...]
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    target: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: dict[str, bytes] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return "/".join(self.parts)


_KINDS = {kind.value: kind for kind in Kind} | {b"\0": Kind.FILE, b"7": Kind.FILE}
_REFUSED = {b"S": "sparse", b"M": "multi-volume"}


def members(source: Source) -> Iterator[Member]:
    """Every entry. Whoever iterates must read a file's `size` bytes from `source` before asking for the next."""
    common: dict[str, bytes] = {}
    own: dict[str, bytes] = {}
    while (header := source.read(_BLOCK)) and header != _ZEROS:
        if len(header) != _BLOCK:
            raise HostileImageError("a layer ends in the middle of an entry")
        _check_sum(header)
        size = _number(header[124:136])
        letter = header[156:157]
        if letter in _REFUSED:
            raise HostileImageError(f"a layer has a {_REFUSED[letter]} entry, which image layers cannot have")
        if letter in b"xgLK":
            data = _extension(source, size)
            if letter == b"g":
                common |= _records(data)
            elif letter == b"x":
                own |= _records(data)
            else:
                own["path" if letter == b"L" else "linkpath"] = data.split(b"\0", 1)[0]
            continue
        kind = _KINDS.get(letter)
        attributes = {**common, **own}
        own = {}
        if "size" in attributes:
            size = _decimal(attributes["size"])
        if kind is None:
            source.skip(size + -size % _BLOCK)
            continue
        member = _member(header, kind, size, attributes)
        yield member
        source.skip(-member.size % _BLOCK if kind is Kind.FILE else size + -size % _BLOCK)


def clean(path: str) -> tuple[str, ...]:
    """The parts of a path inside the tree. HostileImageError for `..`, NUL, and what no file system could hold."""
    parts = tuple(part for part in path.split("/") if part and part != ".")
    if ".." in parts or "\0" in path:
        raise HostileImageError(f"a layer tries to leave its tree: {path[:200]!r}")
    if len(path) > MAX_PATH or any(len(part.encode(errors="surrogateescape")) > MAX_NAME for part in parts):
        raise HostileImageError(f"a layer has a path that is too long: {path[:80]!r}...")
    return parts


def _member(header: bytes, kind: Kind, size: int, attributes: dict[str, bytes]) -> Member:
    if any(name.startswith("GNU.sparse.") for name in attributes):
        raise HostileImageError("a layer has a sparse entry, which image layers cannot have")
    name = attributes.get("path") or _ustar_name(header)
    if kind is Kind.FILE and name.endswith(b"/"):
        kind = Kind.DIRECTORY  # as tar before 1988 wrote folders
    target = attributes.get("linkpath") or header[157:257].split(b"\0", 1)[0]
    if len(target) > MAX_PATH:
        raise HostileImageError("a layer has a link that is too long")
    return Member(
        parts=clean(_text(name)),
        kind=kind,
        mode=_number(header[100:108]) & 0o7777,
        uid=_identity(attributes.get("uid"), header[108:116]),
        gid=_identity(attributes.get("gid"), header[116:124]),
        size=size if kind is Kind.FILE else 0,
        mtime=_time(attributes.get("mtime"), header[136:148]),
        target=_text(target),
        device=(_number(header[329:337]), _number(header[337:345])),
        xattrs=_xattrs(attributes) if attributes else {},
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _ustar_name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    prefix = header[345:500].split(b"\0", 1)[0] if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _check_sum(header: bytes) -> None:
    expected = sum(header[:148]) + 8 * 32 + sum(header[156:])
    if _number(header[148:156]) != expected:
        raise HostileImageError("a layer is not a tar archive")


def _number(raw: bytes) -> int:
    """Octal text, or base 256 when its first bit is set (GNU). Never negative."""
    if raw[0] & 0x80:
        if raw[0] != 0x80:
            raise HostileImageError("a layer has an entry with a number out of range")
        return int.from_bytes(raw[1:], "big")
    text = raw.split(b"\0", 1)[0].strip()
    try:
        value = int(text, 8) if text else 0
    except ValueError as error:
        raise HostileImageError("a layer is not a tar archive") from error
    if value < 0:
        raise HostileImageError("a layer has an entry with a negative number")
    return value


def _decimal(raw: bytes) -> int:
    if not raw.isdigit() or len(raw) > 20:
        raise HostileImageError("a layer has an entry with a number out of range")
    return int(raw)


def _identity(extended: bytes | None, raw: bytes) -> int:
    value = _decimal(extended) if extended else _number(raw)
    if value >= 0xFFFFFFFF:
        raise HostileImageError("a layer has an entry with an owner out of range")
    return value


def _time(extended: bytes | None, raw: bytes) -> int:
    """Nanoseconds; what is not a time the disk can hold becomes the beginning of it."""
    if extended is None:
        seconds = float(_number(raw)) if not raw[0] & 0x80 else 0.0
    else:
        try:
            seconds = float(extended[:32])
        except ValueError:
            seconds = 0.0
    return int(seconds * 1e9) if 0 <= seconds < 1 << 33 else 0


def _extension(source: Source, size: int) -> bytes:
    if size > _MAX_EXTENSION:
        raise HostileImageError("a layer has an entry with an extended header of more than 1 MiB")
    data = source.read(size)
    if len(data) != size:
        raise HostileImageError("a layer ends in the middle of an entry")
    source.skip(-size % _BLOCK)
    return data


def _records(data: bytes) -> dict[str, bytes]:
    """`<length> <key>=<value>\\n`, again and again."""
    found: dict[str, bytes] = {}
    place = 0
    while place < len(data):
        space = data.find(b" ", place, place + 21)
        length = _decimal(data[place:space]) if space > place else 0
        record = data[space + 1 : place + length]
        key, equals, value = record.partition(b"=")
        if not equals or place + length > len(data) or not record.endswith(b"\n"):
            raise HostileImageError("a layer has an extended header that cannot be read")
        found[_text(key)] = value[:-1]
        place += length
    return found


def _xattrs(attributes: dict[str, bytes]) -> dict[str, bytes]:
    found = {}
    for key, value in attributes.items():
        if key.startswith("SCHILY.xattr."):
            found[key.removeprefix("SCHILY.xattr.")] = value
        elif key.startswith("LIBARCHIVE.xattr."):
            try:
                found.setdefault(
                    key.removeprefix("LIBARCHIVE.xattr."), base64.b64decode(value + b"=" * (-len(value) % 4))
                )
            except binascii.Error as error:
                raise HostileImageError("a layer has an extended attribute that cannot be read") from error
    return found
