"""What pieces of content may be called and hold: what is said no to, and why."""

from __future__ import annotations

import shutil
from typing import Final

from labyard.content.library import PLURALS
from labyard.content.paths import is_markdown, why_no_name, why_no_path
from labyard.content.pieces import Pieces
from labyard.control.refusals import BadRequestError, TooLargeError, TooManyError
from labyard.errors import CapacityError, NotFoundError
from labyard.play.plan import Value

MIB = 1 << 20
PREVIEW: Final = "preview-"
"""How names of previews begin, and no others."""
FETCHED: Final = "preview-git-"
"""Of those that came from a repository: they stay while somebody plays them."""


class Bounds(Value):
    """Settings. Sizes in bytes, spans in seconds. `room`: free disk that has to be left; below it plays are halted.

    `lease`: how long a preview stays that nobody asks for, `fetched_lease` one from a repository. `uploads`: files on their
    way at a time; others wait.
    """

    text: int = MIB
    file: int = 64 * MIB
    piece: int = 512 * MIB
    files: int = 1_000
    pieces: int = 2_000
    previews: int = 32
    fetched: int = 200
    fetched_lease: float = 24 * 3600
    uploads: int = 8
    room: int = 2 << 30
    lease: float = 15 * 60
    sweep_every: float = 60

    def check_size(self, path: str, size: int) -> None:
        """TooLargeError for a file that is larger than one may be."""
        most = self.text if is_markdown(path) else self.file
        if size > most:
            raise TooLargeError(f"{path[:200]!r} is larger than {_size(most)}")

    def check_room(self, pieces: Pieces, plural: str, name: str, path: str, size: int) -> None:
        """Whether the piece may have this file instead of what is there. TooManyError, CapacityError, NotFoundError."""
        files = {file.path: file.size for file in pieces.files(plural, name)}
        if len({*files, path}) > self.files:
            raise TooManyError(f"a piece of content has at most {self.files} files", hint="make two of it")
        if sum(files.values()) - files.get(path, 0) + size > self.piece:
            words = f"with {path[:200]!r} this piece would be larger than {_size(self.piece)}"
            raise TooManyError(words, hint="make its files smaller, or two pieces of it")
        self.check_disk(pieces, size)

    def check_fetched(self, previews: Pieces, size: int) -> None:
        """Whether there may be one more from a repository. TooManyError, CapacityError."""
        if sum(name.startswith(FETCHED) for plural in PLURALS for name in previews.names(plural)) >= self.fetched:
            raise TooManyError(
                f"there are {self.fetched} lessons from repositories here already",
                hint="they go a day after they were last played; `labyard content remove` removes one at once",
            )
        self.check_disk(previews, size)

    def check_disk(self, pieces: Pieces, size: int) -> None:
        """CapacityError when too little would be left of it."""
        place = next(each for each in (pieces.root, *pieces.root.parents) if each.exists())
        if shutil.disk_usage(place).free - size < self.room:
            raise CapacityError(
                "this box has too little free disk to take more", hint="`labyard du` shows what takes it"
            )


def check_name(plural: str, name: str) -> None:
    """BadRequestError for the name, NotFoundError for the kind."""
    if plural not in PLURALS:
        raise NotFoundError(f"there is no content of the kind {plural[:64]!r}")
    if (why := why_no_name(name)) is not None:
        raise BadRequestError(why)


def check_path(path: str) -> None:
    """BadRequestError."""
    if (why := why_no_path(path)) is not None:
        raise BadRequestError(f"{path[:200]!r} cannot be pushed: {why}")


def _size(count: int) -> str:
    return f"{count // MIB} MiB" if count >= MIB else f"{count} bytes"
