"""Deltas: a machine's memory is its base and its delta; what is damaged is told and never used."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.machine.memory_owner import PAGE, Action, Owner, content, noise, owner

from labyard.errors import CapacityError, LabyardError, MachineError
from labyard.machine import delta as deltas
from labyard.machine.delta import Delta, apply_delta, digest, read_delta, write_delta
from labyard.machine.mapping import find_mapping
from labyard.machine.memory import copy_image, sealed_memory
from labyard.machine.sparse import SnapshotError, write_all

PAGES = 1500


@pytest.fixture
def new_file(tmp_path: Path) -> Iterator[Callable[[], int]]:
    with ExitStack() as kept:

        def make() -> int:
            fd = os.open(tmp_path, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600)
            kept.callback(os.close, fd)
            return fd

        yield make


@pytest.fixture
def image(new_file: Callable[[], int]) -> int:
    """What machines start from: data, then nothing, then data."""
    fd = new_file()
    os.ftruncate(fd, PAGES * PAGE)
    os.pwrite(fd, noise(400, "low"), 0)
    os.pwrite(fd, noise(100, "high"), (PAGES - 100) * PAGE)
    return fd


@pytest.fixture
def machine(image: int) -> Iterator[Owner]:
    base = sealed_memory(image, None, PAGES * PAGE, "base")
    with owner(base, PAGES) as it:
        yield it
    os.close(base)


def saved(machine: Owner, target: int) -> Delta:
    return write_delta(find_mapping(machine.pid, machine.base, machine.size), target)


@st.composite
def writes(draw: st.DrawFn) -> Action:
    first = draw(st.integers(0, PAGES - 1))
    return draw(st.sampled_from(["write", "zero"])), first, draw(st.integers(1, min(400, PAGES - first)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(writes(), max_size=10))
@example([])
@example([("zero", 0, PAGES)])
@example([("write", 0, PAGES)])
def test_base_and_delta_are_what_the_machine_sees(
    machine: Owner, image: int, new_file: Callable[[], int], does: list[Action]
) -> None:
    machine.do(("forget", 0, PAGES), *does)
    file, target = new_file(), new_file()
    written = saved(machine, file)
    assert read_delta(file) == written
    copy_image(image, target, machine.size)
    assert apply_delta(file, target) == written
    seen = machine.digest()
    assert content(target) == seen
    memory = sealed_memory(image, file, machine.size, "fork")
    assert content(memory) == seen
    os.close(memory)


def test_pages_of_zeros_take_no_room(machine: Owner, image: int, new_file: Callable[[], int]) -> None:
    machine.do(("write", 10, 5), ("zero", 12, 1), ("zero", 100, 200), ("zero", 800, 3))
    file, target = new_file(), new_file()
    written = saved(machine, file)
    assert written == Delta(machine.size, ((10, 2), (13, 2)), ((12, 1), (100, 200), (800, 3)))
    assert written.data_bytes == 4 * PAGE
    assert os.fstat(file).st_size == PAGE + 4 * PAGE + 5 * 16
    copy_image(image, target, machine.size)
    apply_delta(file, target)
    assert os.lseek(target, 100 * PAGE, os.SEEK_DATA) == 300 * PAGE, "a hole where the base had data"


def test_applied_again_after_a_cut(
    machine: Owner, image: int, new_file: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.do(*[("write", page, 1) for page in range(0, 900, 2)], ("zero", 1000, 50))
    file, target = new_file(), new_file()
    saved(machine, file)
    copy_image(image, target, machine.size)
    whole, calls = write_all, 0

    def cut(fd: int, view: memoryview, offset: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 200:
            raise OSError(28, "No space left on device")
        whole(fd, view, offset)

    monkeypatch.setattr(deltas, "write_all", cut)
    with pytest.raises(CapacityError):
        apply_delta(file, target)
    assert content(target) != machine.digest()
    monkeypatch.setattr(deltas, "write_all", whole)
    apply_delta(file, target)
    assert content(target) == machine.digest()


@pytest.fixture
def good(machine: Owner, new_file: Callable[[], int]) -> bytes:
    machine.do(("write", 3, 4), ("zero", 5, 1), ("write", 100, 2), ("zero", 1499, 1))
    file = new_file()
    saved(machine, file)
    return os.pread(file, os.fstat(file).st_size, 0)


DATA = range(PAGE, PAGE + 5 * PAGE)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_flipped_bit(good: bytes, new_file: Callable[[], int], data: st.DataObject) -> None:
    """In the header or the index it is told on every use, in the data by the digest."""
    at = data.draw(st.one_of(st.integers(0, 120), st.integers(DATA.stop, len(good) - 1), st.integers(0, len(good) - 1)))
    changed = bytearray(good)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    file, sound = new_file(), new_file()
    os.pwrite(file, changed, 0)
    os.pwrite(sound, good, 0)
    assert digest(file) != digest(sound)
    if at in DATA:
        assert read_delta(file) == read_delta(sound)
    else:
        with pytest.raises(SnapshotError):
            read_delta(file)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_delta_of_another_length(good: bytes, new_file: Callable[[], int], data: st.DataObject) -> None:
    length = data.draw(st.one_of(st.integers(0, len(good) - 1), st.integers(len(good) + 1, len(good) + 3 * PAGE)))
    file = new_file()
    os.pwrite(file, good, 0)
    os.ftruncate(file, length)
    with pytest.raises(SnapshotError):
        read_delta(file)


def test_a_delta_never_finished(machine: Owner, new_file: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut after any of its writes it is not taken for whole, whatever lay in the file before."""
    machine.do(*[("write", page, 1) for page in range(0, 1200, 2)])
    whole = write_all
    for last in range(5):
        file, calls = new_file(), 0
        saved(machine, file)

        def cut(fd: int, view: memoryview, offset: int, last: int = last) -> None:
            nonlocal calls
            if calls == last:
                raise OSError(28, "No space left on device")
            calls += 1
            whole(fd, view, offset)

        monkeypatch.setattr(deltas, "write_all", cut)
        try:
            saved(machine, file)
            assert last == 4, "it has other writes than thought"
        except CapacityError:
            with pytest.raises(SnapshotError):
                read_delta(file)
        monkeypatch.setattr(deltas, "write_all", whole)


def forged(
    size: int,
    data: list[tuple[int, int]],
    zero: list[tuple[int, int]],
    pages: int,
    *,
    version: int = 1,
    page: int = PAGE,
) -> bytes:
    """A delta whose proof is right, whatever it says."""
    index = b"".join(struct.pack("<QQ", *run) for run in (*data, *zero))
    numbers = deltas._NUMBERS.pack(b"LABYMEM\0", version, page, size, len(data), len(zero), pages)
    header = (numbers + deltas._proof(numbers, index)).ljust(PAGE, b"\0")
    return header + bytes(min(pages, 100) * PAGE) + index


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        bytes(PAGE),
        bytes(10 * PAGE),
        forged(8 * PAGE, [(7, 2)], [], 2),
        forged(8 * PAGE, [(8, 1)], [], 1),
        forged(8 * PAGE, [(0, 0)], [], 0),
        forged(8 * PAGE, [(4, 1), (3, 1)], [], 2),
        forged(8 * PAGE, [(3, 2), (4, 1)], [], 3),
        forged(8 * PAGE, [(3, 2)], [(4, 1)], 2),
        forged(8 * PAGE, [(3, 2)], [(6, 4)], 2),
        forged(8 * PAGE, [(3, 2)], [], 3),
        forged(8 * PAGE, [(2**64 - 1, 2)], [], 2),
        forged(8 * PAGE, [(0, 1)], [], 2**60),
        forged(8 * PAGE + 1, [(0, 1)], [], 1),
        forged(0, [], [], 0),
        forged(1 << 60, [], [], 0),
        forged(8 * PAGE, [(0, 1)], [], 1, version=2),
        forged(8 * PAGE, [(0, 1)], [], 1, page=2 * PAGE),
    ],
)
def test_what_a_delta_says_is_checked(new_file: Callable[[], int], raw: bytes) -> None:
    file, target = new_file(), new_file()
    os.pwrite(file, raw, 0)
    os.ftruncate(target, 8 * PAGE)
    with pytest.raises(SnapshotError):
        read_delta(file)
    with pytest.raises(SnapshotError):
        apply_delta(file, target)


def test_a_forged_delta_can_be_right(new_file: Callable[[], int]) -> None:
    """So that the cases above fail for what they say."""
    file = new_file()
    os.pwrite(file, forged(8 * PAGE, [(3, 2)], [(6, 1)], 2), 0)
    assert read_delta(file) == Delta(8 * PAGE, ((3, 2),), ((6, 1),))


def test_an_image_of_another_size(good: bytes, new_file: Callable[[], int]) -> None:
    file, target = new_file(), new_file()
    os.pwrite(file, good, 0)
    os.ftruncate(target, (PAGES + 1) * PAGE)
    with pytest.raises(SnapshotError, match="does not fit"):
        apply_delta(file, target)


def test_a_machine_that_dies_while_it_is_saved(machine: Owner, new_file: Callable[[], int]) -> None:
    file = new_file()
    mapping = find_mapping(machine.pid, machine.base, machine.size)
    machine.kill()
    with pytest.raises(MachineError):
        write_delta(mapping, file)
    with pytest.raises(SnapshotError):
        read_delta(file)


def test_descriptors_that_cannot_be_used(good: bytes, tmp_path: Path) -> None:
    (tmp_path / "delta").write_bytes(good)
    reading = os.open(tmp_path / "delta", os.O_RDONLY)
    (tmp_path / "image").write_bytes(b"")
    os.truncate(tmp_path / "image", PAGES * PAGE)
    image = os.open(tmp_path / "image", os.O_RDONLY)
    with pytest.raises(LabyardError):
        apply_delta(reading, image)
    os.close(reading)
    with pytest.raises(SnapshotError):
        read_delta(reading)
    os.close(image)
