from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.control.outcome import Outcome, outcome
from labyard.control.progress import streak_of
from labyard.hosts.fake_plans import fake_plan
from labyard.play.plan import PlayPlan, TaskKind, TaskPlan
from labyard.play.status import PlayReport, PlayState, TaskReport, TaskStatus

NOW = datetime(2026, 1, 2, tzinfo=UTC)
DONE, FAILED, RUNNING, CREATED = TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.RUNNING, TaskStatus.CREATED
KINDS = {"i": TaskKind.INIT, "r": TaskKind.REGULAR, "s": TaskKind.REGULAR, "h": TaskKind.HELPER}


def plan(names: str) -> PlayPlan:
    tasks = tuple(TaskPlan(name=name, machine="node-01", run="true", kind=KINDS[name]) for name in names)
    return fake_plan().model_copy(update={"tasks": tasks, "lesson": "challenge/x"})


def report(**statuses: TaskStatus) -> PlayReport:
    tasks = tuple(TaskReport(name=name, machine="node-01", status=status) for name, status in statuses.items())
    return PlayReport(id="a" * 24, state=PlayState.RUNNING, at=NOW, tasks=tasks)


@pytest.mark.parametrize(
    ("names", "statuses", "expected"),
    [
        ("irsh", {"i": DONE, "r": DONE, "s": DONE, "h": RUNNING}, Outcome.SOLVED),
        ("irsh", {"i": DONE, "r": DONE, "s": RUNNING, "h": DONE}, Outcome.OPEN),
        ("irsh", {"i": DONE, "r": DONE, "h": RUNNING}, Outcome.OPEN),  # one is not reported yet
        ("irs", {"i": RUNNING, "r": DONE, "s": DONE}, Outcome.OPEN),
        ("irs", {"i": DONE, "r": FAILED, "s": DONE}, Outcome.FAILED),
        ("ir", {"i": FAILED, "r": CREATED}, Outcome.FAILED),
        ("rh", {"r": DONE, "h": FAILED}, Outcome.SOLVED),
        ("ih", {"i": DONE, "h": RUNNING}, Outcome.OPEN),  # nothing is checked
        ("", {}, Outcome.OPEN),
    ],
)
def test_what_an_attempt_has_come_to(names: str, statuses: dict[str, TaskStatus], expected: Outcome) -> None:
    assert outcome(plan(names), report(**statuses)) is expected


def test_nothing_is_known_before_the_first_report() -> None:
    assert outcome(plan("r"), None) is Outcome.OPEN


TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("ago", "current", "longest"),
    [((), 0, 0), ((0,), 1, 1), ((1,), 1, 1), ((2,), 0, 1), ((9, 8, 7, 5, 1, 0), 2, 3), ((3, 2, 1), 3, 3)],
)
def test_streaks(ago: tuple[int, ...], current: int, longest: int) -> None:
    streak = streak_of([TODAY - timedelta(days=each) for each in ago], TODAY)
    assert (streak.current, streak.longest) == (current, longest)


@given(st.sets(st.integers(0, 40)))
def test_a_streak_is_what_one_counts_by_hand(ago: set[int]) -> None:
    streak = streak_of(sorted(TODAY - timedelta(days=each) for each in ago), TODAY)
    start = 0 if 0 in ago else 1
    counted = 0
    while start + counted in ago:
        counted += 1
    assert streak.current == counted <= streak.longest <= len(ago)
