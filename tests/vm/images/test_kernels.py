"""Real kernels boot real machines from our disks: modules load in the order listed, and are files in the root."""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.lab import CACHE
from tests.unit.link.build import go_program

from labyard.errors import ImageError
from labyard.images.aliases import Aliases
from labyard.images.kernels import KernelStore
from labyard.images.store import ImageStore

pytestmark = pytest.mark.vm

SOURCE = Path(__file__).parent / "smallinit/main.go"


@pytest.fixture(scope="session")
def small_init(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first process that says what it finds and powers off."""
    target = tmp_path_factory.mktemp("smallinit") / "init"
    environment = {**os.environ, "CGO_ENABLED": "0"}
    subprocess.run([go_program(), "build", "-o", target, SOURCE], check=True, env=environment, capture_output=True)
    return target


def usr_merged_layer() -> bytes:
    """A tree in which `/lib` is a link, as distributions have it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("usr", "usr/lib", "dev", "proc", "sys"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        info = tarfile.TarInfo("lib")
        info.type, info.linkname = tarfile.SYMTYPE, "usr/lib"
        tar.addfile(info)
    return out.getvalue()


def command(*argv: str | Path) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


async def boot(kernel: Any, disk: Path) -> str:
    """What the machine says until it powers off."""
    process = await asyncio.create_subprocess_exec(
        *("qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "512"),
        *("-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"),
        *("-kernel", kernel.vmlinuz, "-initrd", kernel.initramfs, "-append", "console=ttyS0 quiet panic=-1"),
        *("-drive", f"file={disk},if=virtio,format=qcow2", "-device", "virtio-rng-pci"),
        *("-netdev", "user,id=n,restrict=on", "-device", "virtio-net-pci,netdev=n", "-device", "virtio-serial-pci"),
        *("-chardev", "null,id=c", "-device", "virtserialport,chardev=c,name=labyard"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 300)
    except BaseException:
        process.kill()
        raise
    return output.decode(errors="replace")


@pytest.mark.parametrize("version", ["6.1", "6.12"])
async def test_a_kernel_boots_from_a_boot_disk_that_grows(
    store: ImageStore, layout: Any, small_init: Path, tmp_path: Path, version: str
) -> None:
    layout.image(usr_merged_layer())
    image = await store.import_archive(layout.folder, "mine")
    CACHE.mkdir(mode=0o711, parents=True, exist_ok=True)
    kernel = await KernelStore(CACHE / "kernels", examiner=small_init).ensure(version)
    assert kernel.release.startswith(version)
    for path in (kernel.vmlinuz, kernel.initramfs):
        assert path.stat().st_mode & 0o444 == 0o444
    below = await store.boot_disk(image, kernel)
    assert await store.boot_disk(image, kernel) == below
    top = tmp_path / "top.qcow2"
    command("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", below, top, "120G")
    said = await boot(kernel, top)
    assert f"SMALLINIT READY {kernel.release} 2 1" in said, said
    grew = re.search(r"SMALLINIT GREW (\d+)", said)
    assert grew is not None
    assert int(grew[1]) >= 116
    assert top.stat().st_blocks * 512 < 64 << 20


async def test_unknown_kernels_tell_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"5\.10") as caught:
        await KernelStore(tmp_path, examiner=tmp_path / "none").ensure("5.10")
    assert caught.value.hint == "there are '6.1', '6.12', 'host'"


async def test_the_boxs_own_kernel(tmp_path: Path) -> None:
    """From a box that shows it, and from one that does not."""
    examiner = tmp_path / "examiner"
    examiner.write_bytes(b"examiner")
    store = KernelStore(tmp_path / "kernels", examiner=examiner, boot=tmp_path)
    with pytest.raises(ImageError, match="does not show its own kernel"):
        await store.ensure("host")
    release = os.uname().release
    modules = tmp_path / "lib/modules" / release
    modules.mkdir(parents=True)
    (tmp_path / "boot").mkdir()
    (tmp_path / f"boot/vmlinuz-{release}").write_bytes(b"vmlinuz")
    builtin = ("virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "ext4")
    (modules / "modules.builtin").write_text("".join(f"kernel/{name}.ko\n" for name in builtin))
    for name in ("modules.dep", "modules.order"):
        (modules / name).touch()
    kernel = await store.ensure("host")
    assert kernel.vmlinuz.read_bytes() == b"vmlinuz"
    assert kernel.release == release
    assert [one.version for one in await store.list()] == ["host"]


async def test_a_new_examiner_makes_a_new_initramfs_only(tmp_path: Path) -> None:
    await test_the_boxs_own_kernel(tmp_path)
    store = KernelStore(tmp_path / "kernels", examiner=tmp_path / "examiner", boot=tmp_path / "gone")
    before = await store.ensure("host")
    (tmp_path / "examiner").write_bytes(b"a newer examiner")
    after = await store.ensure("host")
    assert before.digest == after.digest
    assert before.initramfs != after.initramfs
    assert b"a newer examiner" in after.initramfs.read_bytes()


async def test_a_recipe_builds(small_init: Path, tmp_path: Path) -> None:
    """The smallest that ships, from Debian's mirrors."""
    recipes = Path(__file__).parents[3] / "images"
    store = ImageStore(tmp_path / "images", recipes=recipes, aliases=Aliases({}))
    image = await store.ensure("busybox")
    assert image.has_init is None
    assert image.users == ("root", "nobody")
    assert 'Fast link dest: "/bin/busybox"' in command("debugfs", "-R", "stat /bin/sh", image.path)
    assert image.path.stat().st_blocks * 512 < 8 << 20
