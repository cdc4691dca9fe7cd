"""A snapshot on disk is complete or absent, whatever is cut; on use, every file must be as large as it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.engine.shelf import MEMORY, gathered, shelved

from labyard.engine.footing import BASE, DELTA, DEVICES
from labyard.engine.snapshot import (
    RECORD,
    copy_snapshot,
    drop_damaged,
    publish,
    read_snapshot,
    remove_snapshot,
    set_aside,
    snapshots_in,
)
from labyard.machine.sparse import SnapshotError

TWO = ("node-01", "node-02")


class Cut(BaseException):
    """The power is gone."""


class Steps:
    """Every fsync and rename in their order; after `last` of them the power goes."""

    def __init__(self, patch: pytest.MonkeyPatch, last: int | None = None) -> None:
        self.taken: list[str] = []
        self._last = last
        real_fsync, real_rename = os.fsync, Path.rename

        def fsync(descriptor: int) -> None:
            self._take(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
            real_fsync(descriptor)

        def rename(path: Path, target: Path) -> Path:
            self._take(f"rename {target.name}")
            return real_rename(path, target)

        patch.setattr(os, "fsync", fsync)
        patch.setattr(Path, "rename", rename)

    def _take(self, step: str) -> None:
        if self._last is not None and len(self.taken) >= self._last:
            raise Cut
        self.taken.append(step)


def test_files_are_synced_before_the_record_and_the_record_before_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """kill -9 keeps the page cache, so the order is asserted."""
    snapshot = gathered(tmp_path / "work", TWO)
    steps = Steps(monkeypatch).taken
    publish(tmp_path / "work", snapshot, tmp_path / "play" / "kept", durable=True)
    record = steps.index(f"sync {RECORD}.new")
    for name in ("initrd", "disk-0", BASE, DELTA, DEVICES):
        assert [index < record for index, step in enumerate(steps) if step == f"sync {name}"] == [True, True]
    for folder in TWO:
        assert steps.index(f"sync {folder}") < record, "the files' names, too"
    assert steps[record:] == [f"sync {RECORD}.new", f"rename {RECORD}", "sync work", "rename kept", "sync play"]


@pytest.mark.parametrize("durable", [True, False])
def test_cut_after_every_step_it_is_complete_or_absent(tmp_path: Path, durable: bool) -> None:
    number, cut = 0, True
    while cut:
        folder = tmp_path / f"cut-{number}"
        work, place = folder / "keeping", folder / "kept"
        snapshot = gathered(work, TWO)
        with pytest.MonkeyPatch.context() as patch:
            steps = Steps(patch, number)
            try:
                publish(work, snapshot, place, durable=durable)
                cut = False
            except Cut:
                pass
        found = read_snapshot(place)
        if f"rename {place.name}" in steps.taken:
            assert found is not None and found.machines == snapshot.machines
        else:
            assert found is None and not place.exists()
            assert publish(work, snapshot, place, durable=durable), "what was cut can be done again"
        number += 1
    assert number > 2


@pytest.mark.parametrize("name", ["initrd", "disk-0", BASE, DELTA, DEVICES])
@pytest.mark.parametrize(
    "harm", [lambda p: os.truncate(p, 1), lambda p: p.unlink(), lambda p: p.write_bytes(bytes(MEMORY + 1))]
)
def test_every_size_is_checked(tmp_path: Path, name: str, harm: Callable[[Path], object]) -> None:
    shelved(tmp_path / "one")
    harm(tmp_path / "one" / "node-01" / name)
    if name == DELTA and not (tmp_path / "one" / "node-01" / DELTA).exists():
        assert read_snapshot(tmp_path / "one") is not None, "a delta that went into its base is not missed"
        return
    with pytest.raises(SnapshotError, match=name):
        read_snapshot(tmp_path / "one")


def test_a_delta_is_missed_while_its_base_is_not_whole(tmp_path: Path) -> None:
    shelved(tmp_path / "one")
    (tmp_path / "one" / "node-01" / DELTA).unlink()
    os.truncate(tmp_path / "one" / "node-01" / BASE, 4096)
    with pytest.raises(SnapshotError):
        read_snapshot(tmp_path / "one")


@pytest.mark.parametrize("content", ["", '{"created_at": ', "[]", "\0\0\0"])
def test_a_damaged_record_is_an_error_and_no_snapshot(tmp_path: Path, content: str) -> None:
    shelved(tmp_path / "one")
    shelved(tmp_path / "two")
    (tmp_path / "one" / RECORD).write_text(content)
    with pytest.raises(SnapshotError):
        read_snapshot(tmp_path / "one")
    assert list(snapshots_in(tmp_path)) == ["two"]


def test_nothing_there_is_no_snapshot(tmp_path: Path) -> None:
    assert read_snapshot(tmp_path / "nothing") is None
    assert snapshots_in(tmp_path / "nothing") == {}
    with pytest.raises(SnapshotError):
        copy_snapshot(tmp_path / "nothing", tmp_path / "work", tmp_path / "copy")


def test_a_copy_shares_every_file_and_outlives_its_source(tmp_path: Path) -> None:
    made = shelved(tmp_path / "one", TWO, same_disks=True)
    (tmp_path / "work").mkdir()  # of one that was cut
    (tmp_path / "work" / "stale").touch()
    copied = copy_snapshot(tmp_path / "one", tmp_path / "work", tmp_path / "copy", now=True)
    assert not copied.same_disks and copied.created_at > made.created_at
    assert copied.sizes == made.sizes
    assert not (tmp_path / "copy" / "stale").exists()
    for name in made.sizes:
        assert (tmp_path / "copy" / name).samefile(tmp_path / "one" / name)
    remove_snapshot(tmp_path / "one")
    assert read_snapshot(tmp_path / "copy") == copied


def test_a_copy_never_replaces_a_snapshot(tmp_path: Path) -> None:
    made = shelved(tmp_path / "one"), shelved(tmp_path / "two", TWO)
    with pytest.raises(OSError, match="not empty"):
        copy_snapshot(tmp_path / "one", tmp_path / "work", tmp_path / "two")
    assert (read_snapshot(tmp_path / "one"), read_snapshot(tmp_path / "two")) == made


def test_a_removal_that_is_cut_leaves_no_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelved(tmp_path / "one")

    def cut(*_: object, **__: object) -> None:
        raise Cut

    monkeypatch.setattr("shutil.rmtree", cut)
    with pytest.raises(Cut):
        remove_snapshot(tmp_path / "one")
    assert read_snapshot(tmp_path / "one") is None


def test_what_was_set_aside_is_passed_over_until_it_is_dropped(tmp_path: Path) -> None:
    for _ in range(2):  # the second takes the first one's place
        shelved(tmp_path / "one")
        set_aside(tmp_path / "one")
    set_aside(tmp_path / "never")
    aside = tmp_path / "one.damaged"
    assert aside.exists() and snapshots_in(tmp_path) == {}
    drop_damaged(tmp_path, older_than=aside.stat().st_mtime)
    assert aside.exists()
    drop_damaged(tmp_path, older_than=aside.stat().st_mtime + 1)
    assert not list(tmp_path.iterdir())
