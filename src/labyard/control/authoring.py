"""What authors do with their pieces: make, fill and remove them. What ships with Labyard stays as it is."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from labyard.content.digests import Digests
from labyard.content.folder import Folder
from labyard.content.library import PLURALS, Entry, Library, Origin
from labyard.content.lint import lint_file
from labyard.content.paths import is_markdown, why_no_name
from labyard.content.pieces import Incoming, PieceFile, Pieces, file_of, files_of
from labyard.content.starter import starter
from labyard.control.bounds import PREVIEW, Bounds, check_name, check_path
from labyard.control.lesson_key import LessonKey
from labyard.control.plays import Plays
from labyard.control.refusals import BadRequestError, TooManyError
from labyard.control.rows import PlayView
from labyard.errors import CapacityError, ConflictError, LabyardError, NotFoundError, Problem
from labyard.play.status import PlayState

_FULL = (errno.ENOSPC, errno.EDQUOT)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """`plays`: those of what was removed. `ended`: they end with it, as it was a preview; else they go on."""

    plays: tuple[PlayView, ...]
    ended: bool


class Authoring:
    """`own` and `previews`: where pieces lie that can be written; `library` reads them there."""

    def __init__(
        self, library: Library, own: Pieces, previews: Pieces, plays: Plays, bounds: Bounds | None = None
    ) -> None:
        self.bounds = bounds or Bounds()
        self.previews = previews
        self._library = library
        self._own = own
        self._plays = plays
        self._digests = Digests()
        self._doors = asyncio.Semaphore(self.bounds.uploads)
        self._locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    # -- pieces --------------------------------------------------------------------------------------------------------

    async def own(self, plural: str) -> list[Entry]:
        """What its author can change, by name; then previews."""
        entries = await asyncio.to_thread(self._library.entries, plural)
        previews = await asyncio.to_thread(self._library.previews_of, plural)
        return [*(each for each in entries if each.origin is Origin.OWN), *previews]

    async def create(self, plural: str, name: str, *, empty: bool = False, preview: bool = False) -> None:
        """A new piece, as an author begins it; `empty`: without any file. ConflictError for a name that is taken."""
        check_name(plural, name)
        if name.startswith(PREVIEW) is not preview:
            raise BadRequestError(f"names of previews begin with `{PREVIEW}`, and no others", hint="take another name")
        pieces = self.previews if preview else self._own
        async with self._alone(plural, "*"):
            await asyncio.to_thread(self._refuse_taken, pieces, plural, name)
            files = {} if empty else starter(PLURALS[plural], name, date.today())
            await _on_disk(pieces.create, plural, name, files)

    async def remove(self, owner: str, plural: str, name: str) -> Removed:
        """The whole piece. Plays of it go on, and progress stays; those of a preview, whoever's, end with it."""
        pieces = await asyncio.to_thread(self._writable, plural, name)
        async with self._alone(plural, name):
            await _on_disk(pieces.remove, plural, name)
        preview = pieces is self.previews
        views = [view for view in await self._plays.list(None if preview else owner) if _is_of(view, plural, name)]
        if preview:
            views = [await self.end(view) for view in views if view.row.plan.preview]
        return Removed(plays=tuple(views), ended=preview)

    async def end(self, view: PlayView) -> PlayView:
        """The play of a preview that is gone. What its author asked to be kept is only stopped."""
        row = view.row
        if not row.persistent:
            return await self._plays.destroy(row.owner, row.id)
        return await self._plays.stop(row.owner, row.id) if row.state is PlayState.RUNNING else view

    async def renew(self, plural: str, name: str) -> float:
        """Its author still looks at a preview: seconds that it stays from now on. NotFoundError when it is gone."""
        check_name(plural, name)
        await asyncio.to_thread(self.previews.touch, plural, name)
        return self.bounds.lease

    async def clear(self) -> None:
        """What was cut when the last server ended. Before anything is written."""
        for pieces in (self._own, self.previews):
            await asyncio.to_thread(pieces.clear)

    # -- files ---------------------------------------------------------------------------------------------------------

    async def files(self, plural: str, name: str) -> list[PieceFile]:
        """Of any piece. NotFoundError."""
        return await asyncio.to_thread(lambda: files_of(self._folder(plural, name)))

    async def file(self, plural: str, name: str, path: str) -> Path:
        """One of them. NotFoundError, also for what leads out of the piece."""

        def find() -> Path:
            file = file_of(self._folder(plural, name), path)
            if file is None:
                raise NotFoundError(f"{name} has no file {path[:128]!r}")
            return file

        return await asyncio.to_thread(find)

    async def digests(self, plural: str, name: str) -> list[tuple[str, str]]:
        """Paths, and the MD5 of what is in them."""

        def read() -> list[tuple[str, str]]:
            folder = self._folder(plural, name)
            return [(file.path, self._digests.of(folder, file)) for file in files_of(folder)]

        return await asyncio.to_thread(read)

    async def put_text(self, plural: str, name: str, path: str, text: str) -> tuple[Problem, ...]:
        """A Markdown file; what lint finds in it. It is kept in any case."""
        check_path(path)
        if not is_markdown(path):
            raise BadRequestError(f"{path[:200]!r} is no Markdown file", hint="other files: PUT /api/content/files")
        try:
            data = text.encode()
        except UnicodeEncodeError:  # half a character, as JSON can hold
            raise BadRequestError("the content is not UTF-8") from None
        async with self.receiving(plural, name, path, len(data)) as file:
            await asyncio.to_thread(file.write, data)
        return await asyncio.to_thread(self._lint, plural, name, path)

    async def check_file(self, plural: str, name: str, path: str) -> None:
        """Whether such a file could be put there. NotFoundError, ConflictError, BadRequestError."""
        check_path(path)
        await asyncio.to_thread(self._writable, plural, name)

    @asynccontextmanager
    async def receiving(self, plural: str, name: str, path: str, size: int) -> AsyncIterator[Incoming]:
        """A file to write `size` bytes to, in a thread. Kept when the block ends as it should, else nothing is left of it."""
        check_path(path)
        pieces = await asyncio.to_thread(self._writable, plural, name)
        self.bounds.check_size(path, size)
        async with self._doors:
            await asyncio.to_thread(self.bounds.check_room, pieces, plural, name, path, size)
            file = await _on_disk(pieces.receive)
            try:
                yield file
                if file.size != size:
                    raise BadRequestError(f"{file.size} bytes came instead of the {size} that were announced")
                await _on_disk(file.finish)
                async with self._alone(plural, name):
                    await asyncio.to_thread(self.bounds.check_room, pieces, plural, name, path, size)
                    await _on_disk(pieces.keep, file, plural, name, path)
            finally:
                await asyncio.to_thread(file.close)

    async def delete(self, plural: str, name: str, path: str) -> None:
        """NotFoundError when there is none."""
        check_path(path)
        pieces = await asyncio.to_thread(self._writable, plural, name)
        async with self._alone(plural, name):
            await _on_disk(pieces.delete, plural, name, path)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _writable(self, plural: str, name: str) -> Pieces:
        """Where a piece lies that can be changed. ConflictError for one that ships, NotFoundError."""
        check_name(plural, name)
        found = self._written(plural, name)
        if found is not None:
            return found
        self._refuse_shipped(plural, name)
        kind = PLURALS[plural]
        raise NotFoundError(
            f"no {kind} {name!r}", hint="`labyard content push` makes it, and so does `POST /api/KINDS`"
        )

    def _written(self, plural: str, name: str) -> Pieces | None:
        return next((pieces for pieces in (self.previews, self._own) if pieces.has(plural, name)), None)

    def _refuse_taken(self, pieces: Pieces, plural: str, name: str) -> None:
        if pieces.has(plural, name):
            words = f"there is a {PLURALS[plural]} {name} of your own already"
            raise ConflictError(words, hint="push to it, or take another name")
        self._refuse_shipped(plural, name)
        most = self.bounds.previews if pieces is self.previews else self.bounds.pieces
        if len(pieces.names(plural)) >= most:
            raise TooManyError(f"there are {most} of them already", hint="`labyard content remove` removes one")
        self.bounds.check_disk(pieces, 0)

    def _refuse_shipped(self, plural: str, name: str) -> None:
        if any(entry.name == name for entry in self._library.shipped(plural)):
            kind = PLURALS[plural]
            raise ConflictError(
                f"the {kind} {name} ships with Labyard and stays as it is",
                hint=f"push yours under a name of its own: labyard content push DIR --as {kind}/my-{name}",
            )

    def _folder(self, plural: str, name: str) -> Path:
        """Of any piece, also of one without an index yet."""
        sound = plural in PLURALS and why_no_name(name) is None
        pieces = self._written(plural, name) if sound else None
        return self._library.entry(plural, name).folder if pieces is None else pieces.folder(plural, name)

    def _lint(self, plural: str, name: str, path: str) -> tuple[Problem, ...]:
        """Files are called by their paths in the piece."""
        folder = self._writable(plural, name).folder(plural, name)
        try:
            found = lint_file(Folder(folder), path, grounds=self._library.grounds())
        except ValueError as error:  # more than can be looked through
            return (Problem(file=path, line=1, column=1, message=str(error)),)
        return tuple(replace(each, file=str(Path(each.file).relative_to(folder))) for each in found)

    @asynccontextmanager
    async def _alone(self, plural: str, name: str) -> AsyncIterator[None]:
        lock = self._locks.setdefault((plural, name), asyncio.Lock())
        async with lock:
            yield


async def _on_disk(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """In a thread. What the file system refuses is told in words."""
    try:
        return await asyncio.to_thread(work, *arguments, **named)
    except OSError as error:
        if error.errno in _FULL:
            raise CapacityError("this box's disk is full", hint="`labyard du` shows what takes it") from error
        raise LabyardError(f"it could not be written: {error.strerror or error}") from error


def _is_of(view: PlayView, plural: str, name: str) -> bool:
    """Whether it is a play of this piece that is not over."""
    row = view.row
    if not row.plan.lesson or row.state in (PlayState.DESTROYING, PlayState.DESTROYED):
        return False
    key = LessonKey.parse(row.plan.lesson)
    return (key.plural, key.name) == (plural, name)
