from __future__ import annotations

import pytest

from labyard.bots.cases import Case, Stock, choose
from labyard.bots.lab import Lesson, Playground, Solution
from labyard.errors import NotFoundError

STOCK = Stock(
    playgrounds=(Playground(name="lan", memory=7), Playground(name="k8s", internet=True)),
    lessons=(
        Lesson(kind="challenge", name="nat", playground="lan"),
        Lesson(kind="tutorial", name="lan", playground="lan"),
        Lesson(kind="challenge", name="pods", playground="k8s"),
        Lesson(kind="challenge", name="unsolved", playground="lan"),
        Lesson(kind="challenge", name="unread", problem="cannot be read: no title"),
        Lesson(kind="course", name="tools/first/one", playground="lan"),
    ),
    solutions={
        ("challenge", "nat"): (Solution(name="a", script="x"), Solution(name="b", script="y")),
        ("tutorial", "lan"): (Solution(name="solution", script="z"),),
        ("challenge", "pods"): (Solution(name="solution", script="z"),),
        ("course", "tools/first/one"): (Solution(name="solution", script="z"),),
    },
)


def told(cases: tuple[Case, ...]) -> list[str]:
    return [str(case) + (f" ({case.skip or case.problem})" if case.skip or case.problem else "") for case in cases]


def test_everything() -> None:
    assert told(choose(STOCK, (), internet=False)) == [
        "playground lan cold",
        "playground lan warm",
        "playground k8s cold (it needs the internet)",
        "playground k8s warm (it needs the internet)",
        "challenge nat a",
        "challenge nat b",
        "tutorial lan solution",
        "challenge pods solution (it needs the internet)",
        "challenge unread - (cannot be read: no title)",
        "course tools/first/one solution",
    ]
    assert not any(case.skip for case in choose(STOCK, (), internet=True))
    assert [lesson.name for lesson in STOCK.unproven] == ["unsolved", "unread"]


def test_by_name_and_by_kind() -> None:
    assert told(choose(STOCK, ("lan",), internet=False)) == [
        "playground lan cold",
        "playground lan warm",
        "tutorial lan solution",
    ]
    assert told(choose(STOCK, ("tutorial/lan", "course/tools/first/one"), internet=False)) == [
        "tutorial lan solution",
        "course tools/first/one solution",
    ]
    with pytest.raises(NotFoundError, match="no lesson 'nat2'"):
        choose(STOCK, ("nat", "nat2"), internet=False)


def test_a_lesson_takes_the_memory_of_its_playground() -> None:
    assert {case.memory for case in choose(STOCK, ("nat",), internet=False)} == {7}
