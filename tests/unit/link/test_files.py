"""Files and archives through the real examiner."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

from tests.unit.link.talk import Said, ask, listen

from labyard.machine.link import GuestLink
from labyard.play.streams import ReadFile, TarIn, TarOut, WriteFile


async def write(link: GuestLink, request: WriteFile | TarIn, data: bytes) -> Said:
    stream = await link.open(request)
    await stream.send(data)
    await stream.send_eof()
    return await listen(stream)


async def test_write_then_read(link: GuestLink, tmp_path: Path) -> None:
    data = os.urandom(700_000)
    path = tmp_path / "file"
    said = await write(link, WriteFile(path=str(path), mode=0o640), data)
    assert (said.result.exit_code, said.result.error) == (0, None)
    assert path.read_bytes() == data
    assert path.stat().st_mode & 0o7777 == 0o640
    assert (await ask(link, ReadFile(path=str(path)))).stdout == data


async def test_what_cannot_be_read(link: GuestLink, tmp_path: Path) -> None:
    said = await ask(link, ReadFile(path=str(tmp_path / "none")))
    assert said.result.exit_code == 1
    assert "no such file" in (said.result.error or "")


async def test_a_file_half_sent_is_not_written(link: GuestLink, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    stream = await link.open(WriteFile(path=str(path)))
    await stream.send(b"half")
    await stream.close()
    await link.call("ping")
    assert path.read_text() == "before"


def archive(*members: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return out.getvalue()


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0, mode: int = 0o644
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, size, mode
    info.uid, info.gid = os.getuid(), os.getgid()
    return info


async def test_tar_there_and_back(link: GuestLink, tmp_path: Path) -> None:
    tree = archive(
        member("a", tarfile.DIRTYPE, mode=0o755),
        member("a/run", size=3, mode=0o755),
        member("a/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("a/hard", tarfile.LNKTYPE, "a/run"),
    )
    said = await write(link, TarIn(path=str(tmp_path / "new")), tree)
    assert (said.result.exit_code, said.result.error) == (0, None)
    assert (tmp_path / "new/a/run").read_text() == "xxx"
    assert (tmp_path / "new/a/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "new/a/hard").samefile(tmp_path / "new/a/run")
    back = await ask(link, TarOut(path=str(tmp_path / "new")))
    with tarfile.open(fileobj=io.BytesIO(back.stdout)) as tar:
        assert sorted(tar.getnames()) == ["a", "a/hard", "a/link", "a/run"]
        assert tar.getmember("a/link").linkname == "/etc/passwd"


async def test_an_archive_cannot_leave_its_folder(link: GuestLink, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    inside = tmp_path / "inside"
    hostile = [
        archive(member("../outside/one", size=1)),
        archive(member(str(outside / "two"), size=1)),
        archive(member("way", tarfile.SYMTYPE, str(outside)), member("way/three", size=1)),
        archive(member("up", tarfile.SYMTYPE, "../outside"), member("up/secret", size=1)),
        archive(member("back", tarfile.SYMTYPE, "../outside"), member("stolen", tarfile.LNKTYPE, "back/secret")),
        archive(member("device", tarfile.CHRTYPE)),
    ]
    for tree in hostile:
        await write(link, TarIn(path=str(inside)), tree)
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"
    assert not (inside / "stolen").exists()
    assert not (inside / "device").exists()
