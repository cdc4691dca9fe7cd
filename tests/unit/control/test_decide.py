from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from labyard.control.decide import Ask, Lost, Nothing, Purge, Record, Step, Verb, become, decide, without_origin
from labyard.control.policy import Policy
from labyard.errors import CapacityError, ConflictError, MachineError, NotFoundError
from labyard.hosts.fake_plans import fake_plan
from labyard.play.status import PlayReport, PlayState, Reason
from labyard.store.plays import Desired, PlayRow, StateEvent

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = Policy()
LONG = timedelta(days=365)
ID = "0" * 24


def row(state: PlayState, desired: Desired = Desired.RUNNING, **change: object) -> PlayRow:
    made = PlayRow(
        id=ID,
        owner="owner",
        playground="demo",
        title="",
        manifest_name="",
        plan=fake_plan(),
        desired=desired,
        desired_at=NOW,
        state=state,
        state_at=NOW,
        events=(StateEvent(state=state, at=NOW),),
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(made, **change)  # type: ignore[arg-type]


def says(state: PlayState, **change: object) -> PlayReport:
    return PlayReport(id=ID, state=state, at=NOW, version=1).model_copy(update=change)


def decided(row: PlayRow, report: PlayReport | None, later: timedelta = timedelta()) -> Step:
    """The decision once the row holds the report."""
    return decide(replace(row, report=report) if report else row, report, NOW + later, POLICY)


S = PlayState


def test_news_are_written_first() -> None:
    step = decide(row(S.STARTING), says(S.STARTING), NOW, POLICY)
    assert step == Record(row(S.STARTING, report=says(S.STARTING)))


@pytest.mark.parametrize(
    ("row", "report", "step"),
    [
        (row(S.CREATED), None, Ask(Verb.START)),
        (row(S.RUNNING), says(S.RUNNING), Nothing()),
        (row(S.STOPPING, Desired.STOPPED), says(S.RUNNING), Ask(Verb.STOP)),
        (row(S.STOPPED, Desired.STOPPED), says(S.STOPPED), Nothing()),
        (row(S.FAILED, Desired.STOPPED), says(S.RUNNING), Ask(Verb.STOP)),
        (row(S.FAILED, Desired.STOPPED), says(S.STOPPED), Nothing()),
        (row(S.FAILED), None, Nothing()),
        (row(S.STARTING, Desired.RESTART), says(S.STOPPED), Ask(Verb.RESTART)),
        (row(S.STARTING, Desired.RESTART), says(S.FAILED), Ask(Verb.STOP)),
        (row(S.DESTROYING, Desired.DESTROYED), says(S.RUNNING), Ask(Verb.DESTROY)),
        (row(S.DESTROYED, Desired.DESTROYED), says(S.RUNNING), Ask(Verb.DESTROY)),
        (row(S.DESTROYED, Desired.DESTROYED), None, Nothing()),
    ],
)
def test_verbs(row: PlayRow, report: PlayReport | None, step: Step) -> None:
    assert decided(row, report) == step


@pytest.mark.parametrize(
    ("row", "report", "state", "desired", "reason"),
    [
        (row(S.CREATED), says(S.STARTING), S.STARTING, Desired.RUNNING, None),
        (row(S.STARTING), says(S.RUNNING), S.RUNNING, Desired.RUNNING, None),
        (
            row(S.RUNNING),
            says(S.STOPPED, reason=Reason.HOST_RESTARTED),
            S.STOPPED,
            Desired.STOPPED,
            Reason.HOST_RESTARTED,
        ),
        (row(S.RUNNING), says(S.STOPPED), S.STOPPED, Desired.STOPPED, Reason.HOST_RESTARTED),
        (row(S.RUNNING), says(S.STOPPING), S.STOPPING, Desired.RUNNING, None),
        (
            row(S.STARTING),
            says(S.FAILED, reason=Reason.INIT_TASK_FAILED),
            S.FAILED,
            Desired.RUNNING,
            Reason.INIT_TASK_FAILED,
        ),
        (
            row(S.RUNNING, Desired.STOPPED, reason=Reason.STOPPED),
            says(S.RUNNING),
            S.STOPPING,
            Desired.STOPPED,
            Reason.STOPPED,
        ),
        (row(S.STOPPING, Desired.STOPPED), says(S.STOPPED), S.STOPPED, Desired.STOPPED, None),
        (row(S.STARTING, Desired.RESTART), says(S.STARTING), S.STARTING, Desired.RUNNING, None),
        (row(S.RUNNING, Desired.DESTROYED), says(S.RUNNING), S.DESTROYING, Desired.DESTROYED, None),
    ],
)
def test_records(row: PlayRow, report: PlayReport, state: PlayState, desired: Desired, reason: Reason | None) -> None:
    step = decided(row, report)
    assert isinstance(step, Record)
    assert (step.row.state, step.row.desired, step.row.reason) == (state, desired, reason)


@pytest.mark.parametrize("state", [S.STARTING, S.RUNNING, S.STOPPING, S.STOPPED])
def test_what_vanished_fails_with_a_reason(state: PlayState) -> None:
    step = decided(row(state, report=says(S.RUNNING)), None)
    assert isinstance(step, Lost)
    assert (step.row.state, step.row.reason, step.row.report) == (S.FAILED, Reason.HOST_RESTARTED, None)
    assert decide(step.row, None, NOW, POLICY) == Nothing()


@pytest.mark.parametrize(
    ("row", "report", "deadline", "state", "reason"),
    [
        (row(S.STARTING), says(S.STARTING), POLICY.start_deadline, S.FAILED, Reason.MACHINE_NEVER_READY),
        (
            row(S.STARTING, Desired.RESTART),
            says(S.STOPPED),
            POLICY.start_deadline,
            S.FAILED,
            Reason.MACHINE_NEVER_READY,
        ),
        (row(S.STOPPING, Desired.STOPPED), says(S.STOPPING), POLICY.stop_deadline, S.FAILED, Reason.INTERNAL),
        (row(S.DESTROYING, Desired.DESTROYED), says(S.RUNNING), POLICY.destroy_deadline, S.DESTROYED, None),
    ],
)
def test_nothing_is_stuck(
    row: PlayRow, report: PlayReport, deadline: timedelta, state: PlayState, reason: Reason | None
) -> None:
    early = decided(row, report, deadline - timedelta(seconds=1))
    assert not isinstance(early, Record)
    late = decided(row, report, deadline)
    assert isinstance(late, Record)
    assert (late.row.state, late.row.reason) == (state, reason)


def test_a_failed_preparation_leaves_machines_reachable() -> None:
    failed = row(S.FAILED, reason=Reason.INIT_TASK_FAILED)
    assert decided(failed, says(S.FAILED, reason=Reason.INIT_TASK_FAILED)) == Nothing()


def test_time_runs_out() -> None:
    there = row(S.RUNNING, expires_at=NOW + timedelta(hours=1))
    assert decided(there, says(S.RUNNING), timedelta(minutes=59)) == Nothing()
    step = decided(there, says(S.RUNNING), timedelta(hours=1))
    assert isinstance(step, Record)
    assert (step.row.desired, step.row.reason) == (Desired.STOPPED, Reason.EXPIRED)


def test_a_failed_play_keeps_its_reason_when_its_time_runs_out() -> None:
    there = row(S.FAILED, expires_at=NOW, reason=Reason.INIT_TASK_FAILED, detail="task a")
    step = decided(there, says(S.FAILED))
    assert isinstance(step, Record)
    assert (step.row.desired, step.row.reason, step.row.detail) == (Desired.STOPPED, Reason.INIT_TASK_FAILED, "task a")


def test_a_play_that_waits_for_room_does_not_expire() -> None:
    assert decided(row(S.CREATED, max_play_time=60), None, LONG) == Ask(Verb.START)


def test_stopped_plays_are_kept_for_a_while() -> None:
    there = row(S.STOPPED, Desired.STOPPED, reason=Reason.EXPIRED)
    assert decided(there, says(S.STOPPED), POLICY.keep_stopped - timedelta(seconds=1)) == Nothing()
    step = decided(there, says(S.STOPPED), POLICY.keep_stopped)
    assert isinstance(step, Record)
    assert step.row.desired is Desired.DESTROYED
    assert decided(replace(there, persistent=True), says(S.STOPPED), LONG) == Nothing()


def test_destroyed_rows_are_forgotten_in_the_end() -> None:
    there = row(S.DESTROYED, Desired.DESTROYED)
    assert decided(there, None, POLICY.keep_destroyed) == Purge()
    assert decided(there, None, POLICY.keep_destroyed - timedelta(seconds=1)) == Nothing()


@pytest.mark.parametrize("start", list(PlayState))
@pytest.mark.parametrize("goal", list(PlayState))
def test_every_way_keeps_to_the_table(start: PlayState, goal: PlayState) -> None:
    events = become(row(start), goal, NOW).events
    states = [event.state for event in events]
    assert all(before.may_become(after) for before, after in pairwise(states))
    if start is S.DESTROYED:
        assert states == [S.DESTROYED]


def test_events_are_bounded() -> None:
    there = row(S.RUNNING)
    for number in range(300):
        there = become(there, S.STOPPED if number % 2 == 0 else S.RUNNING, NOW)
    assert len(there.events) == 100


@pytest.mark.parametrize(
    ("change", "error", "hopeless"),
    [
        ({"origin": "a" * 24}, NotFoundError("gone"), True),
        ({"origin": "a" * 24}, ConflictError("it is FAILED"), True),
        ({"origin": "a" * 24}, CapacityError("no room"), False),
        ({"origin": "a" * 24}, MachineError("no"), False),
        ({"origin": "a" * 24}, TimeoutError(), False),
        ({"plan": fake_plan().model_copy(update={"snapshot": "1"})}, NotFoundError("gone"), True),
        ({"plan": fake_plan().model_copy(update={"snapshot": "1"})}, ConflictError("busy"), False),
        ({}, NotFoundError("an image"), False),
    ],
)
def test_what_a_start_is_made_from_does_not_come_back(
    change: dict[str, object], error: Exception, hopeless: bool
) -> None:
    assert without_origin(replace(row(S.CREATED), **change), error) is hopeless  # type: ignore[arg-type]
