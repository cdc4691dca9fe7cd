"""What a bot knows of a server: what everybody may ask there, and nothing else. Values and one protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from labyard.errors import LabyardError

PLAYGROUND = "playground"


class AwayError(LabyardError):
    """The server does not answer. `begun`: it may have begun with what was asked."""

    code: ClassVar[str] = "server-unreachable"

    def __init__(self, message: str, *, hint: str | None = None, begun: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.begun = begun


class Standing(StrEnum):
    """What a play is for someone who waits for it. READY: every machine is, and every init task is done."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineSight:
    """`changed_at`: when it became ready or stopped being so; another value after a reboot. `words`: what it does."""

    name: str
    ready: bool
    changed_at: str = ""
    words: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaySight:
    id: str
    standing: Standing
    state: str
    title: str = ""
    message: str = ""
    machines: tuple[MachineSight, ...] = ()

    def machine(self, name: str | None) -> MachineSight | None:
        """The machine of this name; the first when none is asked for."""
        return next((machine for machine in self.machines if name in (None, machine.name)), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSight:
    """One task as it stands; numbers as in `play.status.TaskStatus`. `runs`: how often its script has ended."""

    name: str
    machine: str = ""
    init: bool = False
    helper: bool = False
    status: int = 10
    runs: int = 0
    exit_code: int | None = None
    needs: tuple[str, ...] = ()
    stdout: str = ""
    stderr: str = ""

    @property
    def regular(self) -> bool:
        return not self.init and not self.helper


@dataclass(frozen=True, kw_only=True, slots=True)
class Playground:
    """`problem`: why it cannot be started, empty when it can. `memory`: what a play of it takes, in bytes, about."""

    name: str
    title: str = ""
    internet: bool = False
    problem: str = ""
    memory: int = 1 << 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """`kind`: challenge, tutorial or course. `name`: of a course's lesson `COURSE/[MODULE/]LESSON`."""

    kind: str
    name: str
    title: str = ""
    internet: bool = False
    problem: str = ""
    playground: str = ""
    solvable: bool = True  # it may have solution scripts


@dataclass(frozen=True, kw_only=True, slots=True)
class Solution:
    name: str
    script: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How much a server's box has. Memory in bytes."""

    cpus: int
    memory: int
    memory_used: int
    emulated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """How a program ended: its status, or why it has none. `begun` false: the machine did not take it."""

    exit_code: int | None = None
    error: str = ""
    timed_out: bool = False
    begun: bool = True


class Lab(Protocol):
    """A server. Every call raises LabyardError; AwayError when nobody answers."""

    async def playgrounds(self) -> list[Playground]: ...

    async def lessons(self) -> list[Lesson]: ...

    async def solutions(self, lesson: Lesson) -> list[Solution]:
        """Those with a script, by name."""

    async def prepare(self, playground: str) -> None:
        """Have the snapshot that its starts go on from. Returns when it is there."""

    async def start(self, kind: str, name: str, *, cold: bool, title: str) -> str:
        """A fresh play of a playground or lesson; its id. Counts as nobody's progress. `title` is told to nobody else."""

    async def play(self, play_id: str) -> PlaySight: ...

    async def plays(self) -> list[PlaySight]:
        """Everybody's that are not destroyed."""

    async def tasks(self, play_id: str) -> list[TaskSight]: ...

    async def exec(
        self,
        play_id: str,
        machine: str,
        argv: Sequence[str],
        *,
        user: str | None,
        timeout: float,
        take: Callable[[bytes], None],
    ) -> Ran:
        """Run a program and hand on what it prints. Does not wait for children it leaves behind. `timeout` in seconds."""

    async def diary(self, play_id: str) -> dict[str, Any]:
        """What is known of a play: its states, its machines, how they were started."""

    async def console(self, play_id: str, machine: str) -> str: ...

    async def destroy(self, play_id: str) -> None:
        """Safe to repeat; a play that is gone is no error."""

    async def room(self) -> Room: ...
