"""What is known of one play: its entry in the journal, and who is told when it changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from labyard.engine.journal import Entry, Journal
from labyard.play.plan import PlayPlan
from labyard.play.status import PlayReport, PlayState, Reason, TaskReport

log = structlog.get_logger(__name__)

KEPT, SNAPSHOTS = "kept", "snapshots"
"""In a play's folder: the snapshot it will go on from, and those its owner named."""
KEEPING, SPENT = "keeping", "spent"
"""What is to become one, and what it has gone on from; both are swept."""


class PlayRecord:
    """`entry` as it stands. Every change is written to the journal, unless it is not worth a disk write, and published."""

    def __init__(self, entry: Entry, journal: Journal, publish: Callable[[PlayReport], None]) -> None:
        self.entry = entry
        self.gone = False
        self.hurry = False
        """It is being started: what its journal says is enough to start it again, and is written anew when it has come up."""
        self.veiled = False
        """Its machines are ready but not for their learner yet: they will end, and come back as a fork of what they are."""
        self._journal = journal
        self._publish = publish

    @property
    def id(self) -> str:
        return self.entry.report.id

    @property
    def home(self) -> str:
        return self.entry.home

    @property
    def plan(self) -> PlayPlan:
        return self.entry.plan

    @property
    def report(self) -> PlayReport:
        return self.entry.report

    @property
    def folder(self) -> Path:
        return self._journal.folder(self.home)

    @property
    def kept(self) -> Path:
        return self.folder / KEPT

    def machine_folders(self) -> Path:
        return self.folder / "machines"

    def say(self, *, durable: bool = True, **fields: Any) -> None:
        if self.gone:
            return
        report = self.report.model_copy(update={**fields, "version": self.report.version + 1})
        self.entry = self.entry.model_copy(update={"report": report})
        if durable and not self.hurry:
            self._journal.write(self.entry)
        self._publish(report)

    def tell_tasks(self, *reports: TaskReport, durable: bool = True) -> None:
        """How these tasks stand now; the others stand as before."""
        known = {report.name: report for report in self.report.tasks}
        self.say(tasks=tuple((known | {report.name: report for report in reports}).values()), durable=durable)

    def become(self, state: PlayState, reason: Reason | None = None, detail: str = "", **fields: Any) -> None:
        log.info("play", play=self.id, state=state.value, reason=reason, detail=detail[:200])
        self.say(state=state, at=datetime.now(UTC), reason=reason, detail=detail, **fields)

    def write(self, **fields: Any) -> None:
        """Change what only the engine knows; nobody is told."""
        self.entry = self.entry.model_copy(update=fields)
        if not self.hurry:
            self._journal.write(self.entry)

    def catch_up(self, *, booted: bool = False) -> None:
        """It has come up, or has failed: its journal says so, and the disk catches up when `sync` is called.

        `booted`: it is about to come up by booting.
        """
        self.hurry = False
        if booted and self.report.state is PlayState.STARTING:
            self.entry = self.entry.model_copy(update={"report": self.report.model_copy(update={"booted": True})})
        if not self.gone:
            self._journal.write(self.entry, durable=False)

    def sync(self) -> None:
        """Wait until what was written of it is on disk."""
        self._journal.sync(self.home)

    def become_somebodys(self, entry: Entry, publish: Callable[[PlayReport], None]) -> None:
        """It waited under an id of its own; from now on it is another play, in the same seat."""
        self.entry, self._publish = entry, publish
        self.hurry = True
        self._journal.write(entry, durable=False)
        publish(entry.report)

    def note(self, text: str) -> None:
        """Something its learner should know, once."""
        if text not in self.report.notes:
            self.say(notes=(*self.report.notes, text))

    def forget(self) -> None:
        """Remove it from the disk; nothing that is said afterwards is heard, but for `end`."""
        self.gone = True
        self._journal.remove(self.home)

    def tell_end(self) -> None:
        version = self.report.version + 1
        self._publish(self.report.model_copy(update={"state": PlayState.DESTROYED, "version": version}))
