"""Reading tar: what Python's and GNU's writers make, and what an enemy would."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.errors import ImageError
from labyard.images.oci.layerstream import LayerStream
from labyard.images.oci.tarstream import Kind, Member, members

LONG = "folder/" + "n" * 120 + "/" + "m" * 150


def archive(*entries: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT, data: bytes = b"") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for item in entries:
            tar.addfile(item, io.BytesIO(data) if item.isreg() else None)
    return out.getvalue()


def info(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    item = tarfile.TarInfo(name)
    item.type = kind
    for field, value in fields.items():
        setattr(item, field, value)
    return item


def read(data: bytes, folder: Path) -> list[Member]:
    path = folder / "layer"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with LayerStream(descriptor) as stream:
            found = []
            for member in members(stream):
                stream.skip(member.size)
                found.append(member)
            return found
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_writers_make(tmp_path: Path, form: int) -> None:
    name = "folder/" + "n" * 99 if form == tarfile.USTAR_FORMAT else LONG
    data = archive(
        info("./etc/", tarfile.DIRTYPE, mode=0o2755),
        info(name, size=5, uid=1001, gid=7, mtime=1_600_000_000, mode=0o4755),
        info("link", tarfile.SYMTYPE, linkname="/etc/passwd"),
        info("same", tarfile.LNKTYPE, linkname=name[:99]),
        info("null", tarfile.CHRTYPE, devmajor=1, devminor=3),
        form=form,
        data=b"hello",
    )
    found = read(data, tmp_path)
    assert [member.kind for member in found] == [
        Kind.DIRECTORY,
        Kind.FILE,
        Kind.SYMLINK,
        Kind.HARD_LINK,
        Kind.CHARACTER,
    ]
    assert found[0].parts == ("etc",)
    assert (found[1].path, found[1].uid, found[1].gid, found[1].mode) == (name, 1001, 7, 0o4755)
    assert found[1].mtime == 1_600_000_000 * 10**9
    assert found[2].target == "/etc/passwd"
    assert found[4].device == (1, 3)


def test_extended_attributes_and_big_numbers(tmp_path: Path) -> None:
    capability = "SCHILY.xattr.security.capability"
    item = info("ping", pax_headers={capability: "caps", "mtime": "1.5"}, uid=3_000_000)
    found = read(archive(item), tmp_path)
    assert found[0].xattrs == {"security.capability": b"caps"}
    assert found[0].mtime == 1_500_000_000
    assert found[0].uid == 3_000_000


@pytest.mark.parametrize("name", ["../etc/passwd", "a/../../b", "/../x", "a/..", "x" * 300, "d/" * 3000])
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError) as caught:
        read(archive(info(name)), tmp_path)
    assert caught.value.code == "image-hostile"


def test_absolute_names_are_inside(tmp_path: Path) -> None:
    assert read(archive(info("/etc/x")), tmp_path)[0].parts == ("etc", "x")


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:700],
        lambda data: b"not a tar archive" * 100,
        lambda data: data[:148] + b"\0" * 8 + data[156:],
        lambda data: data[:130],
    ],
)
def test_broken_archives(tmp_path: Path, harm: object) -> None:
    assert callable(harm)
    with pytest.raises(ImageError):
        read(harm(archive(info("file", size=600), data=b"x" * 600)), tmp_path)


@pytest.mark.parametrize("kind", [b"S", b"M"])
def test_entries_that_layers_cannot_have(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(ImageError, match="cannot have"):
        read(archive(info("x", kind)), tmp_path)


def test_sparse_by_extended_header(tmp_path: Path) -> None:
    item = info("x", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.realsize": "99999999999"})
    with pytest.raises(ImageError, match="sparse"):
        read(archive(item), tmp_path)


def test_an_extended_header_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    bomb = archive(info("x", b"x", size=1 << 32))[:512]
    with pytest.raises(ImageError, match="1 MiB"):
        read(bomb + bytes(4096), tmp_path)


@given(st.binary(max_size=1500))
def test_any_bytes_give_entries_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    try:
        read(data, tmp_path_factory.mktemp("any"))
    except ImageError as error:
        assert error.code == "image-hostile"


@given(st.integers(0, 511), st.binary(min_size=1, max_size=20))
def test_a_damaged_header_is_noticed_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: int, damage: bytes
) -> None:
    data = archive(info("file", size=3), data=b"abc")
    data = data[:place] + damage + data[place + len(damage) :]
    try:
        found = read(data, tmp_path_factory.mktemp("damaged"))
    except ImageError:
        return
    assert all(".." not in member.parts for member in found)
