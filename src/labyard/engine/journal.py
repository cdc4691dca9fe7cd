"""The engine's memory across crashes: one folder per play that says what it is and how far it got.

A play exists exactly when its `journal.json` does. The file is replaced whole: written beside, synced, renamed, folder synced.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import Field

from labyard.play.plan import PlayPlan, Value
from labyard.play.status import PlayReport, PlayState


class Entry(Value):
    """What is written down of one play. `deadline`: when its time is up; `host_boot`: the boot of this box it last ran in."""

    report: PlayReport
    plan: PlayPlan
    uid: int
    host_boot: str
    deadline: datetime | None = None
    booted: tuple[str, ...] = ()
    """Machines that reached ready once: their next boot is not their first."""
    cold: bool = False
    """It is to boot, whatever snapshots there are."""
    attempt: str = Field(default_factory=lambda: secrets.token_hex(12))
    """Whose tasks its examiners run: a fork goes on with those of its parent, every other play has its own."""
    internal: bool = False
    """Nobody's: it boots so that a snapshot can be made of it, or waits for somebody."""
    seat: str = ""
    """The id it had while it waited for somebody; its folder, processes and world go on bearing it."""

    @property
    def home(self) -> str:
        """What its folder, its processes and its world are called after."""
        return self.seat or self.report.id


@dataclass(frozen=True, slots=True)
class Journal:
    """All entries under one folder."""

    root: Path

    def folder(self, home: str) -> Path:
        return self.root / home

    def read(self, home: str) -> Entry | None:
        try:
            return Entry.model_validate_json((self.folder(home) / "journal.json").read_bytes())
        except FileNotFoundError:
            return None

    def write(self, entry: Entry, *, durable: bool = True) -> None:
        """On disk when this returns; not `durable`: where it outlives us, but not the box, until `sync`."""
        folder = self.folder(entry.home)
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        replace_file(folder / "journal.json", entry.model_dump_json().encode(), durable=durable)

    def sync(self, home: str) -> None:
        """Wait until what was written is on disk. Gone plays have nothing to wait for."""
        with contextlib.suppress(FileNotFoundError):
            for path in (self.folder(home) / "journal.json", self.folder(home), self.root):
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def entries(self) -> list[Entry]:
        """Every play that can be read. A folder without a readable journal is no play (`leftovers`)."""
        found = (self.read(name) for name in self._names() if self._readable(name))
        return [entry for entry in found if entry is not None]

    def leftovers(self) -> list[Path]:
        """Folders cut off before their journal was written, or after it was removed."""
        return [self.folder(name) for name in self._names() if not (self.folder(name) / "journal.json").exists()]

    def remove(self, home: str) -> None:
        """First the journal, so that a cut half way leaves a leftover and never half a play."""
        folder = self.folder(home)
        (folder / "journal.json").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def _names(self) -> list[str]:
        return sorted(path.name for path in self.root.iterdir() if path.is_dir()) if self.root.is_dir() else []

    def _readable(self, name: str) -> bool:
        try:
            return self.read(name) is not None
        except ValueError:
            return False

    def unreadable(self) -> list[Path]:
        """Journals that are damaged. Their disks are kept: a person decides."""
        return [
            self.folder(name)
            for name in self._names()
            if (self.folder(name) / "journal.json").exists() and not self._readable(name)
        ]


def replace_file(path: Path, content: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Put `content` at `path` so that after a crash there is the old or the new, never a part.

    Not `durable`: that holds for a crash of ours, and for the box's only once the disk has caught up.
    """
    beside = path.with_name(path.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.rename(path)
    if not durable:
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def was_running(entry: Entry) -> bool:
    """Whether machines of it may be alive."""
    return entry.report.state in (PlayState.STARTING, PlayState.RUNNING, PlayState.FAILED, PlayState.STOPPING)
