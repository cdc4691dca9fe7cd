"""The nightly round of a server: when, with what, and what is kept of it."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime, time, timedelta
from pathlib import Path

import structlog

from labyard.bots.cases import choose
from labyard.bots.lab import Lab
from labyard.bots.limits import Limits, usual
from labyard.bots.pace import Pace
from labyard.bots.patient import PatientLab
from labyard.bots.plays import Ours
from labyard.bots.report_html import page
from labyard.bots.reports import rounds, write
from labyard.bots.results import Round
from labyard.bots.round import Running, stock_of
from labyard.errors import LabyardError

log = structlog.get_logger(__name__)

KEPT = 30
"""Nights."""

_PLAYS = "plays.json"
_LOOKED_BACK = 3  # nights, for one that was written down
_NAP = 300.0  # seconds at most until the clock is asked again: it may be set, the box may sleep

Labs = Callable[[], AbstractAsyncContextManager[Lab]]
"""Opens a way to the server."""


def next_time(now: datetime, at: time) -> datetime:
    """When it is `at` again, after `now`: both of the box's clock, without zone, so that a day is a day on it."""
    today = datetime.combine(now.date(), at)
    return today if today > now else today + timedelta(days=1)


class Nightly:
    """Rounds of a server. `folder`: where they are kept, one folder each."""

    def __init__(
        self,
        labs: Labs,
        folder: Path,
        at: time,
        *,
        limits: Limits | None = None,
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._labs = labs
        self._folder = folder
        self._at = at
        self._limits = limits
        self._clock = clock
        self._patient: PatientLab | None = None

    async def run(self) -> None:
        """For ever. When it is cut, the server is gone with it: what still plays is ended by the next one."""
        await self._sweep()
        while True:
            due = next_time(self._clock(), self._at)
            while (left := (due - self._clock()).total_seconds()) > 0:  # noqa: ASYNC110 - a clock does not call
                await asyncio.sleep(min(left, _NAP))
            await self._night()

    def leave(self) -> None:
        """The server ends: do not wait for it."""
        if self._patient is not None:
            self._patient.give_up()

    async def _sweep(self) -> None:
        try:
            async with self._lab() as lab:
                await self._ours().end_left(lab)
        except LabyardError as error:
            log.warning("plays of an earlier round could not be ended", error=str(error))

    async def _night(self) -> None:
        try:
            played = await self.play_round()
            log.info("the bots' round is done", result=played.words)
        except LabyardError as error:
            log.warning("the bots' round could not be played", error=str(error))
        except OSError as error:
            log.warning("the bots' round could not be written down", error=str(error))

    async def play_round(self) -> Round:
        """One round of everything, and its reports. Raises LabyardError; then what was seen is written down too."""
        folder = self._new_folder()
        ours = self._ours()
        async with self._lab() as lab:
            await ours.end_left(lab)
            cases = choose(await stock_of(lab), (), internet=False)
            pace = Pace(lab, ours, None)
            limits = self._limits or usual(emulated=(await lab.room()).emulated)
            running = Running(lab, cases, ours=ours, pace=pace, limits=limits, folder=folder)
            try:
                return await running.run()
            finally:
                write(folder, running.result(), history(self._folder))
                self._forget_old()

    @contextlib.asynccontextmanager
    async def _lab(self) -> AsyncIterator[Lab]:
        async with self._labs() as lab:
            self._patient = PatientLab(lab)
            yield self._patient

    def _ours(self) -> Ours:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Ours(self._folder / _PLAYS)

    def _new_folder(self) -> Path:
        """Named by the date; by the time too where that night has one already."""
        now = self._clock()
        names = (f"{now:%Y-%m-%d}", f"{now:%Y-%m-%dT%H%M%S}")
        name = next((name for name in names if not (self._folder / name).exists()), names[-1])
        folder = self._folder / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _forget_old(self) -> None:
        for old in _nights(self._folder)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def history(folder: Path) -> list[Round]:
    """The rounds that are kept, newest first."""
    return rounds(night / "report.json" for night in _nights(folder)[:KEPT])


def newest(folder: Path) -> Round | None:
    """The last one that was written down; of one that is being played nothing is, yet."""
    return next(iter(rounds(night / "report.json" for night in _nights(folder)[:_LOOKED_BACK])), None)


def matrix(folder: Path, at: time | None, found: Collection[tuple[str, str]] | None = None) -> str:
    """The page that shows them. `found`: kinds and names that whoever looks may find (None: all)."""
    note = "Nightly rounds are turned off." if at is None else f"A round is played every night at {at:%H:%M}."
    kept = history(folder)
    return page(kept if found is None else [each.only(found) for each in kept], note=note, home="/")


def _nights(folder: Path) -> list[Path]:
    """Folders of rounds, newest first: their names sort by time."""
    return sorted((each for each in folder.glob("[0-9]*") if each.is_dir()), reverse=True)
