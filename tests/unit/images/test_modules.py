"""Which modules are loaded, in what order."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest
import zstandard

from labyard.errors import ImageError
from labyard.images.initramfs import initramfs
from labyard.images.modules import ModuleTree, module_name, plain_file


def tree(folder: Path, *, dep: str, builtin: str = "", softdep: str = "") -> ModuleTree:
    (folder / "modules.dep").write_text(dep)
    (folder / "modules.builtin").write_text(builtin)
    (folder / "modules.softdep").write_text(softdep)
    return ModuleTree(folder)


def test_each_comes_after_what_it_needs_and_built_in_ones_not_at_all(tmp_path: Path) -> None:
    found = tree(
        tmp_path,
        dep="a/net.ko: a/failover.ko a/ring.ko\na/failover.ko: a/ring.ko\na/ring.ko:\na/other.ko:\n",
        builtin="kernel/blk.ko\n",
    ).load_order(("net", "blk"), ())
    assert found == ["a/ring.ko", "a/failover.ko", "a/net.ko"]


def test_soft_dependencies_are_followed_and_circles_end(tmp_path: Path) -> None:
    modules = tree(
        tmp_path,
        dep="fs.ko: lib.ko\nlib.ko:\ncrc-fast.ko: fs.ko\n",
        softdep="softdep fs pre: crc_fast crc_gone post: late\nsoftdep lib pre: fs\n",
    )
    assert sorted(modules.load_order(("fs",), ())) == ["crc-fast.ko", "fs.ko", "lib.ko"]


def test_a_kernel_without_a_driver_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="virtio_blk"):
        tree(tmp_path, dep="").load_order(("virtio_blk",), ())


def test_welcome_modules_may_be_missing(tmp_path: Path) -> None:
    modules = tree(tmp_path, dep="kernel/virtio-rng.ko.xz:\n")
    assert modules.load_order((), ("virtio_rng", "vmgenid")) == ["kernel/virtio-rng.ko.xz"]


def test_names() -> None:
    assert module_name("kernel/drivers/char/hw_random/virtio-rng.ko.zst") == "virtio_rng"
    assert plain_file("kernel/virtio-rng.ko.xz") == "kernel/virtio-rng.ko"


@pytest.mark.parametrize("ending", ["", ".xz", ".zst", ".gz"])
def test_modules_are_decompressed(tmp_path: Path, ending: str) -> None:
    plain = b"\x7fELF module" * 99
    packed = {
        "": plain,
        ".xz": lzma.compress(plain),
        ".zst": zstandard.compress(plain),
        ".gz": gzip.compress(plain),
    }
    (tmp_path / f"m.ko{ending}").write_bytes(packed[ending])
    assert tree(tmp_path, dep="").read(f"m.ko{ending}") == plain


def test_the_list_in_the_initramfs_names_files_that_are_there(tmp_path: Path) -> None:
    names = ["virtio_pci", "virtio_blk", "virtio_net", "virtio_console"]
    for name in names:
        (tmp_path / f"{name}.ko").write_bytes(b"module " + name.encode())
    modules = tree(tmp_path, dep="".join(f"{name}.ko:\n" for name in names), builtin="kernel/ext4.ko\n")
    data = initramfs(b"the examiner", modules)
    assert b"".join(b"/labyard/modules/%s.ko\n" % name.encode() for name in names) in data
    assert b"the examiner" in data
    assert data.count(b"module virtio") == len(names)
