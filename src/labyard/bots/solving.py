"""Carrying out a solution: red before green, its chunks, and what the tasks say afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from labyard.bots.chunks import Chunk
from labyard.bots.evidence import Evidence, Output
from labyard.bots.lab import AwayError, Lab, MachineSight, Ran, Standing, TaskSight
from labyard.bots.limits import Limits
from labyard.bots.verdict import Verdict, solved, unseen, unsolved, untouched
from labyard.bots.watch import Seen, Watch
from labyard.errors import LabyardError

# Images without bash have a shell of another name; scripts that need bash then say so themselves.
_SHELL = 'if command -v bash >/dev/null 2>&1; then exec bash -c "$0"; fi; exec sh -c "$0"'
_SLACK = 10.0  # seconds a machine gets to say that a program ran out of time


class VoidError(LabyardError):
    """The server went away while a script ran: nobody knows how far it came, so the attempt proves nothing."""

    code = "void"


class EndedError(LabyardError):
    """Somebody ended the play while it was being solved."""

    code = "ended"


class Solver:
    def __init__(
        self, lab: Lab, play_id: str, watch: Watch, limits: Limits, evidence: Evidence, tell: Callable[[str], None]
    ) -> None:
        self._lab = lab
        self._play_id = play_id
        self._watch = watch
        self._limits = limits
        self._evidence = evidence
        self._tell = tell
        self._doing = ""
        self._deadline = 0.0

    async def solve(self, chunks: Sequence[Chunk]) -> str:
        """Why the lesson is red, else nothing. Takes at most `limits.work` seconds.

        Raises VoidError, EndedError, and AwayError when the server stays away.
        """
        self._deadline = asyncio.get_running_loop().time() + self._limits.work
        try:
            async with asyncio.timeout_at(self._deadline + _SLACK):
                return await self._red() or await self._carry_out(chunks) or await self._green()
        except TimeoutError:
            return f"{self._doing} did not end within {self._limits.work:.0f} s"

    async def _red(self) -> str:
        self._say("waiting for red")
        verdict = await self._settled(untouched)
        tasks = self._watch.seen.tasks if self._watch.seen else ()
        return verdict.wrong or (unseen(tasks, verdict.waits) if verdict.waits else "")

    async def _green(self) -> str:
        self._say("waiting for green")
        verdict = await self._settled(solved)
        tasks = self._watch.seen.tasks if self._watch.seen else ()
        return verdict.wrong or (unsolved(tasks, verdict.waits) if verdict.waits else "")

    async def _settled(self, judge: Callable[[Sequence[TaskSight]], Verdict]) -> Verdict:
        """The verdict once it is settled, or as it is when the time is over."""

        def enough(seen: Seen) -> Verdict | None:
            _refuse_ended(seen)
            verdict = judge(seen.tasks)
            return verdict if verdict.settled else None

        seen = await self._watch.next()
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._watch.until(enough)
        except TimeoutError:
            return judge((self._watch.seen or seen).tasks)

    async def _carry_out(self, chunks: Sequence[Chunk]) -> str:
        play = (await self._watch.next()).play
        for chunk in chunks:
            if play.machine(chunk.machine) is None:
                names = ", ".join(machine.name for machine in play.machines)
                return f"{chunk}: there is no machine {chunk.machine}; there are {names}"
        for chunk in chunks:
            if wrong := await self._chunk(chunk):
                return wrong
        return ""

    async def _chunk(self, chunk: Chunk) -> str:
        wrong = ""
        for turn in range(1 + chunk.retries):
            if turn:
                await asyncio.sleep(self._limits.pause)
            if asyncio.get_running_loop().time() >= self._deadline:
                return wrong or f"{chunk} was not begun within {self._limits.work:.0f} s"
            self._say(f"{chunk}" + (f", try {turn + 1}" if turn else ""))
            if not (wrong := await self._try(chunk, turn)):
                return ""
        return wrong

    async def _try(self, chunk: Chunk, turn: int) -> str:
        machine = await self._ready(chunk)
        if machine is None:
            return f"{chunk}: machine {chunk.machine or 'of the play'} is not ready"
        output = Output()
        left = self._deadline - asyncio.get_running_loop().time()
        run, script = self._lab.exec, ("sh", "-c", _SHELL, chunk.script)
        place = (self._play_id, machine.name, script)
        try:
            ran = await carried_out(
                lambda: run(*place, user=chunk.user, timeout=max(1.0, left), take=output.take), self._limits, str(chunk)
            )
        finally:
            name = f"chunk-{chunk.number:02d}" + (f"-try-{turn + 1}" if turn else "")
            self._evidence.keep(f"{name}.log", output.content())
        if chunk.reboots and not _failed_by_itself(ran):
            return await self._back(chunk, machine)
        return _told(chunk, ran, output)

    async def _ready(self, chunk: Chunk) -> MachineSight | None:
        """Its machine once it can be used, None when it does not become so."""

        def ready(seen: Seen) -> MachineSight | None:
            _refuse_ended(seen)
            machine = seen.play.machine(chunk.machine)
            return machine if machine is not None and machine.ready else None

        await self._watch.next()
        try:
            async with asyncio.timeout(self._limits.back):
                return await self._watch.until(ready)
        except TimeoutError:
            return None

    async def _back(self, chunk: Chunk, before: MachineSight) -> str:
        """Wait until a machine that said it reboots has done so: what comes next must not run in its old life."""

        def gone(seen: Seen) -> bool | None:
            now = seen.play.machine(before.name)
            return True if now is not None and (not now.ready or now.changed_at != before.changed_at) else None

        self._say(f"{chunk}: waiting for {before.name} to come back")
        try:
            async with asyncio.timeout(self._limits.leave):
                await self._watch.until(gone)
        except TimeoutError:
            return ""  # the word stood in its commands, but nothing came of it
        return "" if await self._ready(chunk) is not None else f"{chunk}: {before.name} did not come back"

    def _say(self, doing: str) -> None:
        self._doing = doing
        self._tell(doing)


async def carried_out(run: Callable[[], Awaitable[Ran]], limits: Limits, what: str) -> Ran:
    """Run a program, again while the machine does not take it, for the time of grace.

    Raises VoidError when the server went away in its middle.
    """
    now = asyncio.get_running_loop().time
    began = now()
    while True:
        try:
            ran = await run()
        except AwayError as error:
            if not error.begun:
                raise
            raise VoidError(f"the server went away during {what}") from error
        if ran.begun or now() - began >= limits.grace:
            return ran
        await asyncio.sleep(limits.pause)


def _refuse_ended(seen: Seen) -> None:
    if seen.play.standing is Standing.ENDED:
        raise EndedError(f"the play was ended meanwhile: {seen.play.message or seen.play.state}")


def _failed_by_itself(ran: Ran) -> bool:
    """Whether it is the script's own no: not the machine that went away under it, nor a signal on its way down."""
    return ran.timed_out or (ran.exit_code is not None and 0 < ran.exit_code <= 128)


def _told(chunk: Chunk, ran: Ran, output: Output) -> str:
    """Why it failed, empty when it did not."""
    if ran.exit_code == 0 and not ran.timed_out:
        return ""
    where = f"{chunk}{f' on {chunk.machine}' if chunk.machine else ''}"
    if ran.timed_out:
        return f"{where} did not end in time"
    if ran.exit_code is None:
        return f"{where} broke off: {ran.error or 'nobody said why'}"
    said = output.last_line()
    return f"{where} ended with exit status {ran.exit_code}" + (f": {said}" if said else "")
