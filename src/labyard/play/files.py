"""An editor's questions about a machine's files, as values (docs/develop/ide.md). One stream of `streams.Files` is one
conversation: a question is a line of JSON, its answer another one, and bytes where it says so.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from labyard.play.plan import Value

MOST_LISTED: Final = 2000
"""Entries of a folder in one answer."""
SLICE: Final = 1 << 20
"""Bytes that are read whole, and what an editor asks for at once."""
NEW: Final = "new"
ANY: Final = "any"

Kind = Literal["file", "folder", "link", "other"]
Count = Annotated[int, Field(ge=0)]
Line = Annotated[str, Field(max_length=4096)]
Version = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,200}$")]
"""Goes into headers: whoever makes it up in a machine may put nothing else there."""


class Entry(Value):
    """A name in a folder. `size` in bytes, `modified` in milliseconds since 1970; `target`: what a link leads to.

    `odd`: its name is no UTF-8, so it cannot be asked for.
    """

    name: Line
    kind: Kind
    size: int = 0
    modified: int = 0
    mode: int = 0
    target: Kind | None = None
    odd: bool = False


class Listing(Value):
    """Entries of a folder from `offset` on, folders first. `cut`: it has more than `total`, which nobody looks at."""

    path: Line
    version: Version
    total: Count
    offset: Count
    cut: bool = False
    writable: bool = False
    entries: Annotated[tuple[Entry, ...], Field(max_length=MOST_LISTED)]


class Look(Value):
    """`version` changes whenever the file does, or is another one."""

    path: Line
    entry: Entry
    version: Version
    writable: bool = False


class Head(Value):
    """What is said before a file's bytes: `body` of them follow, from `start` on, of `size` in all."""

    path: Line
    size: Count
    start: Annotated[int, Field(ge=0, alias="from")]
    version: Version
    modified: int = 0
    writable: bool = False
    body: Count


class Saved(Value):
    path: Line
    size: Count
    version: Version


class Match(Value):
    """A line with what was looked for. `line` from 1; `at`: where it begins, in bytes; `column`, `length`: in UTF-16 units.

    `text`: the line, or what is around the match; `before`: how many units of it come before the match.
    """

    path: Line
    line: Count
    at: Count
    column: Count
    length: Count
    text: Line
    before: Count


class Searched(Value):
    """How a search ended. `cut`: which bound ended it (files, bytes, matches, time); empty: none."""

    done: Literal[True]
    files: Count
    bytes: Count
    matches: Count
    cut: Annotated[str, Field(max_length=16)] = ""


class Wish(Value):
    """What to look for in a file, or in all files below a folder. `case`: capitals matter."""

    path: str
    text: str
    case: bool = False
    regex: bool = False
