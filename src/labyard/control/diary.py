"""What is worth telling in a play's diary. Pure, but for `Diary`, which tells of what changes no row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from labyard.control.refusals import BadRequestError
from labyard.errors import CapacityError, ConflictError, LabyardError, NotFoundError
from labyard.play.status import MachineState, MachineStatus, PlayReport, PlayState, Reason
from labyard.store.diary import DiaryEntry, Kind
from labyard.store.plays import PlayRow, PlayStore, StateEvent

_OWN_FAULT = (BadRequestError, NotFoundError, ConflictError, CapacityError)
"""Asked for what cannot be: nothing happened to the play."""
_OUTCOMES = (PlayState.RUNNING, PlayState.STOPPED, PlayState.FAILED, PlayState.DESTROYED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """Something that somebody asks of a play. `who`: their id."""

    who: str
    what: str
    detail: str = ""

    def told(self, play: str, at: datetime) -> DiaryEntry:
        return DiaryEntry(play=play, at=at, kind=Kind.ASKED, what=self.what, who=self.who, detail=self.detail)


def happened(old: PlayRow, new: PlayRow, now: datetime) -> tuple[DiaryEntry, ...]:
    """What of the change from `old` to `new` belongs into the diary: states that were reached, what became of machines."""
    machines = _machines(old.report, new.report, now) if new.report is not old.report else ()
    events = _new_events(old, new)
    states = tuple(_state(new, event) for event in events)
    if events and events[-1].state in _OUTCOMES:  # which is so because of what its machines became
        return (*states[:-1], *machines, states[-1])
    return (*states, *machines)


def refused(row: PlayRow, verb: str, message: str, now: datetime) -> DiaryEntry:
    """The host did not do what it was asked for."""
    return DiaryEntry(play=row.id, at=now, kind=Kind.TROUBLE, what=verb, detail=message)


def _state(row: PlayRow, event: StateEvent) -> DiaryEntry:
    why = _why(row, event.state)
    return DiaryEntry(
        play=row.id,
        at=event.at,
        kind=Kind.STATE,
        what=event.state.value,
        reason="" if why is None else why.value,
        detail="" if why is None else row.detail,
    )


def _why(row: PlayRow, state: PlayState) -> Reason | None:
    """A play that is destroyed keeps the reason it was stopped for, which is none for that."""
    if state in (PlayState.STOPPING, PlayState.STOPPED, PlayState.FAILED):
        return row.reason
    ends = state in (PlayState.DESTROYING, PlayState.DESTROYED)
    return row.reason if ends and row.reason is Reason.EXPIRED else None


def _new_events(old: PlayRow, new: PlayRow) -> tuple[StateEvent, ...]:
    """Rows keep their last events alone: those that follow the longest part they still have in common."""
    if new.events is old.events:
        return ()
    for count in range(len(new.events)):
        kept = new.events[: len(new.events) - count]
        if old.events[len(old.events) - len(kept) :] == kept:
            return new.events[len(kept) :]
    return new.events


def _machines(old: PlayReport | None, new: PlayReport | None, now: datetime) -> tuple[DiaryEntry, ...]:
    if new is None:
        return ()
    known = {} if old is None else {machine.name: machine for machine in old.machines}
    words = ((machine, _word(known.get(machine.name), machine)) for machine in new.machines)
    return tuple(
        DiaryEntry(play=new.id, at=now, kind=Kind.MACHINE, what=word, detail=machine.name)
        for machine, word in words
        if word
    )


def _word(old: MachineStatus | None, new: MachineStatus) -> str:
    """Empty: nothing that is worth telling. A report may come late, so machines' own times are not told."""
    if new.ready:
        return "" if old is not None and old.ready else "ready"
    if old is None or old.state is new.state:
        return ""
    return {MachineState.STOPPED: "off", MachineState.REBOOTING: "rebooting"}.get(new.state, "")


class Diary:
    def __init__(self, store: PlayStore, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    @asynccontextmanager
    async def doing(self, play_id: str, deed: Deed) -> AsyncIterator[None]:
        """Tell of a deed that changes no row once it is done, or that it failed; not of what could not be asked for."""
        try:
            yield
        except _OWN_FAULT:
            raise
        except (LabyardError, TimeoutError, OSError) as error:
            message = error.message if isinstance(error, LabyardError) else f"{type(error).__name__}: {error}"
            trouble = DiaryEntry(play=play_id, at=self._clock(), kind=Kind.TROUBLE, what=deed.what, detail=message)
            await self._store.note(deed.told(play_id, self._clock()), trouble)
            raise
        await self._store.note(deed.told(play_id, self._clock()))
