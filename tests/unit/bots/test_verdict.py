from __future__ import annotations

import pytest

from labyard.bots.lab import TaskSight
from labyard.bots.verdict import Verdict, solved, unprepared, unseen, unsolved, untouched

INIT = TaskSight(name="prepare", init=True, status=40)
HELPER = TaskSight(name="traffic", helper=True, status=30, runs=9)


def task(name: str, status: int = 30, runs: int = 2, **more: object) -> TaskSight:
    return TaskSight(name=name, status=status, runs=runs, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tasks", "verdict"),
    [
        ((), Verdict()),
        ((INIT, HELPER), Verdict()),
        ((INIT, task("a"), task("b", runs=7)), Verdict()),
        ((task("a", runs=1), task("b", status=10, runs=0)), Verdict(waits=("a", "b"))),
        ((task("a"), task("b", status=40)), Verdict(wrong="green before anything was done: task b")),
        ((task("a", 40, 1), task("b", 40)), Verdict(wrong="green before anything was done: tasks a, b")),
        ((task("a", 35),), Verdict(wrong="failed for good before anything was done: task a")),
        # waits for another check, so nothing can be asked of it
        ((task("a"), task("b", 20, 0, needs=("a",))), Verdict()),
        ((task("a", runs=1), task("b", 20, 0, needs=("prepare",))), Verdict(waits=("a", "b"))),
        # for ever, as helpers are never completed
        ((HELPER, task("a", 20, 0, needs=("traffic",))), Verdict(waits=("a",))),
    ],
)
def test_before_the_solution(tasks: tuple[TaskSight, ...], verdict: Verdict) -> None:
    assert untouched(tasks) == verdict


@pytest.mark.parametrize(
    ("tasks", "verdict"),
    [
        ((INIT, HELPER), Verdict()),
        ((INIT, task("a", 40), HELPER), Verdict()),
        ((task("a", 40), task("b"), task("c", 20, 0)), Verdict(waits=("b", "c"))),
        ((task("a", 40), task("b", 35, exit_code=4)), Verdict(wrong="failed for good: task b, exit status 4")),
        ((TaskSight(name="prepare", init=True, status=30), task("a", 40)), Verdict(waits=("prepare",))),
    ],
)
def test_after_the_solution(tasks: tuple[TaskSight, ...], verdict: Verdict) -> None:
    assert solved(tasks) == verdict
    assert solved(tasks).settled is (bool(verdict.wrong) or not verdict.waits)


def test_words() -> None:
    slow = task("slow", runs=1)
    assert unseen((slow,), ("slow",)) == "not carried out twice: task slow, 1 of 2 times"
    red = task("red", exit_code=1, stdout="out", stderr="+ ping\nno answer\n\n")
    never = task("never", 20, 0)
    assert unsolved((red, never, slow), ("red", "never")) == (
        "not completed: task red, exit status 1: no answer; task never was never carried out"
    )
    failed = TaskSight(name="apt", init=True, status=35, exit_code=100, stderr="no network")
    assert unprepared((INIT, failed)) == "task apt, exit status 100: no network"
