"""What every machine promises an editor. Subclass `FilesContract`, give it a machine, and all of this is asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from labyard.control.file_faults import (
    ChangedError,
    ExistsError,
    NoFileError,
    NotAFileError,
    NotAFolderError,
    NotEmptyError,
)
from labyard.control.files import Files, Place
from labyard.control.refusals import BadRequestError
from labyard.errors import LabyardError
from labyard.play import files
from labyard.play.files import ANY, NEW, Match, Saved, Searched, Wish

LARGE = 5 << 20  # more than is replaced in one piece


async def said(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


class FilesContract:
    """Fixtures a subclass gives: `desk`, `place`, and `folder`: an empty one of the machine, which it may fill."""

    async def put(self, desk: Files, place: Place, path: str, content: bytes, expect: str = NEW) -> Saved:
        return await desk.write(place, path, expect, len(content), said(content))

    async def got(self, desk: Files, place: Place, path: str, start: int = 0, length: int = 1 << 30) -> bytes:
        async with desk.read(place, path, start, length) as content:
            return b"".join([piece async for piece in content.pieces])

    async def found(self, desk: Files, place: Place, **wish: object) -> tuple[list[Match], Searched]:
        told = [each async for each in desk.search(place, Wish.model_validate(wish))]
        assert isinstance(told[-1], Searched)
        return [each for each in told if isinstance(each, Match)], told[-1]

    async def test_what_is_written_is_read_and_listed(self, desk: Files, place: Place, folder: str) -> None:
        path = f"{folder}/café.txt"
        saved = await self.put(desk, place, path, b"one\ntwo\n")
        assert (saved.path, saved.size) == (path, 8)
        async with desk.read(place, path, 0, 100) as content:
            assert (content.head.version, content.head.size, content.head.writable) == (saved.version, 8, True)
            assert b"".join([piece async for piece in content.pieces]) == b"one\ntwo\n"
        listing = await desk.list(place, folder)
        assert (listing.path, listing.total, listing.writable) == (folder, 1, True)
        assert [(each.name, each.kind, each.size) for each in listing.entries] == [("café.txt", "file", 8)]
        look = await desk.stat(place, path)
        assert (look.version, look.entry.name, look.writable) == (saved.version, "café.txt", True)

    async def test_without_a_path_it_is_home(self, desk: Files, place: Place) -> None:
        home = await desk.list(place, "")
        assert home.path.startswith("/") and home.path == (await desk.stat(place, "")).path

    async def test_what_was_seen_is_replaced_and_nothing_else(self, desk: Files, place: Place, folder: str) -> None:
        path = f"{folder}/file"
        first = await self.put(desk, place, path, b"first")
        second = await self.put(desk, place, path, b"", first.version)
        assert second.size == 0 and await self.got(desk, place, path) == b""
        with pytest.raises(ChangedError):
            await self.put(desk, place, path, b"mine", first.version)
        assert await self.got(desk, place, path) == b""
        with pytest.raises(ExistsError):
            await self.put(desk, place, path, b"mine", NEW)
        await self.put(desk, place, path, b"whatever there was", ANY)
        assert await self.got(desk, place, path) == b"whatever there was"
        await desk.remove(place, path)
        with pytest.raises(ChangedError):
            await self.put(desk, place, path, b"mine", second.version)
        with pytest.raises(NoFileError):
            await self.put(desk, place, path, b"mine", ANY)

    async def test_parts_of_a_file(self, desk: Files, place: Place, folder: str) -> None:
        path = f"{folder}/file"
        await self.put(desk, place, path, b"0123456789")
        assert await self.got(desk, place, path, 3, 4) == b"3456"
        assert await self.got(desk, place, path, -4, 4) == b"6789"
        assert await self.got(desk, place, path, -40, 40) == b"0123456789"
        assert await self.got(desk, place, path, 8, 40) == b"89"
        assert await self.got(desk, place, path, 10, 4) == b""
        assert await self.got(desk, place, path, 99, 4) == b""

    async def test_large_files(self, desk: Files, place: Place, folder: str) -> None:
        path, content = f"{folder}/large", bytes(range(256)) * (LARGE // 256)
        saved = await desk.write(place, path, NEW, LARGE, said(content[:1000], content[1000:]))
        assert await self.got(desk, place, path) == content
        again = await self.put(desk, place, path, content[::-1], saved.version)
        with pytest.raises(ChangedError):
            await self.put(desk, place, path, content, saved.version)
        assert (await desk.stat(place, path)).version == again.version
        assert (await desk.list(place, folder)).total == 1

    async def test_a_folder_in_parts(self, desk: Files, place: Place, folder: str) -> None:
        for name in ("b.txt", "A.txt", "c.txt"):
            await self.put(desk, place, f"{folder}/{name}", b"x")
        for name in ("z", "y"):
            await desk.make_folder(place, f"{folder}/{name}")
        names = []
        for offset in (0, 2, 4, 6):
            part = await desk.list(place, folder, offset=offset, limit=2)
            assert part.total == 5 and not part.cut
            names += [each.name for each in part.entries]
        assert names == ["y", "z", "A.txt", "b.txt", "c.txt"]

    async def test_folders_and_moves(self, desk: Files, place: Place, folder: str) -> None:
        await desk.make_folder(place, f"{folder}/a")
        with pytest.raises(ExistsError):
            await desk.make_folder(place, f"{folder}/a")
        with pytest.raises(NoFileError):
            await desk.make_folder(place, f"{folder}/none/b")
        await self.put(desk, place, f"{folder}/a/file", b"x")
        await self.put(desk, place, f"{folder}/other", b"y")
        with pytest.raises(ExistsError):
            await desk.move(place, f"{folder}/a/file", f"{folder}/other")
        with pytest.raises(BadRequestError):
            await desk.move(place, f"{folder}/a", f"{folder}/a/inside")
        await desk.move(place, f"{folder}/a", f"{folder}/b")
        assert await self.got(desk, place, f"{folder}/b/file") == b"x"
        with pytest.raises(NotEmptyError):
            await desk.remove(place, f"{folder}/b")
        await desk.remove(place, f"{folder}/b", recursive=True)
        assert [each.name for each in (await desk.list(place, folder)).entries] == ["other"]

    async def test_what_is_not_there_or_something_else(self, desk: Files, place: Place, folder: str) -> None:
        await self.put(desk, place, f"{folder}/file", b"x")
        for path in (f"{folder}/none", f"{folder}/none/deeper"):
            with pytest.raises(NoFileError):
                await desk.stat(place, path)
            with pytest.raises(NoFileError):
                await self.got(desk, place, path)
            with pytest.raises(NoFileError):
                await desk.list(place, path)
            with pytest.raises(NoFileError):
                await desk.remove(place, path)
        with pytest.raises(NotAFileError):
            await self.got(desk, place, folder)
        with pytest.raises(NotAFolderError):
            await desk.list(place, f"{folder}/file")
        with pytest.raises(NotAFileError):
            await self.put(desk, place, folder, b"x", ANY)
        for path in ("relative", "/nul\0", "/" + "x" * 5000):
            with pytest.raises(BadRequestError):
                await desk.stat(place, path)

    async def test_search(self, desk: Files, place: Place, folder: str) -> None:
        for name in ("sub", ".git", "node_modules"):
            await desk.make_folder(place, f"{folder}/{name}")
        await self.put(desk, place, f"{folder}/one.py", b"first\n  Needle here\nand needle, needle\n")
        await self.put(desk, place, f"{folder}/sub/two.py", "äöü needle".encode())
        for name in (".git/config", "node_modules/x.js"):
            await self.put(desk, place, f"{folder}/{name}", b"needle")
        await self.put(desk, place, f"{folder}/binary", b"needle\0needle")
        matches, end = await self.found(desk, place, path=folder, text="needle")
        told = {(each.path.removeprefix(folder), each.line, each.column, each.at) for each in matches}
        assert told == {("/one.py", 2, 2, 6), ("/one.py", 3, 4, 20), ("/sub/two.py", 1, 4, 0)}
        assert (end.matches, end.cut) == (3, "")
        assert {each.text[each.before :][: each.length].lower() for each in matches} == {"needle"}
        matches, _ = await self.found(desk, place, path=folder, text="Needle", case=True)
        assert [(each.line, each.length) for each in matches] == [(2, 6)]
        matches, _ = await self.found(desk, place, path=f"{folder}/one.py", text="^and .*,", regex=True)
        assert [(each.line, each.column, each.length) for each in matches] == [(3, 0, 11)]
        assert (await self.found(desk, place, path=folder, text="no such thing"))[0] == []

    async def test_searches_that_make_no_sense(self, desk: Files, place: Place, folder: str) -> None:
        for wish in ({"text": ""}, {"text": "a\nb"}, {"text": "(", "regex": True}, {"text": "x" * 2000}):
            with pytest.raises(BadRequestError):
                await self.found(desk, place, path=folder, **wish)
        with pytest.raises(NoFileError):
            await self.found(desk, place, path=f"{folder}/none", text="x")

    async def test_who_leaves_in_the_middle_disturbs_nobody(self, desk: Files, place: Place, folder: str) -> None:
        await self.put(desk, place, f"{folder}/lines", b"needle\n" * 5000)
        async with aclosing(desk.search(place, Wish(path=folder, text="needle"))) as matches:
            assert isinstance(await anext(matches), Match)
        async with desk.read(place, f"{folder}/lines", 0, 10_000) as content:
            assert content.head.body == 10_000

        async def broken() -> AsyncIterator[bytes]:
            yield b"half"
            raise BadRequestError("the connection broke off")

        with pytest.raises(BadRequestError):
            await desk.write(place, f"{folder}/lines", ANY, 100, broken())
        with pytest.raises(BadRequestError):
            await desk.write(place, f"{folder}/other", NEW, LARGE, broken())
        assert len(await self.got(desk, place, f"{folder}/lines")) == 35_000
        assert (await desk.list(place, folder)).total == 1

    async def test_many_at_once(self, desk: Files, place: Place, folder: str) -> None:
        """They wait for each other; none gets another's answer."""

        async def one(number: int) -> None:
            path = f"{folder}/{number}"
            await self.put(desk, place, path, str(number).encode())
            assert await self.got(desk, place, path) == str(number).encode()

        await asyncio.gather(*(one(number) for number in range(20)))
        assert (await desk.list(place, folder)).total == 20

    async def test_more_than_can_wait_is_refused(self, desk: Files, place: Place, folder: str) -> None:
        asked = [asyncio.create_task(desk.stat(place, folder)) for _ in range(100)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refused = [each for each in answers if isinstance(each, LabyardError)]
        assert {each.code for each in refused} == {"too-many"} and len(refused) < 100
        assert all(isinstance(each, files.Look) for each in answers if each not in refused)
