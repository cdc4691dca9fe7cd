"""Files of machines, as an editor asks for them. Conversations are kept for the next question, and end when none comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from labyard.control.file_talk import FileTalk, read
from labyard.control.refusals import TooManyError
from labyard.errors import GuestError
from labyard.play import files
from labyard.play.plan import Value
from labyard.play.streams import Files as Conversation
from labyard.play.streams import Request, Stream

Open = Callable[[str, str, Request], Awaitable[Stream]]

MOST: Final = 4
"""Conversations with one machine: each is a process in it."""
_MATCHES: Final = 5000
"""More than an examiner tells of one search."""
_WAITING: Final = 32
"""Questions to one machine that wait for a conversation."""


class Place(NamedTuple):
    """`user` None: the machine's default one."""

    play: str
    machine: str
    user: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """`pieces`: `head.body` bytes, to be taken within the block that gave them."""

    head: files.Head
    pieces: AsyncIterator[bytes]


@dataclass(slots=True)
class _Room:
    """One machine's conversations."""

    seats: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST))
    guests: int = 0
    idle: list[tuple[str | None, FileTalk, asyncio.TimerHandle]] = field(default_factory=list)


class Files:
    """`idle`: seconds that a conversation is kept for the next question; `patience`: seconds in which a machine answers.

    Everything here raises what `control.file_faults` has, ConflictError when the machine is off, GuestError when it does
    not answer, TooManyError when too many ask at once.
    """

    def __init__(self, open_stream: Open, *, idle: float = 20.0, patience: float = 60.0) -> None:
        self._open = open_stream
        self._idle = idle
        self._patience = patience
        self._rooms: dict[tuple[str, str], _Room] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def list(self, place: Place, path: str, *, offset: int = 0, limit: int = files.MOST_LISTED) -> files.Listing:
        """A part of a folder; without a path of the user's home."""
        async with self._talk(place) as talk:
            return await talk.answer(files.Listing, "list", path=path, offset=offset, limit=limit)

    async def stat(self, place: Place, path: str) -> files.Look:
        async with self._talk(place) as talk:
            return await talk.answer(files.Look, "stat", path=path)

    @asynccontextmanager
    async def read(self, place: Place, path: str, start: int, length: int) -> AsyncIterator[Content]:
        """At most `length` bytes from `start` on, which counts from the end where it is negative."""
        async with self._talk(place) as talk:
            await talk.ask("read", path=path, **{"from": start}, length=length)
            head = read(files.Head, await talk.line())
            if head.body > length:
                raise GuestError("the machine sends more than it was asked for")
            talk.settled = head.body == 0
            yield Content(head=head, pieces=talk.pieces(head.body))

    async def write(self, place: Place, path: str, expect: str, size: int, pieces: AsyncIterator[bytes]) -> files.Saved:
        """Replace a file by `size` bytes. `expect`: the version that was seen, or `files.NEW`, `files.ANY`.

        ChangedError or ExistsError when something else is there: nothing has changed then.
        """
        async with self._talk(place) as talk:
            await talk.ask("write", path=path, expect=expect, size=size)
            await talk.line()
            async for piece in pieces:
                await talk.send(piece)
            said = await talk.line()
            talk.settled = True
            return read(files.Saved, said)

    async def make_folder(self, place: Place, path: str) -> None:
        await self._do(place, "folder", path=path)

    async def move(self, place: Place, path: str, to: str) -> None:
        """ExistsError when something is there."""
        await self._do(place, "move", path=path, to=to)

    async def remove(self, place: Place, path: str, *, recursive: bool = False) -> None:
        """NotEmptyError for a folder that holds something, unless `recursive`."""
        await self._do(place, "remove", path=path, recursive=recursive)

    async def search(self, place: Place, wish: files.Wish) -> AsyncGenerator[files.Match | files.Searched, None]:
        """Lines as they are found, and at last how it ended. Leaving it ends it in the machine, too."""
        async with self._talk(place) as talk:
            await talk.ask("search", **wish.model_dump())
            count = 0
            while "done" not in (said := await talk.line()):
                if (count := count + 1) > _MATCHES:
                    raise GuestError("the machine finds more than there can be")
                yield read(files.Match, said)
            talk.settled = True
            yield read(files.Searched, said)

    async def close(self) -> None:
        for room in self._rooms.values():
            for _, talk, timer in room.idle:
                timer.cancel()
                self._end(talk)
        self._rooms.clear()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _do(self, place: Place, op: str, **arguments: object) -> None:
        async with self._talk(place) as talk:
            await talk.answer(Value, op, **arguments)

    @asynccontextmanager
    async def _talk(self, place: Place) -> AsyncIterator[FileTalk]:
        """A conversation for one question; it is kept when its answer was taken whole."""
        key = (place.play, place.machine)
        room = self._rooms.setdefault(key, _Room())
        if room.guests >= MOST + _WAITING:
            raise TooManyError("too much is being asked of this machine's files at once", hint="try again")
        room.guests += 1
        try:
            async with room.seats:
                talk = self._kept(room, place.user) or await self._begin(place)
                try:
                    yield talk
                finally:
                    self._keep(key, room, place.user, talk)
        finally:
            room.guests -= 1
            self._tidy(key, room)

    async def _begin(self, place: Place) -> FileTalk:
        try:
            async with asyncio.timeout(self._patience):
                stream = await self._open(place.play, place.machine, Conversation(user=place.user))
        except TimeoutError:
            raise GuestError("the machine does not answer", hint="is it busy?") from None
        return FileTalk(stream, patience=self._patience)

    def _kept(self, room: _Room, user: str | None) -> FileTalk | None:
        for index, (whose, talk, timer) in enumerate(room.idle):
            if whose == user:
                timer.cancel()
                del room.idle[index]
                if talk.alive:
                    return talk
                self._end(talk)
                return self._kept(room, user)
        return None

    def _keep(self, key: tuple[str, str], room: _Room, user: str | None, talk: FileTalk) -> None:
        if not talk.settled or not talk.alive or len(room.idle) >= MOST or self._rooms.get(key) is not room:
            self._end(talk)
            return
        timer = asyncio.get_running_loop().call_later(self._idle, self._expire, key, room, talk)
        room.idle.append((user, talk, timer))

    def _expire(self, key: tuple[str, str], room: _Room, talk: FileTalk) -> None:
        room.idle = [each for each in room.idle if each[1] is not talk]
        self._end(talk)
        self._tidy(key, room)

    def _tidy(self, key: tuple[str, str], room: _Room) -> None:
        if not room.guests and not room.idle and self._rooms.get(key) is room:
            del self._rooms[key]

    def _end(self, talk: FileTalk) -> None:
        """In a task of its own: whoever asked may be on their way out."""
        task = asyncio.get_running_loop().create_task(talk.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
