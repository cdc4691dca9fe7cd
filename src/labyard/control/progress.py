"""What learners have tried, solved and completed. The platform alone decides what is solved, and it stays so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from labyard.control.outcome import Outcome, outcome
from labyard.control.reconciler import utc_now
from labyard.store.plays import PlayRow
from labyard.store.progress import AttemptRow, ProgressRow, ProgressStore, Step


@dataclass(frozen=True, kw_only=True, slots=True)
class Streak:
    """Consecutive days. `current` counts until today, or until yesterday while today can still be added."""

    current: int
    longest: int
    days: tuple[date, ...]


class Progress:
    """Told of plays by `Plays` when they begin, and by the reconciler before it keeps a new report."""

    def __init__(self, store: ProgressStore, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._clock = clock

    async def began(self, row: PlayRow) -> None:
        """A play of a lesson is an attempt, unless a bot plays, or its author in a preview."""
        if _counts(row):
            await self._store.begin(row.id, row.owner, row.plan.lesson, now=self._clock())

    async def see(self, old: PlayRow, new: PlayRow) -> None:
        """What the report of `new` tells beyond that of `old`. Written before the row is: a cut repeats it."""
        if not _counts(new):
            return
        now = outcome(new.plan, new.report)
        if now is outcome(old.plan, old.report):
            return
        match now:
            case Outcome.SOLVED:
                await self._store.solve(new.id, now=self._clock())
            case Outcome.FAILED:
                await self._store.fail(new.id, now=self._clock())
            case Outcome.OPEN:  # rewound: what was solved stays so
                return

    async def complete(self, owner: str, lesson: str) -> None:
        await self._store.complete(owner, lesson, now=self._clock())

    async def forget(self, owner: str) -> None:
        """All that was ever known of them."""
        await self._store.forget(owner)

    async def of(self, owner: str) -> dict[str, ProgressRow]:
        """By lesson."""
        return await self._store.of(owner)

    async def attempts(self, owner: str, lesson: str) -> list[AttemptRow]:
        """Newest first."""
        return await self._store.attempts(owner, lesson)

    async def of_and_totals(self, owner: str) -> tuple[dict[str, ProgressRow], dict[str, tuple[int, int]]]:
        """What `of` tells; and by lesson, attempts of everybody, and how many people solved or completed it."""
        return await self._store.of_and_totals(owner)

    async def steps(self, owner: str) -> list[Step]:
        """Newest first."""
        return await self._store.steps(owner)

    async def streak(self, owner: str, zone: tzinfo = UTC) -> Streak:
        """Days as they are where the learner is."""
        days = sorted({step.at.astimezone(zone).date() for step in await self._store.steps(owner)})
        return streak_of(days, self.today(zone))

    def today(self, zone: tzinfo) -> date:
        return self._clock().astimezone(zone).date()


def _counts(row: PlayRow) -> bool:
    return bool(row.plan.lesson) and not row.bot and not row.plan.preview


def streak_of(days: Sequence[date], today: date) -> Streak:
    """`days` in order, each once."""
    longest = run = 0
    before: date | None = None
    for day in days:
        run = run + 1 if before is not None and day - before == timedelta(days=1) else 1
        longest, before = max(longest, run), day
    current = run if before is not None and today - before <= timedelta(days=1) else 0
    return Streak(current=current, longest=longest, days=tuple(days))
