"""Which piece of content is meant: as somebody typed it, or as a folder says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from labyard.cli.exits import UsageError
from labyard.content.library import PLURALS
from labyard.content.paths import why_no_name
from labyard.content.tree import INDEX, plain_name

_PLURAL: Final = {kind: plural for plural, kind in PLURALS.items()}
_KIND: Final = re.compile(r"^kind:\s*['\"]?([a-z-]+)", re.MULTILINE)
_HEAD: Final = 64 << 10  # bytes in which front matter says its kind
_KINDS: Final = ", ".join(_PLURAL)


@dataclass(frozen=True, slots=True)
class Piece:
    """`kind` in the singular."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def plural(self) -> str:
        return _PLURAL[self.kind]

    @property
    def path(self) -> str:
        """Its route."""
        return f"/api/{self.plural}/{self.name}"

    @property
    def query(self) -> dict[str, str]:
        return {"kind": self.kind, "name": self.name}


def parse_piece(text: str) -> Piece:
    """`challenge/NAME`, also as addresses have it (`challenges/NAME`). Raises UsageError."""
    kind, slash, name = text.partition("/")
    kind = PLURALS.get(kind, kind)
    if not slash or kind not in _PLURAL:
        raise UsageError(f"{text[:100]!r} is no KIND/NAME", hint=f"write it as challenge/NAME; kinds are {_KINDS}")
    if (why := why_no_name(name)) is not None:
        raise UsageError(why)
    return Piece(kind, name)


def piece_of(folder: Path, given: str | None = None) -> Piece:
    """`given`: what it is to be called, whatever the folder says. Raises UsageError."""
    index = _index(folder)
    if given is not None:
        return parse_piece(given)
    kind = _kind(index)
    name = plain_name(folder.resolve().name)
    if why_no_name(name) is not None:
        hint = f"name it outright: --as {kind}/NAME; at most 63 small letters, digits and hyphens"
        raise UsageError(f"the folder's name {name[:64]!r} cannot be its name on a server", hint=hint)
    return Piece(kind, name)


def _index(folder: Path) -> Path:
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", hint="`labyard content create KIND NAME` makes one")
    found = sorted(path for path in folder.iterdir() if INDEX.fullmatch(path.name))
    if not found:
        raise UsageError(f"there is no index.md in {folder}", hint="a piece of content begins with that file")
    return found[0]


def _kind(index: Path) -> str:
    """What its front matter says, also where the rest of that cannot be read yet."""
    try:
        with index.open("rb") as file:
            text = file.read(_HEAD).decode(errors="replace")
    except OSError as error:
        raise UsageError(f"{index} cannot be read: {error.strerror}") from error
    found = _KIND.search(text)
    kind = found[1] if found else ""
    if kind in _PLURAL:
        return kind
    hint = f"kinds are {_KINDS}; or say what it is: --as KIND/NAME"
    if kind in ("module", "lesson", "unit"):
        raise UsageError(f"{index} is a {kind}: a part of a piece", hint="give the folder of the whole")
    words = f"says `kind: {kind}`" if kind else "does not say its `kind`"
    raise UsageError(f"{index} {words}, so it is not known what it is", hint=hint)
