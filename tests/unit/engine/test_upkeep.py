"""What is really taken on disk, and what a scrub finds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.engine.shelf import shelved

from labyard.engine.footing import BASE, DELTA, DEVICES
from labyard.engine.snapshot import copy_snapshot, read_snapshot
from labyard.engine.upkeep import Kind, scrub, seal, use_of, use_of_play


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", [DEVICES, DELTA, BASE, "initrd", "disk-0"])
def test_one_flipped_bit_is_found(tmp_path: Path, name: str) -> None:
    place = tmp_path / "one"
    shelved(place, ("node-01", "node-02"))
    seal(place)
    assert scrub(place) is None
    flip(place / "node-02" / name)
    assert read_snapshot(place) is not None, "sizes tell nothing of it"
    assert (told := scrub(place)) is not None and f"node-02/{name}" in told
    assert not place.exists() and place.with_name("one.damaged").exists()
    assert scrub(place) is None


def test_one_that_was_never_sealed_is_sealed_now(tmp_path: Path) -> None:
    shelved(tmp_path / "one")
    assert scrub(tmp_path / "one") is None
    sealed = read_snapshot(tmp_path / "one")
    assert sealed is not None and set(sealed.digests) == set(sealed.sizes)
    flip(tmp_path / "one" / "node-01" / DEVICES)
    assert scrub(tmp_path / "one") is not None


def test_a_memory_that_was_settled_is_sealed_anew(tmp_path: Path) -> None:
    shelved(tmp_path / "one")
    seal(tmp_path / "one")
    (tmp_path / "one" / "node-01" / DELTA).unlink()
    flip(tmp_path / "one" / "node-01" / BASE)
    assert scrub(tmp_path / "one") is None
    assert scrub(tmp_path / "one") is None


def test_disks_that_a_stopped_play_goes_on_writing_are_not_looked_at(tmp_path: Path) -> None:
    shelved(tmp_path / "kept", same_disks=True)
    seal(tmp_path / "kept")
    flip(tmp_path / "kept" / "node-01" / "disk-0")
    assert scrub(tmp_path / "kept") is None


def test_a_truncated_one_is_told_by_the_scrub_too(tmp_path: Path) -> None:
    shelved(tmp_path / "one")
    os.truncate(tmp_path / "one" / "node-01" / DEVICES, 1)
    assert (told := scrub(tmp_path / "one")) is not None and DEVICES in told
    seal(tmp_path / "nothing")
    assert scrub(tmp_path / "nothing") is None


def test_use_tells_what_is_shared(tmp_path: Path) -> None:
    play = tmp_path / "play"
    shelved(play / "snapshots" / "early")
    (play / "machines").mkdir()
    (play / "machines" / "disk").write_bytes(b"x" * 10_000)
    alone = use_of_play("a", play)
    assert [(use.kind, use.name) for use in alone] == [(Kind.PLAY, "a"), (Kind.SNAPSHOT, "a/early")]
    assert all(use.own > 0 and use.shared == 0 for use in alone)
    copy_snapshot(play / "snapshots" / "early", play / "work", play / "kept")
    here, early = use_of_play("a", play)
    assert here.shared == early.shared > 0
    assert early.own < alone[1].own
    assert use_of(Kind.WARM, "w", tmp_path / "nothing").own == 0
