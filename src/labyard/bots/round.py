"""A round: every case as often as asked, no more at once than is polite, and what came out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from labyard.bots.attempt import Verdict, attempt
from labyard.bots.cases import Case, Stock
from labyard.bots.evidence import Evidence, plain
from labyard.bots.lab import AwayError, Lab, Solution
from labyard.bots.limits import Limits
from labyard.bots.pace import Pace
from labyard.bots.plays import Ours
from labyard.bots.results import Outcome, Result, Round, Tried
from labyard.bots.solving import VoidError
from labyard.errors import LabyardError

_ANEW = 2
"""How often an attempt is begun anew because the server went away in its middle."""

_REASON_LIMIT = 2000  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What happens in a round: an attempt does something (`doing`), or has ended (`tried`). `of`: attempts of this case."""

    case: Case
    number: int
    of: int
    doing: str = ""
    tried: Tried | None = None


async def stock_of(lab: Lab) -> Stock:
    """All that could be tried on a server."""
    playgrounds, lessons = await lab.playgrounds(), await lab.lessons()
    solutions: dict[tuple[str, str], Sequence[Solution]] = {}
    known = {(lesson.kind, lesson.name): lesson for lesson in lessons}
    for key, lesson in known.items():
        try:
            solutions[key] = await lab.solutions(lesson) if lesson.solvable else ()
        except AwayError:
            raise
        except LabyardError as error:  # one that cannot be read must not keep all others from being tried
            known[key] = replace(lesson, problem=lesson.problem or f"its solutions cannot be read: {error}")
    return Stock(playgrounds=tuple(playgrounds), lessons=tuple(known.values()), solutions=solutions)


class Running:
    """A round under way. `result` may be asked for at any time: what is not tried yet is missing in it."""

    def __init__(
        self,
        lab: Lab,
        cases: Sequence[Case],
        *,
        ours: Ours,
        pace: Pace,
        limits: Limits,
        repeat: int = 1,
        folder: Path | None = None,
        tell: Callable[[News], None] = lambda _news: None,
    ) -> None:
        self._lab = lab
        self._cases = tuple(cases)
        self._ours = ours
        self._pace = pace
        self._limits = limits
        self._repeat = repeat
        self._folder = folder
        self._tell = tell
        self._tried: dict[Case, list[Tried]] = {case: [] for case in self._cases}
        self._started = datetime.now().astimezone()
        self._complete = False

    async def run(self) -> Round:
        """Raises AwayError when the server stays away: no more can be tried. When it is cut, all its plays are ended."""
        tasks = [
            asyncio.create_task(self._one(case, number))
            for number in range(1, self._repeat + 1)
            for case in self._cases
            if not case.skip
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._complete = True
        return self.result()

    def result(self) -> Round:
        return Round(
            started=self._started,
            finished=datetime.now().astimezone(),
            complete=self._complete,
            outcomes=tuple(
                Outcome(
                    kind=case.kind,
                    name=case.name,
                    case=case.case,
                    title=case.title,
                    tried=tuple(sorted(tried, key=lambda one: one.number)),
                    reason=case.skip,
                )
                for case, tried in self._tried.items()
                if tried or case.skip
            ),
        )

    async def _one(self, case: Case, number: int) -> None:
        folder = f"{plain(case.kind)}/{plain(case.name)}/{plain(case.case)}-{number}"
        async with self._pace.turn(case.memory):
            began = asyncio.get_running_loop().time()
            verdict, folder = await self._tries(case, number, folder)
            seconds = asyncio.get_running_loop().time() - began
        tried = Tried(
            number=number,
            result=verdict.result,
            reason=verdict.reason[:_REASON_LIMIT],
            seconds=round(seconds, 1),
            folder=folder if self._folder is not None else "",
        )
        self._tried[case].append(tried)
        self._tell(News(case=case, number=number, of=self._repeat, tried=tried))

    async def _tries(self, case: Case, number: int, folder: str) -> tuple[Verdict, str]:
        def tell(doing: str) -> None:
            self._tell(News(case=case, number=number, of=self._repeat, doing=doing))

        why, name = "", folder
        for turn in range(1 + _ANEW):
            name = folder if turn == 0 else f"{folder}-anew-{turn}"
            evidence = Evidence(None if self._folder is None else self._folder / name)
            try:
                return await attempt(self._lab, case, self._limits, self._ours, evidence, tell), name
            except VoidError as error:
                why = error.message
                tell(f"{why}; begun anew")
        return Verdict(result=Result.BROKEN, reason=f"begun {1 + _ANEW} times: {why}"), name
