"""An editor's questions, answered by the real examiner."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.contract.files_contract import FilesContract, said
from tests.unit.link.talk import LIMIT, gone

from labyard.control.file_faults import NotAFileError
from labyard.control.files import Files, Place
from labyard.control.refusals import BadRequestError
from labyard.errors import GuestError
from labyard.machine.link import GuestLink
from labyard.play.files import MOST_LISTED, NEW
from labyard.play.streams import Request, Stream


def names(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


class TestExaminerFiles(FilesContract):
    @pytest.fixture
    async def desk(self, link: GuestLink) -> AsyncIterator[Files]:
        async def open_stream(_play: str, _machine: str, request: Request) -> Stream:
            return await link.open(request)

        desk = Files(open_stream, patience=20)
        yield desk
        await desk.close()

    @pytest.fixture
    def place(self) -> Place:
        return Place("play", "node-01")

    @pytest.fixture
    def folder(self, tmp_path: Path) -> str:
        (tmp_path / "work").mkdir()
        return str(tmp_path / "work")

    async def test_a_file_stays_the_same_file(self, desk: Files, place: Place, folder: str) -> None:
        """To hard links, to containers it is mounted into; through a link; with its mode."""
        path = Path(folder, "file")
        path.write_text("before")
        path.chmod(0o750)
        os.link(path, f"{folder}/hard")
        Path(folder, "soft").symlink_to("file")
        inode = path.stat().st_ino
        version = (await desk.stat(place, f"{folder}/soft")).version
        await self.put(desk, place, f"{folder}/soft", b"after", version)
        assert (path.read_text(), path.stat().st_ino, path.stat().st_mode & 0o777) == ("after", inode, 0o750)
        assert Path(folder, "soft").is_symlink() and Path(folder, "hard").read_text() == "after"

    async def test_an_upload_keeps_mode_and_link(self, desk: Files, place: Place, folder: str) -> None:
        path = Path(folder, "file")
        path.write_text("before")
        path.chmod(0o640)
        Path(folder, "soft").symlink_to("file")
        version = (await desk.stat(place, f"{folder}/soft")).version
        await self.put(desk, place, f"{folder}/soft", bytes(5 << 20), version)
        assert (path.stat().st_size, path.stat().st_mode & 0o777) == (5 << 20, 0o640)
        assert names(folder) == ["file", "soft"] and Path(folder, "soft").is_symlink()

    async def test_links_and_what_is_no_file(self, desk: Files, place: Place, folder: str) -> None:
        os.mkfifo(f"{folder}/pipe")
        Path(folder, "to-folder").symlink_to("/usr")
        Path(folder, "to-nothing").symlink_to("none")
        Path(folder, os.fsdecode(b"odd\xff")).mkdir()
        entries = {each.name: each for each in (await desk.list(place, folder)).entries}
        assert (entries["pipe"].kind, entries["to-folder"].kind, entries["to-folder"].target) == (
            "other",
            "link",
            "folder",
        )
        assert entries["to-nothing"].target is None and entries["odd\ufffd"].odd
        for path in (f"{folder}/pipe", "/dev/null"):
            with pytest.raises(NotAFileError):
                await self.got(desk, place, path)
        assert await self.found(desk, place, path=folder, text="x") is not None

    async def test_files_that_do_not_know_their_size(self, desk: Files, place: Place) -> None:
        async with desk.read(place, "/proc/self/status", 0, 1 << 20) as content:
            text = b"".join([piece async for piece in content.pieces])
        assert text.startswith(b"Name:") and content.head.size == len(text)

    async def test_ten_thousand_files(self, desk: Files, place: Place, folder: str) -> None:
        for number in range(10_000):
            os.close(os.open(f"{folder}/file-{number:05}", os.O_CREAT | os.O_WRONLY))
        part = await desk.list(place, folder, offset=8000)
        assert (part.total, len(part.entries)) == (10_000, MOST_LISTED)
        assert (part.entries[0].name, part.entries[-1].name) == ("file-08000", "file-09999")

    async def test_a_search_ends_at_its_bounds(self, desk: Files, place: Place, folder: str) -> None:
        Path(folder, "log").write_text("a line with NEEDLE in it, and then the next one of these\n" * 100_000)
        matches, end = await self.found(desk, place, path=folder, text="needle")
        assert (len(matches), end.cut) == (1000, "matches")
        assert matches[-1].at == matches[-1].line * 57 - 57
        long = "x" * 300_000 + "needle" + "y" * 300_000
        Path(folder, "log").write_text(long)
        (match,), _ = await self.found(desk, place, path=folder, text="needle")
        assert len(match.text) < 500 and match.text[match.before :].startswith("needle")

    async def pid(self, desk: Files, place: Place) -> int:
        return int((await self.got(desk, place, "/proc/self/stat")).split()[0])

    async def test_one_process_for_many_questions(self, desk: Files, place: Place, folder: str) -> None:
        pid = await self.pid(desk, place)
        await desk.list(place, folder)
        with pytest.raises(NotAFileError):
            await self.got(desk, place, folder)
        assert await self.pid(desk, place) == pid

    async def test_a_conversation_that_was_ended_is_begun_anew(self, desk: Files, place: Place) -> None:
        pid = await self.pid(desk, place)
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        async with asyncio.timeout(LIMIT):
            while True:
                with suppress(GuestError):  # its end may not be known yet
                    assert await self.pid(desk, place) != pid
                    return

    async def test_it_ends_when_nobody_asks(self, link: GuestLink, place: Place) -> None:
        async def open_stream(_play: str, _machine: str, request: Request) -> Stream:
            return await link.open(request)

        desk = Files(open_stream, idle=0.05)
        await gone(await self.pid(desk, place))
        await desk.close()

    async def test_an_upload_that_breaks_off_leaves_nothing(self, desk: Files, place: Place, folder: str) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield bytes(300_000)
            assert len(names(folder)) == 1
            raise BadRequestError("the connection broke off")

        with pytest.raises(BadRequestError):
            await desk.write(place, f"{folder}/file", NEW, 8 << 20, broken())
        async with asyncio.timeout(LIMIT):
            while names(folder):  # noqa: ASYNC110 - nothing announces that a file went
                await asyncio.sleep(0.01)

    async def test_who_says_more_than_a_question_may_hold(self, desk: Files, place: Place, folder: str) -> None:
        with pytest.raises(GuestError):
            await desk.write(place, folder + "x" * (1 << 17), NEW, 0, said())
