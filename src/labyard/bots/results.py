"""What came out: of an attempt, of a case, of a round. Values; how flakes are told. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

FORMAT = "%Y-%m-%dT%H%M%S"
"""How a round's beginning names its files."""


class Result(StrEnum):
    """FLAKY: of several attempts some passed. BROKEN: it could not be tried. NOT_RUN: neither green nor red."""

    PASSED = "passed"
    FAILED = "failed"
    FLAKY = "flaky"
    BROKEN = "broken"
    NOT_RUN = "not-run"

    @property
    def red(self) -> bool:
        return self in (Result.FAILED, Result.FLAKY, Result.BROKEN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One attempt: PASSED, FAILED or BROKEN, and why. `folder`: its artifacts, below the report's folder."""

    number: int
    result: Result
    reason: str = ""
    seconds: float = 0.0
    folder: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One case and all its attempts. `reason`: why it was not run."""

    kind: str
    name: str
    case: str
    title: str = ""
    tried: tuple[Tried, ...] = ()
    reason: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.name, self.case

    @property
    def passed(self) -> int:
        return sum(attempt.result is Result.PASSED for attempt in self.tried)

    @property
    def result(self) -> Result:
        if not self.tried:
            return Result.NOT_RUN
        results = {attempt.result for attempt in self.tried}
        if len(results) == 1:
            return results.pop()
        return Result.FLAKY if Result.PASSED in results else Result.FAILED

    @property
    def seconds(self) -> float:
        """Of a usual attempt: the mean."""
        return sum(attempt.seconds for attempt in self.tried) / len(self.tried) if self.tried else 0.0

    @property
    def words(self) -> str:
        """Why it is what it is: `2 of 3 failed: task x, ...`; empty when it passed."""
        if not self.tried:
            return self.reason
        bad = [attempt for attempt in self.tried if attempt.result is not Result.PASSED]
        if not bad:
            return ""
        reasons = "; ".join(dict.fromkeys(attempt.reason for attempt in bad if attempt.reason))
        count = f"{len(bad)} of {len(self.tried)} failed" if len(self.tried) > 1 else ""
        return ": ".join(part for part in (count, reasons) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """`complete` false: it was cut. Times are of the box the bots ran on, with their zone."""

    started: datetime
    finished: datetime
    complete: bool = True
    outcomes: tuple[Outcome, ...] = field(default=())

    @property
    def red(self) -> bool:
        return any(outcome.result.red for outcome in self.outcomes)

    def only(self, found: Collection[tuple[str, str]]) -> Round:
        """What is left for somebody who finds these: kinds and names, a course standing for its lessons."""
        left = (each for each in self.outcomes if (each.kind, each.name.partition("/")[0]) in found)
        return replace(self, outcomes=tuple(left))

    def counts(self) -> dict[Result, int]:
        """How many of each, those that came up."""
        told = {result: sum(outcome.result is result for outcome in self.outcomes) for result in Result}
        return {result: count for result, count in told.items() if count}

    @property
    def words(self) -> str:
        """`21 passed, 1 flaky, 2 not run`"""
        return ", ".join(f"{count} {result.value.replace('-', ' ')}" for result, count in self.counts().items())
