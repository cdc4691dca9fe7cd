"""One attempt: a fresh play, what is to be seen in it, and its end, whatever happens."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from labyard.bots import solving
from labyard.bots.cases import COLD, WARM, Case
from labyard.bots.chunks import Chunk, parse
from labyard.bots.evidence import Evidence, Output
from labyard.bots.lab import PLAYGROUND, AwayError, Lab, Ran, Standing
from labyard.bots.limits import Limits
from labyard.bots.plays import Ours
from labyard.bots.results import Result
from labyard.bots.verdict import unprepared
from labyard.bots.watch import Seen, Watch, watching
from labyard.errors import LabyardError

T = TypeVar("T")

Tell = Callable[[str], None]
"""Takes what an attempt is doing now, in a few words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    result: Result
    reason: str = ""


async def attempt(lab: Lab, case: Case, limits: Limits, ours: Ours, evidence: Evidence, tell: Tell) -> Verdict:
    """Try a case once. Its play is gone when this returns or raises.

    Raises AwayError when the server stays away, and solving.VoidError when it went away in the middle of a script.
    """
    if case.problem:
        return Verdict(result=Result.BROKEN, reason=case.problem)
    try:
        chunks = parse(case.script, file=case.case) if case.kind != PLAYGROUND else ()
        if case.case == WARM and case.kind == PLAYGROUND:
            tell("making its snapshot")
            async with asyncio.timeout(limits.start):
                await lab.prepare(case.name)
    except TimeoutError:
        return Verdict(result=Result.FAILED, reason=f"its snapshot was not there after {limits.start:.0f} s")
    except AwayError:
        raise
    except LabyardError as error:
        return Verdict(result=Result.FAILED, reason=str(error).replace("\n", "; "))
    return await _in_a_play(_Attempt(lab, case, chunks, limits, ours, evidence, tell))


async def _in_a_play(trying: _Attempt) -> Verdict:
    creating = asyncio.create_task(trying.start())
    try:
        # shielded: an answer must not be lost between the server's yes and our Ctrl-C, or nobody would end that play
        play_id = await asyncio.shield(creating)
    except asyncio.CancelledError:
        await trying.end_if_begun(creating)
        raise
    except AwayError:
        raise
    except LabyardError as error:
        return Verdict(result=Result.BROKEN, reason=f"could not start: {error}")
    try:
        verdict = await trying.judge(play_id)
        await trying.keep(play_id)
    finally:
        trouble = await _surely(trying.end(play_id))
    return Verdict(result=Result.BROKEN, reason=trouble) if trouble else verdict


async def _surely(work: Coroutine[Any, Any, T]) -> T:
    """Do it to its end, also when we are cut meanwhile."""
    doing = asyncio.create_task(work)
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await doing
        raise


class _Attempt:
    def __init__(
        self,
        lab: Lab,
        case: Case,
        chunks: tuple[Chunk, ...],
        limits: Limits,
        ours: Ours,
        evidence: Evidence,
        tell: Tell,
    ) -> None:
        self._lab = lab
        self._case = case
        self._chunks = chunks
        self._limits = limits
        self._ours = ours
        self._evidence = evidence
        self._tell = tell

    async def start(self) -> str:
        case = self._case
        self._tell("starting")
        title = f"Bot: {case} {secrets.token_hex(6)}"[-200:]
        play_id = await self._lab.start(case.kind, case.name, cold=case.case == COLD, title=title)
        self._ours.add(play_id)
        return play_id

    async def judge(self, play_id: str) -> Verdict:
        limits = self._limits
        async with watching(
            self._lab, play_id, self._evidence, look_every=limits.look_every, note_every=limits.note_every
        ) as watch:
            try:
                if wrong := await self._until_ready(watch):
                    # to start is all that is asked of a playground
                    result = Result.FAILED if self._case.kind == PLAYGROUND else Result.BROKEN
                    return Verdict(result=result, reason=wrong)
                if self._case.kind == PLAYGROUND:
                    wrong = await self._answers(play_id, watch)
                else:
                    solver = solving.Solver(self._lab, play_id, watch, limits, self._evidence, self._tell)
                    wrong = await solver.solve(self._chunks)
                return Verdict(result=Result.FAILED if wrong else Result.PASSED, reason=wrong)
            except (AwayError, solving.VoidError):
                raise
            except LabyardError as error:
                return Verdict(result=Result.BROKEN, reason=str(error))

    async def _until_ready(self, watch: Watch) -> str:
        """Wait until it can be used; why it never will, else nothing."""
        try:
            async with asyncio.timeout(self._limits.start):
                seen = await watch.until(lambda seen: None if seen.play.standing is Standing.WAITING else seen)
        except TimeoutError:
            return f"was not ready after {self._limits.start:.0f} s: {_waits(watch.seen)}"
        if seen.play.standing is Standing.READY:
            return ""
        seen = await self._last_words(watch, seen)
        return unprepared(seen.tasks) or seen.play.message or f"the play is {seen.play.state}"

    async def _last_words(self, watch: Watch, seen: Seen) -> Seen:
        """Why it failed comes a moment after a task did."""
        try:
            async with asyncio.timeout(self._limits.last_words):
                return await watch.until(lambda now: now if now.play.message or unprepared(now.tasks) else None)
        except TimeoutError:
            return watch.seen or seen

    async def _answers(self, play_id: str, watch: Watch) -> str:
        """Whether every machine carries out a program."""
        machines = watch.seen.play.machines if watch.seen else ()
        for machine in machines:
            self._tell(f"asking {machine.name}")
            output = Output()
            ran = await self._echo(play_id, machine.name, output)
            if ran.exit_code != 0 or output.content().strip() != b"here":
                return f"machine {machine.name} does not answer: {ran.error or f'exit status {ran.exit_code}'}"
        return "" if machines else "it has no machine"

    async def _echo(self, play_id: str, machine: str, output: Output) -> Ran:
        limits = self._limits
        run = self._lab.exec
        return await solving.carried_out(
            lambda: run(play_id, machine, ("echo", "here"), user=None, timeout=limits.answer, take=output.take),
            limits,
            f"a program on {machine}",
        )

    async def keep(self, play_id: str) -> None:
        """Consoles and diary; what cannot be had is not worth losing the rest for."""
        self._tell("keeping what there is to see")
        try:
            async with asyncio.timeout(self._limits.keep):
                self._evidence.keep_outputs(await self._lab.tasks(play_id))
                self._evidence.keep("diary.json", json.dumps(await self._lab.diary(play_id), indent=1))
                for machine in (await self._lab.play(play_id)).machines:
                    console = await self._lab.console(play_id, machine.name)
                    self._evidence.keep(f"console-{machine.name}.txt", console)
        except (LabyardError, TimeoutError) as error:
            self._evidence.keep("missing.txt", f"the rest could not be had: {error}\n")

    async def end_if_begun(self, creating: asyncio.Task[str]) -> None:
        """Cut while it was being started. Cut before the server knew of it: nothing to end."""
        try:
            play_id = await creating
        except LabyardError:
            return
        await self.end(play_id)

    async def end(self, play_id: str) -> str:
        """End the play and see it gone, so that its room is free; why it could not be ended, else nothing."""
        self._tell("ending")
        try:
            async with asyncio.timeout(self._limits.end):
                await self._lab.destroy(play_id)
                while any(play.id == play_id for play in await self._lab.plays()):  # noqa: ASYNC110 - it does not call
                    await asyncio.sleep(self._limits.look_every)
        except AwayError:
            raise
        except (LabyardError, TimeoutError) as error:
            return f"its play {play_id} could not be ended: {error or 'it took too long'}"
        self._ours.remove(play_id)
        return ""


def _waits(seen: Seen | None) -> str:
    if seen is None:
        return "the play was never seen"
    words = [seen.play.message, *(f"{each.name}: {each.words}" for each in seen.play.machines if not each.ready)]
    return "; ".join(word for word in words if word) or f"the play is {seen.play.state}"
