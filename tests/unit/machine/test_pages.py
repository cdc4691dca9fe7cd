"""Which pages are a process's own: what both ways of asking the kernel say, against what the process did."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.machine.memory_owner import PAGE, Action, Owner, noise, owner

from labyard.errors import MachineError
from labyard.machine import pages
from labyard.machine.mapping import Area, Mapping, find_mapping, open_base
from labyard.machine.memory import sealed_memory
from labyard.machine.pages import private_runs, private_runs_by_entries, read_pages
from labyard.machine.runs import Run, ascending, batches, merged

PAGES = 3000  # 12 MB: several page tables


def base_file(folder: Path, size: int = PAGES * PAGE) -> int:
    """A sparse file with some data in it."""
    fd = os.open(folder / "base", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.ftruncate(fd, size)
    os.pwrite(fd, noise(min(700, size // PAGE), "base"), 0)
    return fd


@pytest.fixture(params=["file", "sealed"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Owner]:
    with ExitStack() as kept:
        base = base_file(tmp_path)
        kept.callback(os.close, base)
        if request.param == "sealed":
            base = sealed_memory(base, None, PAGES * PAGE, "base")
            kept.callback(os.close, base)
        yield kept.enter_context(owner(base, PAGES))


def numbers(runs: list[Run]) -> set[int]:
    return {page for first, count in runs for page in range(first, first + count)}


@st.composite
def actions(draw: st.DrawFn) -> list[Action]:
    what = draw(st.sampled_from(["write", "write", "zero", "read", "forget", "split", "join"]))
    first = draw(st.integers(0, PAGES - 1))
    count = draw(st.integers(1, min(60, PAGES - first)))
    step = draw(st.sampled_from([1, 2, 3]))
    return [(what, page, 1) for page in range(first, first + count, step)] if step > 1 else [(what, first, count)]


def own_after(steps: list[Action]) -> set[int]:
    """What a process owns that did this, by the rules of mmap(2) and madvise(2)."""
    own: set[int] = set()
    for what, first, count in steps:
        if what in ("write", "zero"):
            own |= set(range(first, first + count))
        elif what == "forget":
            own -= set(range(first, first + count))
    return own


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(actions(), max_size=12))
def test_both_ways_say_what_was_written(machine: Owner, does: list[list[Action]]) -> None:
    steps: list[Action] = [step for group in does for step in group]
    machine.do(("forget", 0, PAGES), ("join", 0, PAGES), *steps)
    mapping = find_mapping(machine.pid, machine.base, machine.size)
    runs = private_runs(mapping)
    assert numbers(runs) == own_after(steps)
    assert runs == private_runs_by_entries(mapping) == merged(runs)
    assert ascending(runs, PAGES)


def test_a_page_that_was_only_read_is_the_files(machine: Owner) -> None:
    machine.do(("read", 0, PAGES))
    mapping = find_mapping(machine.pid, machine.base, machine.size)
    assert private_runs(mapping) == private_runs_by_entries(mapping) == []


def test_many_scattered_pages_are_listed_once(machine: Owner) -> None:
    """More than one call's worth: Linux 6.18 tells of some twice when one starts where it says that it ended."""
    machine.do(("read", 0, PAGES), *[("write", page, 1) for page in range(0, PAGES, 2)])
    mapping = find_mapping(machine.pid, machine.base, machine.size)
    assert private_runs(mapping) == private_runs_by_entries(mapping) == [(page, 1) for page in range(0, PAGES, 2)]


def test_a_kernel_without_the_scan_lists_entries(machine: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> int:
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")

    machine.do(("write", 5, 3), ("write", 2999, 1))
    mapping = find_mapping(machine.pid, machine.base, machine.size)
    monkeypatch.setattr(fcntl, "ioctl", unknown)
    assert private_runs(mapping) == [(5, 3), (2999, 1)]


@pytest.mark.parametrize(
    ("bits", "own"),
    [
        ((), False),
        ((63,), True),  # present
        ((63, 61), False),  # present, of a file
        ((62,), True),  # swapped out
        ((62, 61), False),  # of a file, on its way to another place in memory
        ((61,), False),
        ((63, 56, 55), True),  # mapped by this process alone, soft-dirty
    ],
)
def test_what_an_entry_says(bits: tuple[int, ...], own: bool) -> None:
    """Bits as in Documentation/admin-guide/mm/pagemap.rst; swapping itself is not for a test to switch on."""
    entry = sum(1 << bit for bit in bits).to_bytes(8, "little")
    assert pages._OWN[entry[7]] == own


def test_pages_are_read_across_areas(machine: Owner) -> None:
    machine.do(("write", 100, 1000), ("split", 300, 50), ("split", 600, 1))
    mapping = find_mapping(machine.pid, machine.base, machine.size)
    assert len(mapping.areas) == 5
    assert private_runs(mapping) == [(100, 1000)]
    got = b"".join(
        bytes(buffer[: sum(count for _, count in runs) * PAGE]) for buffer, runs in read_pages(mapping, [(100, 1000)])
    )
    assert got == b"".join(bytes([1 + page % 255]) * PAGE for page in range(100, 1100))


def test_a_process_that_is_gone(machine: Owner) -> None:
    mapping = find_mapping(machine.pid, machine.base, machine.size)
    machine.kill()
    for ask in (
        lambda: private_runs(mapping),
        lambda: private_runs_by_entries(mapping),
        lambda: list(read_pages(mapping, [(0, 1)])),
        lambda: find_mapping(machine.pid, machine.base, machine.size),
        lambda: open_base(machine.pid, machine.size),
    ):
        with pytest.raises(MachineError):
            ask()


@pytest.mark.parametrize(
    "does",
    [
        [],
        [("map", 0, PAGES - 1)],
        [("map", 1, PAGES - 1)],
        [("map", 0, PAGES), ("map", 0, PAGES)],
        [("map", 0, PAGES), ("map", 7, 1)],
        [("map", 0, 10), ("map", 9, PAGES - 9)],
    ],
    ids=["not", "short", "late", "twice", "a page twice", "overlapping"],
)
def test_memory_mapped_in_another_way_is_refused(tmp_path: Path, does: list[Action]) -> None:
    base = base_file(tmp_path)
    with owner(base, PAGES, mapped=False) as it:
        it.do(*does)
        with pytest.raises(MachineError):
            find_mapping(it.pid, base, it.size)
        with pytest.raises(MachineError, match="maps 0 files"):
            open_base(it.pid, it.size)
    os.close(base)


def test_memory_unmapped_in_between_is_an_error(machine: Owner) -> None:
    mapping = find_mapping(machine.pid, machine.base, machine.size)
    machine.do(("unmap", 0, 0))
    with pytest.raises(MachineError, match="cannot be read"):
        list(read_pages(mapping, [(0, 3)]))


@pytest.mark.parametrize(
    "areas",
    [
        (),
        (Area(0, PAGE, 0),),
        (Area(0, 2 * PAGE, PAGE),),
        (Area(PAGE, 0, 0), Area(0, 3 * PAGE, 0)),
        (Area(1, 2 * PAGE + 1, 0),),
    ],
)
def test_areas_must_cover_the_memory(areas: tuple[Area, ...]) -> None:
    with pytest.raises(MachineError):
        Mapping(1, 2 * PAGE, areas)


@pytest.mark.parametrize("runs", [[], [(-1, 1)], [(3, 2)], [(4, 1)]])
def test_pages_outside_are_refused(runs: list[Run]) -> None:
    with pytest.raises(MachineError):
        Mapping(1, 4 * PAGE, (Area(PAGE, 5 * PAGE, 0),)).pieces(runs)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=20), st.integers(1, 40))
def test_batches_keep_every_page(gaps: list[Run], limit: int) -> None:
    runs, end = [], 0
    for gap, count in gaps:
        runs.append((end + gap, count))
        end += gap + count
    cut = list(batches(runs, limit))
    assert [page for batch in cut for run in batch for page in sorted(numbers([run]))] == sorted(numbers(runs))
    assert all(sum(count for _, count in batch) == limit for batch in cut[:-1])
    assert all(0 < sum(count for _, count in batch) <= limit for batch in cut)


@pytest.mark.root
def test_the_memory_file_is_found_by_the_process_alone(machine: Owner) -> None:
    machine.do(("split", 10, 10))
    found = open_base(machine.pid, machine.size)
    try:
        assert os.path.sameopenfile(found, machine.base)
        assert not os.get_inheritable(found)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.pwrite(found, b"x", 0)
        assert find_mapping(machine.pid, found, machine.size).size == machine.size
    finally:
        os.close(found)
    for wrong in (machine.size - PAGE, machine.size + PAGE, 0, -PAGE, 1):
        with pytest.raises(MachineError):
            open_base(machine.pid, wrong)


@pytest.mark.root
def test_a_file_larger_than_the_memory_is_not_opened(machine: Owner, tmp_path: Path) -> None:
    base = base_file(tmp_path, 2 * PAGES * PAGE)
    with owner(base, PAGES) as it, pytest.raises(MachineError, match="is not a file of"):
        open_base(it.pid, it.size)
    os.close(base)


@pytest.mark.root
def test_huge_pages_of_the_file_are_not_the_process_s(tmp_path: Path) -> None:
    place = tmp_path / "huge"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "huge=always,size=64m", "tmpfs", place], check=True)
    try:
        base = base_file(place, 4096 * PAGE)
        os.pwrite(base, noise(4096, "huge"), 0)
        with owner(base, 4096) as it:
            it.do(("read", 0, 4096), ("write", 1000, 1), ("write", 2048, 3))
            mapping = find_mapping(it.pid, base, it.size)
            assert private_runs(mapping) == private_runs_by_entries(mapping) == [(1000, 1), (2048, 3)]
        os.close(base)
    finally:
        subprocess.run(["umount", place], check=True)
