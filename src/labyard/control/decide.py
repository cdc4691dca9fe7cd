"""One play: what is written, what its host says, what time it is → the next step. Pure.

`decide` is asked again after every step and every event. Every step may be cut anywhere and taken twice.
Verbs go to the host before the row says they were done, so a cut repeats a verb (hosts allow that) and never skips one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from labyard.control.policy import Policy
from labyard.errors import ConflictError, NotFoundError
from labyard.play.status import MachineState, PlayReport, PlayState, Reason
from labyard.store.plays import Desired, PlayRow, StateEvent

EVENTS_KEPT = 100


class Verb(Enum):
    """What a host is asked to do."""

    START = auto()
    RESTART = auto()
    STOP = auto()
    DESTROY = auto()


@dataclass(frozen=True, slots=True)
class Nothing:
    """All is as it should be."""


@dataclass(frozen=True, slots=True)
class Ask:
    verb: Verb


@dataclass(frozen=True, slots=True)
class Record:
    """Write the row. `row` is what it should be; its `version` is the one it was decided on."""

    row: PlayRow


@dataclass(frozen=True, slots=True)
class Lost:
    """The host seems not to have it. Make sure with a fresh list, then record `row`."""

    row: PlayRow


@dataclass(frozen=True, slots=True)
class Purge:
    """Ended long ago: forget it."""


Step = Nothing | Ask | Record | Lost | Purge


def decide(row: PlayRow, report: PlayReport | None, now: datetime, policy: Policy) -> Step:
    """The next step for one play. `report` None, or saying DESTROYED: the host has nothing of it."""
    if report is not None and report.state is PlayState.DESTROYED:
        report = None
    if (timed := _by_time(row, now, policy)) is not None:
        return timed
    if report is not None and row.state is not PlayState.DESTROYED and report != row.report:
        known = replace(row, report=report)
        if row.state is PlayState.CREATED and row.desired is Desired.RUNNING:
            known = begin(known, now)  # the two at once: no machine is ready before its play starts
        return Record(known)
    match row.desired:
        case Desired.DESTROYED:
            return _to_destroyed(row, report, now, policy)
        case Desired.STOPPED:
            return _to_stopped(row, report, now, policy)
        case Desired.RESTART:
            return _to_restarted(row, report, now, policy)
        case Desired.RUNNING:
            return _to_running(row, report, now, policy)


def begin(row: PlayRow, now: datetime) -> PlayRow:
    """The host has taken it: its time starts now."""
    expires_at = row.expires_at
    if row.max_play_time is not None and not row.persistent:
        expires_at = now + _seconds(row.max_play_time)
    return become(replace(row, desired=Desired.RUNNING, expires_at=expires_at), PlayState.STARTING, now)


def want(row: PlayRow, desired: Desired, now: datetime, reason: Reason | None = None, detail: str = "") -> PlayRow:
    """The row with another aim."""
    return replace(row, desired=desired, desired_at=now, reason=reason, detail=detail)


def become(row: PlayRow, state: PlayState, now: datetime) -> PlayRow:
    """The row in another state, by way of the states that must lie between. The same row when already there."""
    events = list(row.events)
    for step in _way(row.state, state):
        events.append(StateEvent(state=step, at=now, error=step is PlayState.FAILED))
    if len(events) == len(row.events):
        return row
    return replace(row, state=state, state_at=now, events=tuple(events[-EVENTS_KEPT:]))


def fail(row: PlayRow, reason: Reason, detail: str, now: datetime) -> PlayRow:
    return become(replace(row, reason=reason, detail=detail), PlayState.FAILED, now)


def without_origin(row: PlayRow, error: Exception) -> bool:
    """Whether a first start failed for want of what it is made from: asking again would not bring that back."""
    if row.origin is not None:
        return isinstance(error, NotFoundError | ConflictError)
    return row.plan.snapshot is not None and isinstance(error, NotFoundError)


def is_orphan_due(first_seen: datetime, now: datetime, policy: Policy) -> bool:
    """Whether a play on the host that the database does not know has waited long enough to be destroyed."""
    return now - first_seen >= policy.orphan_grace


def _by_time(row: PlayRow, now: datetime, policy: Policy) -> Step | None:
    age = now - row.state_at
    if row.state is PlayState.DESTROYED:
        return Purge() if row.desired is Desired.DESTROYED and age >= policy.keep_destroyed else None
    if row.desired is Desired.DESTROYED:
        return None
    running = row.desired in (Desired.RUNNING, Desired.RESTART)
    if running and row.expires_at is not None and now >= row.expires_at and row.state is not PlayState.CREATED:
        reason = row.reason if row.state is PlayState.FAILED else Reason.EXPIRED
        return Record(want(row, Desired.STOPPED, now, reason, row.detail))
    at_rest = row.state is PlayState.STOPPED or row.state is PlayState.FAILED
    if at_rest and not row.persistent and row.desired is not Desired.RESTART and age >= policy.keep_stopped:
        return Record(want(row, Desired.DESTROYED, now, row.reason or Reason.EXPIRED, row.detail))
    return None


def _to_destroyed(row: PlayRow, report: PlayReport | None, now: datetime, policy: Policy) -> Step:
    if row.state is PlayState.DESTROYED:
        return Nothing() if report is None else Ask(Verb.DESTROY)
    if row.state is not PlayState.DESTROYING:
        return Record(become(row, PlayState.DESTROYING, now))
    if report is None:
        return Lost(become(replace(row, report=_at_rest(row.report)), PlayState.DESTROYED, now))
    if now - row.state_at >= policy.destroy_deadline:
        # Its learner is not kept waiting; what is left on the host is destroyed as long as it shows.
        return Record(become(row, PlayState.DESTROYED, now))
    return Ask(Verb.DESTROY)


def _at_rest(report: PlayReport | None) -> PlayReport | None:
    """The last report of a play that is gone: what its tasks did stays worth knowing, its machines are off."""
    if report is None:
        return None
    off = {"state": MachineState.STOPPED, "ready": False, "stage": ""}
    machines = tuple(machine.model_copy(update=off) for machine in report.machines)
    return report.model_copy(update={"state": PlayState.DESTROYED, "machines": machines})


def _to_stopped(row: PlayRow, report: PlayReport | None, now: datetime, policy: Policy) -> Step:
    if report is None:
        return _vanished(row, now)
    if report.state is PlayState.STOPPED:
        at_rest = row.state in (PlayState.STOPPED, PlayState.FAILED)
        return Nothing() if at_rest else Record(become(row, PlayState.STOPPED, now))
    if row.state in (PlayState.STARTING, PlayState.RUNNING, PlayState.WARMING_UP, PlayState.WARMED_UP):
        return Record(become(row, PlayState.STOPPING, now))
    if row.state is PlayState.STOPPING and now - row.state_at >= policy.stop_deadline:
        return Record(fail(row, Reason.INTERNAL, "It did not stop in time; Labyard keeps trying.", now))
    return Ask(Verb.STOP)


def _to_restarted(row: PlayRow, report: PlayReport | None, now: datetime, policy: Policy) -> Step:
    if report is None:
        return _vanished(row, now)
    if now - row.desired_at >= policy.start_deadline:
        failed = fail(row, Reason.MACHINE_NEVER_READY, "It could not be restarted in time.", now)
        return Record(want(failed, Desired.STOPPED, now, failed.reason, failed.detail))
    match report.state:
        case PlayState.STOPPED:
            return Ask(Verb.RESTART)
        case PlayState.FAILED | PlayState.STOPPING:
            return Ask(Verb.STOP)
        case _:
            return Record(begin(row, now))


def _to_running(row: PlayRow, report: PlayReport | None, now: datetime, policy: Policy) -> Step:
    if row.state is PlayState.CREATED:
        return Ask(Verb.START) if report is None else Record(begin(row, now))
    if report is None:
        return Nothing() if row.state is PlayState.FAILED and row.report is None else _vanished(row, now)
    match report.state:
        case PlayState.RUNNING:
            settled = (
                row
                if row.state is PlayState.RUNNING
                else replace(become(row, PlayState.RUNNING, now), reason=None, detail="")
            )
        case PlayState.FAILED:
            settled = fail(row, report.reason or Reason.INTERNAL, report.detail, now)
        case PlayState.STOPPED:
            reason = _why_stopped(row, report, now)
            settled = become(want(row, Desired.STOPPED, now, reason, report.detail), PlayState.STOPPED, now)
        case PlayState.STOPPING:
            settled = become(row, PlayState.STOPPING, now)
        case _:
            settled = _still_starting(row, now, policy)
    return Nothing() if settled == row else Record(settled)


def _still_starting(row: PlayRow, now: datetime, policy: Policy) -> PlayRow:
    if row.state is PlayState.FAILED:
        return row
    if row.state is not PlayState.STARTING:
        return become(row, PlayState.STARTING, now)
    if now - row.state_at < policy.start_deadline:
        return row
    failed = fail(row, Reason.MACHINE_NEVER_READY, "It was not ready in time and was stopped.", now)
    return want(failed, Desired.STOPPED, now, failed.reason, failed.detail)


def _why_stopped(row: PlayRow, report: PlayReport, now: datetime) -> Reason:
    if row.expires_at is not None and now >= row.expires_at:
        return Reason.EXPIRED
    return report.reason or Reason.HOST_RESTARTED


def _vanished(row: PlayRow, now: datetime) -> Step:
    """Nothing of it is on the host any more, nor will be."""
    if row.state is PlayState.FAILED and row.report is None and row.desired is Desired.STOPPED:
        return Nothing()
    gone = want(replace(row, report=None), Desired.STOPPED, now)
    return Lost(fail(gone, Reason.HOST_RESTARTED, "Its disks are no longer on this box.", now))


def _way(start: PlayState, goal: PlayState) -> list[PlayState]:
    """The shortest way through the table of transitions, without `start`; empty when already there or unreachable."""
    ways: list[list[PlayState]] = [[start]]
    seen = {start}
    for way in ways:
        if way[-1] is goal:
            return way[1:]
        for state in PlayState:
            if state not in seen and way[-1].may_become(state):
                seen.add(state)
                ways.append([*way, state])
    return []


def _seconds(count: int) -> timedelta:
    return timedelta(seconds=count)
