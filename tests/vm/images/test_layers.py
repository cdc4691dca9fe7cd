"""Layers, good and hostile, through the real jail."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labyard.errors import ImageError
from labyard.images.oci.tree import Limits
from labyard.images.oci.unpacker import Layer, unpack

pytestmark = pytest.mark.root

CAPABILITY = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0"


def item(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def folder(name: str, **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    return item(name, tarfile.DIRTYPE, **fields)


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return item(name, tarfile.SYMTYPE, linkname=target)


def hard_link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return item(name, tarfile.LNKTYPE, linkname=target)


async def apply(tmp_path: Path, *layers: list[tuple[tarfile.TarInfo, bytes]], limits: Limits | None = None) -> Path:
    tree = tmp_path / "work/tree"
    tree.mkdir(parents=True)
    blobs = []
    for number, entries in enumerate(layers):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for info, data in entries:
                tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
        blob = tmp_path / f"layer{number}"
        blob.write_bytes(out.getvalue())
        blobs.append(Layer(path=blob))
    await unpack(blobs, tree, limits=limits or Limits())
    return tree


def names(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*")}


async def test_owners_modes_links_devices_and_attributes(tmp_path: Path) -> None:
    tree = await apply(
        tmp_path,
        [
            folder("bin", mode=0o2775, uid=7, mtime=1_500_000_000),
            item("bin/su", data=b"su", mode=0o4755, uid=0, gid=5, mtime=1_400_000_000),
            item("bin/ping", pax_headers={"SCHILY.xattr.security.capability": CAPABILITY.decode("latin-1")}),
            hard_link("bin/su2", "bin/su"),
            link("sh", "/bin/busybox"),
            item("null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
            item("fifo", tarfile.FIFOTYPE),
            item("deep/without/parents", data=b"x", uid=1001, gid=1001),
        ],
    )
    su = (tree / "bin/su").stat()
    assert (stat.S_IMODE(su.st_mode), su.st_gid, su.st_mtime, su.st_nlink) == (0o4755, 5, 1_400_000_000, 2)
    bin_ = (tree / "bin").stat()
    assert (stat.S_IMODE(bin_.st_mode), bin_.st_uid, bin_.st_mtime) == (0o2775, 7, 1_500_000_000)
    assert os.getxattr(tree / "bin/ping", "security.capability") == CAPABILITY
    assert (tree / "sh").readlink() == Path("/bin/busybox")
    null = (tree / "null").stat()
    assert stat.S_ISCHR(null.st_mode)
    assert null.st_rdev == os.makedev(1, 3)
    assert stat.S_ISFIFO((tree / "fifo").stat().st_mode)
    assert (tree / "deep/without/parents").stat().st_uid == 1001


async def test_whiteouts_and_opaque_folders_hide_what_is_below_only(tmp_path: Path) -> None:
    tree = await apply(
        tmp_path,
        [folder("a"), item("a/old"), item("a/gone"), folder("a/sub"), item("a/sub/old"), folder("b"), item("b/x")],
        [
            item("a/new"),
            folder("a/sub"),
            item("a/sub/new"),
            item("a/.wh..wh..opq"),
            item("a/after"),
            item(".wh.b"),
            item(".wh.never-there"),
            item(".wh..wh.plnk", tarfile.DIRTYPE),
        ],
    )
    assert names(tree) == {"a", "a/new", "a/sub", "a/sub/new", "a/after"}


async def test_a_whiteout_does_not_hide_its_own_layer(tmp_path: Path) -> None:
    tree = await apply(tmp_path, [item("x", data=b"old")], [item("x", data=b"new"), item(".wh.x")])
    assert (tree / "x").read_bytes() == b"new"


async def test_kinds_replace_each_other(tmp_path: Path) -> None:
    tree = await apply(
        tmp_path,
        [
            folder("was-folder"),
            item("was-folder/x"),
            item("was-file"),
            link("was-link", "was-file"),
            link("lib", "usr/lib"),
        ],
        [
            folder("usr/lib"),
            item("was-folder", data=b"1"),
            folder("was-file"),
            item("was-link", data=b"2"),
            item("lib/x"),
        ],
    )
    assert (tree / "was-folder").read_bytes() == b"1"
    assert (tree / "was-file").is_dir()
    assert (tree / "was-link").read_bytes() == b"2"
    assert not (tree / "was-link").is_symlink()
    assert (tree / "usr/lib/x").exists()


HOSTILE = {
    "dot-dot": [item("../outside", data=b"evil")],
    "dot-dot in the middle": [folder("a"), item("a/../../outside", data=b"evil")],
    "whiteout of the parent": [item(".wh...")],
    "whiteout of itself": [item("a/.wh..")],
    "hard link out": [hard_link("mine", "../outside")],
    "hard link to a host file": [hard_link("mine", "/etc/hostname-of-the-host")],
    "hard link to a folder": [folder("a"), hard_link("mine", "a")],
    "a name too long": [item("n" * 256)],
    "a loop of links": [link("a", "b"), link("b", "a"), item("a/x", data=b"evil")],
    "a file as folder": [item("a"), item("a/b")],
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_hostile_layers_are_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ImageError) as caught:
        await apply(tmp_path, HOSTILE[kind])
    assert caught.value.code == "image-hostile"
    assert names(tmp_path / "work") <= {"tree"} | {f"tree/{name}" for name in ("a", "b", "mine")}


ESCAPES: dict[str, Callable[[Path], list[tuple[tarfile.TarInfo, bytes]]]] = {
    "absolute link, then write": lambda out: [link("l", f"{out}"), item("l/pwned", data=b"evil")],
    "relative link, then write": lambda _: [link("l", "../../../../../../.."), item("l/pwned", data=b"evil")],
    "link as the file itself": lambda out: [link("l", f"{out}/pwned"), item("l", data=b"evil")],
    "hard link to a link, then write": lambda out: [
        link("l", f"{out}/pwned"),
        hard_link("h", "l"),
        item("h", data=b"evil"),
    ],
    "link, then a whiteout through it": lambda out: [link("l", f"{out}"), item("l/.wh.precious")],
    "link, then opaque through it": lambda out: [link("l", f"{out}"), item("l/.wh..wh..opq")],
    "link, then folder with other owner": lambda out: [link("l", f"{out}"), folder("l", mode=0o777, uid=12345)],
    "link to /proc": lambda _: [link("l", "/proc/self/root"), item("l/pwned", data=b"evil")],
    "absolute name": lambda out: [item(f"{out}/pwned", data=b"evil")],
}


@pytest.mark.parametrize("kind", ESCAPES)
async def test_nothing_outside_the_tree_is_ever_touched(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("precious")
    before = outside.stat()
    try:
        tree = await apply(tmp_path, ESCAPES[kind](outside))
    except ImageError as error:
        assert error.code == "image-hostile"
    else:
        assert not (tree / "pwned").is_symlink()
    assert names(outside) == {"precious"}
    assert (outside / "precious").read_text() == "precious"
    after = outside.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime) == (before.st_mode, before.st_uid, before.st_mtime)


async def test_devices_in_a_layer_cannot_be_written_through(tmp_path: Path) -> None:
    """A layer that replaces a device by a file gets a file: nothing is opened that is there already."""
    tree = await apply(
        tmp_path, [item("disk", tarfile.BLKTYPE, devmajor=7, devminor=0)], [item("disk", data=b"not the device")]
    )
    assert (tree / "disk").read_bytes() == b"not the device"


@pytest.mark.parametrize(
    ("limits", "what"), [(Limits(size=1000), "MiB of files"), (Limits(entries=3), "more than 3 files")]
)
async def test_bombs_end_at_the_limit(tmp_path: Path, limits: Limits, what: str) -> None:
    with pytest.raises(ImageError, match=what):
        await apply(tmp_path, [item(f"f{n}", data=bytes(400)) for n in range(5)], limits=limits)


async def test_a_full_disk_says_so(small_disk: Path) -> None:
    with pytest.raises(ImageError) as caught:
        await apply(small_disk, [item(f"f{n}", data=os.urandom(1 << 20)) for n in range(16)])
    assert caught.value.code == "image-disk-full"
