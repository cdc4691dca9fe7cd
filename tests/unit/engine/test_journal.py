"""The engine's memory: whole or absent, whatever is cut."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from labyard.engine.journal import Entry, Journal, replace_file
from labyard.play.plan import DrivePlan, InterfacePlan, MachinePlan, NetworkPlan, PlayPlan, UserPlan
from labyard.play.status import PlayReport, PlayState

PLAY = "0123456789abcdef01234567"


def entry(state: PlayState = PlayState.RUNNING) -> Entry:
    machine = MachinePlan(
        name="node-01",
        kernel="6.1",
        users=(UserPlan(name="root", default=True),),
        drives=(DrivePlan(source="busybox", mount="/"),),
        interfaces=(InterfacePlan(network="local", address=IPv4Interface("172.16.0.2/24"), mac="52:54:00:00:00:00"),),
    )
    network = NetworkPlan(name="local", subnet=IPv4Network("172.16.0.0/24"), gateway=IPv4Address("172.16.0.1"))
    plan = PlayPlan(playground="tiny", title="Tiny", networks=(network,), machines=(machine,))
    return Entry(report=PlayReport(id=PLAY, state=state, at=datetime.now(UTC)), plan=plan, uid=510001, host_boot="b")


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    written = entry()
    journal.write(written)
    assert journal.read(PLAY) == written
    assert [each.report.id for each in journal.entries()] == [PLAY]


def test_a_removed_play_is_gone_with_its_files(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(entry())
    (journal.folder(PLAY) / "machines").mkdir()
    journal.remove(PLAY)
    assert journal.entries() == []
    assert not list(tmp_path.iterdir())


def test_a_folder_without_journal_is_a_leftover_and_no_play(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.folder(PLAY).mkdir()
    assert journal.entries() == []
    assert journal.leftovers() == [journal.folder(PLAY)]


def test_a_damaged_journal_hides_no_other_and_keeps_its_folder(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write(entry())
    broken = journal.folder("f" * 24)
    broken.mkdir()
    (broken / "journal.json").write_text('{"report": ')
    assert [each.report.id for each in journal.entries()] == [PLAY]
    assert journal.unreadable() == [broken]
    assert journal.leftovers() == []


def test_a_cut_writer_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """kill -9 keeps the page cache, so the order is asserted: content synced, then renamed, then the folder synced."""
    path = tmp_path / "journal.json"
    replace_file(path, b"old")
    steps: list[str] = []
    real_fsync, real_rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        steps.append("sync folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "sync file")  # noqa: PTH112
        real_fsync(descriptor)

    def rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return real_rename(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    replace_file(path, b"new")
    assert steps == ["sync file", "rename", "sync folder"]
    assert path.read_bytes() == b"new"

    def cut(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", cut)
    with pytest.raises(KeyboardInterrupt):
        replace_file(path, b"newer")
    assert path.read_bytes() == b"new"
