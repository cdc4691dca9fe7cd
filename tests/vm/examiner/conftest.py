"""A busybox root file system without any init, on both kernels, with the examiner as first process."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import subprocess
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.support.lab import CACHE
from tests.support.soak import SOAK
from tests.unit.link.build import build_examiner

from labyard.images import cpio
from labyard.images.kernels import Kernel, KernelStore
from labyard.machine.link import GuestLink
from labyard.machine.machine import Machine
from labyard.machine.plan import MIB, Accelerator, DiskSpec, Format, LayerSpec, Limits, MachineSpec
from labyard.machine.process import end, find_all

PATIENCE = 300.0  # seconds: emulation on a busy box is slow
UID = 517_000 + os.getpid() % 1000

CONFIG: dict[str, Any] = {
    "hostname": "node-01",
    "init": "auto",
    "hosts": [{"address": "172.16.0.2", "names": ["node-01", "node-01.local"]}],
    "resolv": ["172.16.0.1"],
    "interfaces": [],
    "drives": [
        {"device": "vda", "mount": "/", "filesystem": "ext4", "read_only": False, "grow": True},
        {"device": "vdb", "mount": "/data", "filesystem": "ext4", "read_only": False, "grow": True},
        {"device": "vdc", "mount": None, "filesystem": None, "read_only": False, "grow": False},
    ],
    "users": [
        {"name": "laborant", "default": True, "welcome": "Welcome to the lab"},
        {"name": "root", "default": False},
    ],
    "startup_files": [
        {
            "path": "/opt/deep/hello",
            "content_base64": base64.b64encode(b"hello\n").decode(),
            "append": False,
            "owner": "laborant",
            "mode": 0o750,
        }
    ],
    "first_boot": True,
}


class Lab:
    """One machine and its link, which is asked for anew whenever it is lost."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    async def link(self) -> GuestLink:
        """Connected, and ready."""
        link = await GuestLink.connect(self.machine.spec.link_socket, timeout=PATIENCE)
        async with asyncio.timeout(PATIENCE):
            if not link.info.ready:
                async for event in link.events():
                    if event["event"] == "ready":
                        break
        return link


def ext4(path: Path, tree: Path | None, size: int, grown: int) -> DiskSpec:
    """A file system smaller than its drive."""
    source = ["-d", str(tree)] if tree else []
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", *source, str(path), f"{size // 1024}k"], check=True)
    os.truncate(path, grown)
    return DiskSpec(layers=(LayerSpec(path=path, format=Format.RAW),))


def busybox_tree(tree: Path) -> Path:
    for folder in ("bin", "etc", "proc", "sys", "dev", "run", "tmp", "root", "home", "var"):
        (tree / folder).mkdir(parents=True)
    (tree / "bin/busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (tree / "bin/busybox").chmod(0o755)
    for name in ("sh", "cat", "ls", "id", "mount", "df", "head", "kill", "stat", "hostname", "sleep", "sync", "awk"):
        (tree / "bin" / name).symlink_to("busybox")
    (tree / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (tree / "etc/group").write_text("root:x:0:\ntty:x:5:\n")
    (tree / "etc/hosts").symlink_to("/dev/vdc")  # an image's link that must not be written through
    return tree


@pytest.fixture(scope="session", params=["6.1", "6.12"] if SOAK else ["6.12"])
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kernel:
    CACHE.mkdir(mode=0o711, parents=True, exist_ok=True)
    store = KernelStore(CACHE / "kernels", examiner=build_examiner(tmp_path_factory.mktemp("examiner")))
    with ThreadPoolExecutor() as pool:  # the loop of the tests is left alone
        return pool.submit(lambda: asyncio.run(store.ensure(request.param))).result()


@pytest.fixture
async def lab(kernel: Kernel, tmp_path: Path) -> AsyncIterator[Lab]:
    config = cpio.archive([cpio.file("labyard/config.json", json.dumps(CONFIG).encode(), 0o600)])
    initrd = tmp_path / "initrd"
    initrd.write_bytes(kernel.initramfs.read_bytes() + config)
    raw = tmp_path / "raw"
    raw.touch()
    os.truncate(raw, 8 * MIB)
    tree = busybox_tree(tmp_path / "tree")
    mark = secrets.token_hex(6)
    spec = MachineSpec(
        mark=mark,
        play="p1",
        name="node-01",
        accelerator=Accelerator.TCG,
        cpus=1,
        memory=192 * MIB,
        kernel=kernel.vmlinuz,
        initrd=initrd,
        disks=(
            ext4(tmp_path / "root.ext4", tree, 32 * MIB, 200 * MIB),
            ext4(tmp_path / "data.ext4", None, 16 * MIB, 64 * MIB),
            DiskSpec(layers=(LayerSpec(path=raw, format=Format.RAW),)),
        ),
        run_dir=tmp_path / "run",
        uid=UID,
        limits=Limits(file_size=256 * MIB),
    )
    machine = await Machine.launch(spec)
    try:
        yield Lab(machine)
    finally:
        await machine.kill()
        await machine.close()
        for found in find_all(mark):
            await end(found)
