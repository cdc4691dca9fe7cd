"""Disks made on the host with the real tools."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from labyard.errors import MachineError
from labyard.machine.disks import allocated, create_blank, create_overlay, virtual_size
from labyard.machine.plan import MIB, Format
from labyard.play.plan import Filesystem

pytestmark = pytest.mark.vm


def blkid(path: Path) -> dict[str, str]:
    said = subprocess.run(["blkid", "-p", "-o", "export", path], capture_output=True, text=True, check=False).stdout
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


@pytest.mark.parametrize("filesystem", Filesystem)
async def test_blank_drives_are_formatted_sparse_and_have_a_uuid(tmp_path: Path, filesystem: Filesystem) -> None:
    identity = await create_blank(tmp_path / "a", 512 * MIB, filesystem)
    found = await asyncio.to_thread(blkid, tmp_path / "a")
    assert (found["TYPE"], found["UUID"]) == (filesystem.value, identity)
    assert (tmp_path / "a").stat().st_size == 512 * MIB
    assert allocated(tmp_path) < 100 * MIB
    assert identity != await create_blank(tmp_path / "b", 512 * MIB, filesystem)


async def test_a_raw_drive_is_empty(tmp_path: Path) -> None:
    assert await create_blank(tmp_path / "a", 10 * MIB, None) is None
    assert (tmp_path / "a").read_bytes() == bytes(10 * MIB)
    assert allocated(tmp_path) == 0


async def test_what_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    for filesystem in (Filesystem.XFS, Filesystem.BTRFS):
        with pytest.raises(MachineError, match="failed"):
            await create_blank(tmp_path / "a", MIB, filesystem)
    with pytest.raises(MachineError, match="cannot be made"):
        await create_blank(tmp_path / "a", 1 << 62, None)
    making = asyncio.create_task(create_blank(tmp_path / "a", 2048 * MIB, Filesystem.BTRFS))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert list(tmp_path.iterdir()) == []


async def test_an_overlay_is_as_large_as_asked_and_never_smaller_than_its_base(tmp_path: Path) -> None:
    base, first, second = tmp_path / "base", tmp_path / "first", tmp_path / "second"
    await create_blank(base, 8 * MIB, Filesystem.EXT4)
    await create_overlay(first, base, Format.RAW)
    assert virtual_size(first, Format.QCOW2) == 8 * MIB
    await create_overlay(second, first, Format.QCOW2, 64 * MIB)
    assert virtual_size(second, Format.QCOW2) == 64 * MIB
    with pytest.raises(MachineError, match="cannot hold"):
        await create_overlay(tmp_path / "third", second, Format.QCOW2, 63 * MIB)
    with pytest.raises(MachineError, match="no qcow2"):
        await create_overlay(tmp_path / "third", base, Format.QCOW2)
    checking = await asyncio.create_subprocess_exec("qemu-img", "check", "-q", second)
    assert await checking.wait() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "first", "second"]


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * MIB)
    once = allocated(tmp_path)
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to("/etc")
    assert MIB <= once == allocated(tmp_path)
