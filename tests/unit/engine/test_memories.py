"""What memories are made of: settled whatever is cut, never another's base written, never an old copy for a new one."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.machine.memory_owner import PAGE, noise, owner

from labyard.engine.footing import BASE, DELTA
from labyard.engine.memories import Memories
from labyard.errors import MachineError
from labyard.machine.delta import write_delta
from labyard.machine.mapping import find_mapping

PAGES = 64
SIZE = PAGES * PAGE


class Cut(BaseException):
    """The power is gone."""


@pytest.fixture
async def memories() -> AsyncIterator[Memories]:
    made = Memories()
    yield made
    made.close()


def lay_base(folder: Path, seed: str = "base") -> bytes:
    folder.mkdir(exist_ok=True)
    content = noise(PAGES, seed)
    (folder / BASE).write_bytes(content)
    return content


def write_over(folder: Path, first: int, count: int) -> bytes:
    """A machine of the base in `folder` (none: of nothing) writes some pages; what its memory is then."""
    base = folder / BASE
    image = os.open(base, os.O_RDWR) if base.exists() else os.memfd_create("blank")
    os.truncate(image, SIZE)
    target = os.open(folder / DELTA, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with owner(image, PAGES) as machine:
        machine.do(("write", first, count), ("zero", 0, 1))
        write_delta(find_mapping(machine.pid, image, SIZE), target)
    content = bytearray(os.pread(image, SIZE, 0))
    for page in range(first, first + count):
        content[page * PAGE : (page + 1) * PAGE] = bytes([1 + page % 255]) * PAGE
    content[:PAGE] = bytes(PAGE)
    os.close(image)
    os.close(target)
    return bytes(content)


def seen(memory: int) -> bytes:
    return os.pread(memory, SIZE, 0)


async def test_a_delta_goes_into_a_base_of_ones_own(memories: Memories, tmp_path: Path) -> None:
    lay_base(tmp_path)
    base = (tmp_path / BASE).stat().st_ino
    expected = write_over(tmp_path, 3, 5)
    await memories.settle(tmp_path)
    assert (tmp_path / BASE).read_bytes() == expected
    assert (tmp_path / BASE).stat().st_ino == base, "in place"
    assert [path.name for path in tmp_path.iterdir()] == [BASE]
    await memories.settle(tmp_path)
    assert (tmp_path / BASE).read_bytes() == expected


async def test_a_base_that_others_have_is_never_written(memories: Memories, tmp_path: Path) -> None:
    shared = lay_base(tmp_path / "parent")
    (tmp_path / "fork").mkdir()
    os.link(tmp_path / "parent" / BASE, tmp_path / "fork" / BASE)
    expected = write_over(tmp_path / "fork", 3, 5)
    await memories.settle(tmp_path / "fork")
    assert (tmp_path / "fork" / BASE).read_bytes() == expected
    assert (tmp_path / "parent" / BASE).read_bytes() == shared


async def test_what_was_written_over_nothing_becomes_a_base(memories: Memories, tmp_path: Path) -> None:
    expected = write_over(tmp_path, 3, 5)
    memory = await memories.sealed(tmp_path, SIZE, "node-01")
    assert seen(memory) == expected == (tmp_path / BASE).read_bytes()


@pytest.mark.parametrize("shared", [True, False])
async def test_cut_anywhere_it_is_done_again(
    memories: Memories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    """After every write, hole, rename and removal: the memory is what it was, and so is whoever else has the base."""
    before = lay_base(tmp_path / "made")
    expected = write_over(tmp_path / "made", 3, 5)
    number, cut = 0, True
    while cut:
        folder = Path(shutil.copytree(tmp_path / "made", tmp_path / f"cut-{number}"))
        if shared:
            os.link(folder / BASE, tmp_path / f"other-{number}")
        with monkeypatch.context() as patch:
            left = iter(range(number))
            _cut_after(patch, left)
            try:
                await memories.settle(folder)
                cut = False
            except Cut:
                pass
        assert seen(await memories.sealed(folder, SIZE, "node-01")) == expected, number
        await memories.settle(folder)
        assert (folder / BASE).read_bytes() == expected
        assert [path.name for path in folder.iterdir()] == [BASE]
        if shared:
            assert (tmp_path / f"other-{number}").read_bytes() == before
        number += 1
    assert number > 3


def _cut_after(patch: pytest.MonkeyPatch, left: object) -> None:
    def step() -> None:
        if next(left, None) is None:  # type: ignore[call-overload]
            raise Cut

    real_pwrite, real_rename, real_unlink = os.pwrite, Path.rename, Path.unlink

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        step()
        return real_pwrite(descriptor, data, offset)

    def rename(path: Path, target: Path) -> Path:
        step()
        return real_rename(path, target)

    def unlink(path: Path, missing_ok: bool = False) -> None:
        step()
        real_unlink(path, missing_ok=missing_ok)

    patch.setattr(os, "pwrite", pwrite)
    patch.setattr(Path, "rename", rename)
    patch.setattr(Path, "unlink", unlink)


async def test_a_copy_is_made_once_and_dropped_by_age(memories: Memories, tmp_path: Path) -> None:
    lay_base(tmp_path)
    memory = await memories.sealed(tmp_path, SIZE, "node-01")
    assert await memories.sealed(tmp_path, SIZE, "node-01") == memory
    memories.drop_unused()
    assert await memories.sealed(tmp_path, SIZE, "node-01") == memory
    memories.drop_unused(keep=-1)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(memory)


async def test_a_base_that_took_pages_in_place_is_another_memory(memories: Memories, tmp_path: Path) -> None:
    """Forked, stopped alone, forked again: the second fork is of what it was when it was stopped last."""
    lay_base(tmp_path)
    first = await memories.sealed(tmp_path, SIZE, "node-01")
    expected = write_over(tmp_path, 3, 5)
    await memories.settle(tmp_path)
    second = await memories.sealed(tmp_path, SIZE, "node-01")
    assert seen(second) == expected != seen(first)


async def test_what_is_not_there_is_told(memories: Memories, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="node-01"):
        await memories.sealed(tmp_path, SIZE, "node-01")
