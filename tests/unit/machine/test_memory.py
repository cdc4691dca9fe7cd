"""Memory as files: sparse copies stay sparse, what forks share cannot be changed, a full disk is told."""

from __future__ import annotations

import fcntl
import mmap
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.machine.memory_owner import PAGE, content, noise

from labyard.errors import CapacityError, MachineError
from labyard.machine import memory as memories
from labyard.machine.delta import write_delta
from labyard.machine.mapping import find_mapping, open_base
from labyard.machine.memory import blank_memory, copy_image, sealed_memory
from labyard.machine.sparse import SnapshotError, extents, zero_pages

PAGES = 600
SIZE = PAGES * PAGE
NOBODY = 65534


@pytest.fixture
def image(tmp_path: Path) -> Iterator[int]:
    """Data, zeros written out, a hole, data."""
    fd = os.open(tmp_path / "image", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.ftruncate(fd, SIZE)
    os.pwrite(fd, noise(150, "low") + bytes(70 * PAGE) + noise(30, "more"), 0)
    os.pwrite(fd, noise(10, "high"), (PAGES - 10) * PAGE)
    yield fd
    os.close(fd)


def empty(where: str, folder: Path) -> int:
    if where == "memory":
        return os.memfd_create("target")
    return os.open(folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)


@pytest.mark.parametrize("target", ["memory", "file"])
@pytest.mark.parametrize("source", ["memory", "file"])
def test_a_copy_is_the_same_and_as_sparse(tmp_path: Path, image: int, source: str, target: str) -> None:
    start, end = empty(source, tmp_path), empty(target, tmp_path)
    copy_image(image, start, SIZE)
    os.pwrite(end, noise(20, "stale"), 300 * PAGE)
    for _ in range(2):  # the second time over the first
        copy_image(start, end, SIZE)
        assert content(end) == content(image)
        assert os.fstat(end).st_size == SIZE
        assert os.fstat(end).st_blocks * 512 <= 262 * PAGE
    os.close(start)
    os.close(end)


def test_zeros_become_holes_in_a_file(tmp_path: Path, image: int) -> None:
    target = empty("file", tmp_path)
    copy_image(image, target, SIZE)
    assert list(extents(target, SIZE)) == [
        (0, 150 * PAGE),
        (220 * PAGE, 250 * PAGE),
        (590 * PAGE, 600 * PAGE),
    ]
    os.close(target)


def test_blocks_are_shared_where_the_disk_can(tmp_path: Path, image: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked first; the box's own file system may refuse."""
    asked: list[object] = []

    def clone(*arguments: object) -> int:
        asked.append(arguments)
        return 0

    target = empty("file", tmp_path)
    monkeypatch.setattr(fcntl, "ioctl", clone)
    copy_image(image, target, SIZE)
    assert len(asked) == 1
    assert list(extents(target, SIZE)) == [], "nothing is copied then"
    os.close(target)


@pytest.mark.parametrize("size", [SIZE - PAGE, SIZE + PAGE, 0])
def test_an_image_of_another_size_is_refused(tmp_path: Path, image: int, size: int) -> None:
    target = empty("file", tmp_path)
    with pytest.raises(SnapshotError, match="instead of"):
        copy_image(image, target, size)
    with pytest.raises(SnapshotError, match="instead of"):
        sealed_memory(image, None, size, "x")
    os.close(target)


@pytest.mark.parametrize("copy", [memories._send, memories._copy_pages])
def test_an_image_cut_while_it_is_copied(tmp_path: Path, image: int, copy: object) -> None:
    target = empty("file", tmp_path)
    assert callable(copy)
    with pytest.raises(SnapshotError, match="before its time"):
        copy(image, target, SIZE - PAGE, SIZE + PAGE)
    os.close(target)


def test_sealed_memory_cannot_be_changed(image: int) -> None:
    sealed = sealed_memory(image, None, SIZE, "snapshot")
    assert not os.get_inheritable(sealed)
    assert content(sealed) == content(image)
    assert Path(f"/proc/self/fd/{sealed}").readlink() == Path("/memfd:snapshot (deleted)")
    again = os.open(f"/proc/self/fd/{sealed}", os.O_RDWR)  # as QEMU opens it
    for descriptor in (sealed, again):
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, SIZE - PAGE)
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, SIZE + PAGE)
        with pytest.raises(PermissionError):
            mmap.mmap(descriptor, SIZE, mmap.MAP_SHARED, mmap.PROT_WRITE)
        with pytest.raises(PermissionError):
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)
    with mmap.mmap(again, SIZE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as own:
        own[:4] = b"mine"
    assert content(sealed) == content(image)
    os.close(sealed)
    os.close(again)


def test_a_failed_seal_leaves_no_descriptor(tmp_path: Path, image: int) -> None:
    delta = empty("file", tmp_path)
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with pytest.raises(SnapshotError):
        sealed_memory(image, delta, SIZE, "x")
    with pytest.raises(SnapshotError):
        sealed_memory(image, None, SIZE, "x" * 300)
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    os.close(delta)


def test_blank_memory_takes_no_room(tmp_path: Path) -> None:
    fd = blank_memory(tmp_path, 1 << 40, os.getuid())
    status = os.fstat(fd)
    os.close(fd)
    assert not list(tmp_path.iterdir()), "it has no name"
    assert (status.st_size, status.st_blocks, status.st_mode & 0o7777, status.st_uid) == (
        1 << 40,
        0,
        0o600,
        os.getuid(),
    )


def test_blank_memory_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError):
        blank_memory(tmp_path / "missing", SIZE, os.getuid())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["zero", "first", "last", "other"]), max_size=20), st.integers(0, 3))
def test_zero_pages(kinds: list[str], behind: int) -> None:
    of = {
        "zero": bytes(PAGE),
        "first": b"\1" + bytes(PAGE - 1),
        "last": bytes(PAGE - 1) + b"\1",
        "other": bytes(8) + b"x" * (PAGE - 8),
    }
    buffer = bytearray(b"".join(of[kind] for kind in kinds) + bytes(behind * PAGE))
    assert zero_pages(buffer, len(kinds) * PAGE) == [at for at, kind in enumerate(kinds) if kind == "zero"]


@pytest.mark.root
def test_any_user_may_open_sealed_memory_for_writing(image: int) -> None:
    sealed = sealed_memory(image, None, SIZE, "snapshot")
    command = ["/bin/sh", "-c", f"exec 3<>/proc/self/fd/{sealed} && echo opened && ! echo changed >&3"]
    said = subprocess.check_output(
        command, pass_fds=[sealed], user=NOBODY, group=NOBODY, extra_groups=[], stderr=subprocess.DEVNULL
    )
    assert said == b"opened\n"
    assert content(sealed) == content(image)
    os.close(sealed)


@pytest.mark.root
def test_blank_memory_is_one_users(tmp_path: Path) -> None:
    fd = blank_memory(tmp_path, SIZE, 510_001)
    status = os.fstat(fd)
    os.close(fd)
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (510_001, 510_001, 0o600)


@pytest.mark.root
def test_a_full_disk_is_told(tmp_path: Path, image: int) -> None:
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place], check=True)
    try:
        target = os.open(place / "copy", os.O_RDWR | os.O_CREAT, 0o600)
        with pytest.raises(CapacityError, match="No space left"):
            copy_image(image, target, SIZE)
        os.close(target)
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.vm
def test_qemu_takes_sealed_memory_and_it_is_found_again(tmp_path: Path) -> None:
    """A machine of another user, known by its number and its memory's size alone; its delta has what the firmware wrote."""
    size = 128 << 20
    image = blank_memory(tmp_path, size, os.getuid())
    sealed = sealed_memory(image, None, size, "snapshot")
    backend = f"memory-backend-file,id=ram,size=128M,mem-path=/proc/self/fd/{sealed},share=off"
    command = ["qemu-system-x86_64", "-M", "q35,memory-backend=ram", "-m", "128M", "-object", backend]
    command += ["-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none", "-sandbox", "on"]
    target = os.open(tmp_path / "delta", os.O_RDWR | os.O_CREAT, 0o600)
    with subprocess.Popen(command, pass_fds=[sealed], user=NOBODY, group=NOBODY, extra_groups=[]) as qemu:
        try:
            written = 0
            for _ in range(600):
                assert qemu.poll() is None
                time.sleep(0.05)
                try:
                    base = open_base(qemu.pid, size)
                except MachineError:  # not mapped yet
                    continue
                assert os.path.sameopenfile(base, sealed)
                written = write_delta(find_mapping(qemu.pid, base, size), target).data_bytes
                os.close(base)
                if written:
                    break
            assert 0 < written < 16 << 20
        finally:
            qemu.kill()
    for descriptor in (image, sealed, target):
        os.close(descriptor)
