"""What a round tries: every playground cold and warm, every lesson with each of its solutions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from labyard.bots.lab import PLAYGROUND, Lesson, Playground, Solution
from labyard.errors import NotFoundError

COLD, WARM = "cold", "warm"
_INTERNET = "it needs the internet"
_MEMORY = 1 << 30  # bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One thing to be tried. `case`: `cold` or `warm` of a playground, else the solution's name.

    `skip`: why it is not run here; `problem`: why it cannot be. `memory`: what its play takes, in bytes, about.
    """

    kind: str
    name: str
    case: str
    title: str = ""
    script: str = ""
    skip: str = ""
    problem: str = ""
    memory: int = _MEMORY

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.case}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """What a server has. `solutions`: of lessons that have some."""

    playgrounds: tuple[Playground, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    solutions: Mapping[tuple[str, str], Sequence[Solution]]

    def of(self, lesson: Lesson) -> Sequence[Solution]:
        return self.solutions.get((lesson.kind, lesson.name), ())

    @property
    def unproven(self) -> tuple[Lesson, ...]:
        """Challenges that no script solves: nobody knows whether they can be."""
        return tuple(lesson for lesson in self.lessons if lesson.kind == "challenge" and not self.of(lesson))


def choose(stock: Stock, names: Sequence[str], *, internet: bool) -> tuple[Case, ...]:
    """The cases of these names (`NAME` or `KIND/NAME`), of all when there are none; playgrounds first.

    NotFoundError for a name that nothing has. `internet`: what needs it is tried too.
    """
    subjects: list[Playground | Lesson] = [*stock.playgrounds, *stock.lessons]
    missing = [name for name in names if not any(_called(subject, name) for subject in subjects)]
    if missing:
        raise NotFoundError(
            f"there is no playground and no lesson {missing[0][:80]!r}", hint="`labyard bot list` shows what there is"
        )
    wanted = [each for each in subjects if not names or any(_called(each, name) for name in names)]
    return tuple(case for subject in wanted for case in _cases(stock, subject, internet=internet))


def _called(subject: Playground | Lesson, name: str) -> bool:
    kind = PLAYGROUND if isinstance(subject, Playground) else subject.kind
    return name in (subject.name, f"{kind}/{subject.name}")


def _cases(stock: Stock, subject: Playground | Lesson, *, internet: bool) -> Iterable[Case]:
    if isinstance(subject, Playground):
        skip = _INTERNET if subject.internet and not internet else ""
        for case in (COLD, WARM):
            yield Case(
                kind=PLAYGROUND,
                name=subject.name,
                case=case,
                title=subject.title,
                skip=skip,
                problem=subject.problem,
                memory=subject.memory,
            )
        return
    ground = next((each for each in stock.playgrounds if each.name == subject.playground), None)
    needs = subject.internet or (ground is not None and ground.internet)
    solutions = stock.of(subject)
    if subject.problem and not solutions:
        solutions = (Solution(name="-", script=""),)  # what cannot be read is told, whatever it would have had
    for solution in solutions:
        yield Case(
            kind=subject.kind,
            name=subject.name,
            case=solution.name,
            title=subject.title,
            script=solution.script,
            skip=_INTERNET if needs and not internet else "",
            problem=subject.problem,
            memory=_MEMORY if ground is None else ground.memory,
        )
