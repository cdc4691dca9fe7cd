"""Whether somebody may talk with a machine of a play, and it with them."""

from __future__ import annotations

from labyard.control.access import Person
from labyard.errors import ConflictError, NotFoundError
from labyard.play.plan import MachinePlan
from labyard.play.status import PlayState
from labyard.server.services import Services

_ALIVE = (PlayState.STARTING, PlayState.RUNNING, PlayState.FAILED, PlayState.STOPPING)


async def talkable(services: Services, person: Person, play_id: str, machine: str) -> MachinePlan:
    """NotFoundError also for plays of others, ConflictError while it is off."""
    row = (await services.plays.get(person.id, play_id)).row
    plan = row.plan.machine(machine)
    if plan is None:
        raise NotFoundError(f"this play has no machine {machine[:64]!r}")
    if row.state not in _ALIVE:
        raise ConflictError(f"this play is {row.state}: its machines are off", hint="restart it, or start a new one")
    return plan


async def check_terminal(services: Services, person: Person, play_id: str, machine: str) -> None:
    """A machine with `noSSH` offers neither terminals nor files; programs can still be run in it."""
    if not (await talkable(services, person, play_id, machine)).terminal:
        raise ConflictError(f"{machine} has no terminal: its playground says `noSSH`")
