"""Tasks of a lesson on real machines: what becomes of them when machines, engine and play come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.support.box import Box, small_plan
from tests.support.plays import BOOT, PATIENCE, answered, printed, runs, started

from labyard.play.plan import PlayPlan, Reference, Setting, TaskKind, TaskPlan
from labyard.play.status import TaskReport, TaskStatus

pytestmark = pytest.mark.vm

PLAY = "a" * 24
FORK = "b" * 24


def lesson(*tasks: TaskPlan, machines: int = 1) -> PlayPlan:
    plan = small_plan(machines=machines)
    return plan.model_copy(update={"tasks": (*plan.tasks, *tasks), "lesson": "challenge/test"})


def check(name: str, run: str, **fields: object) -> TaskPlan:
    return TaskPlan.model_validate(
        {"name": name, "machine": "node-01", "kind": TaskKind.REGULAR, "run": run, "timeout": 20, **fields}
    )


async def task(box: Box, play: str, name: str, holds: Callable[[TaskReport], bool]) -> TaskReport:
    """How it stands, once that holds."""
    last = None
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                report = next(each for each in await box.host.list() if each.id == play)
                last = next((each for each in report.tasks if each.name == name), None)
                if last is not None and holds(last):
                    return last
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{name}: {last}") from None


def stands(status: TaskStatus) -> Callable[[TaskReport], bool]:
    return lambda report: report.status is status


def ran(times: int) -> Callable[[TaskReport], bool]:
    return lambda report: report.runs >= times


async def test_red_then_green_across_machines_by_name_and_input(box: Box) -> None:
    """Needs of another machine, outputs handed on, input by the host and from inside, hints, a helper."""
    await box.host.start(
        PLAY,
        lesson(
            check("made", "test -e /made && echo 'a b'", hintcheck="echo make it"),
            check(
                "handed-on",
                'test "$GIVEN" = "a b"',
                machine="node-02",
                needs=("made",),
                env=(Setting(name="GIVEN", parts=(Reference(task="made"),)),),
            ),
            check("said", 'test "$WORD" = hello', env=(Setting(name="WORD", parts=(Reference(),)),)),
            check("helps", "echo x >>/helped", kind=TaskKind.HELPER),
            machines=2,
        ),
    )
    await runs(box, PLAY)
    red = await task(box, PLAY, "made", ran(2))
    assert (red.status, red.exit_code, red.hint) == (TaskStatus.RUNNING, 1, "make it")
    assert (await task(box, PLAY, "handed-on", stands(TaskStatus.BLOCKED))).runs == 0
    await printed(box, PLAY, "touch /made")
    await task(box, PLAY, "made", stands(TaskStatus.COMPLETED))
    await task(box, PLAY, "handed-on", stands(TaskStatus.COMPLETED))
    await box.engine.put_in(PLAY, "said", "no")  # type: ignore[union-attr]
    await task(box, PLAY, "said", lambda report: report.input == "no" and report.runs > 2)
    await box.engine.put_in(PLAY, "said", "hello")  # type: ignore[union-attr]
    await task(box, PLAY, "said", stands(TaskStatus.COMPLETED))
    assert (await printed(box, PLAY, "wc -l </helped")).strip() not in ("", "0", "1")


async def test_a_check_cannot_flood_its_machine(box: Box) -> None:
    """It forks without end, leaves programs behind, or prints for ever: it is bounded, and ended with its time."""
    bomb = "b() { b | b & b; }; b"
    await box.host.start(
        PLAY,
        lesson(
            check("forks", bomb, timeout=2),
            check("leaves", "sleep 1234 & sleep 1234 & false"),
            check("prints", "yes", timeout=1),
            check("fine", "test -e /made"),
        ),
    )
    await runs(box, PLAY)
    await task(box, PLAY, "forks", ran(2))
    await task(box, PLAY, "prints", lambda report: report.runs >= 2 and report.output_cut)
    await task(box, PLAY, "leaves", ran(3))
    left = await answered(box, PLAY, "ps | grep -c '[s]leep 1234' || true")
    assert int(left) <= 2, "of earlier runs nothing is left"
    await answered(box, PLAY, "touch /made")
    await task(box, PLAY, "fine", stands(TaskStatus.COMPLETED))


async def test_what_is_done_stays_done(box: Box) -> None:
    """A machine reboots, the engine is restarted, the play is stopped, forked and rewound."""
    done, later = check("done", "test -e /made"), check("later", "test -e /later")
    await box.host.start(PLAY, lesson(done, later, check("lost", "false", failcheck="test ! -e /broken")))
    await runs(box, PLAY)
    await task(box, PLAY, "later", ran(1))
    await printed(box, PLAY, "touch /made")
    await task(box, PLAY, "done", stands(TaskStatus.COMPLETED))
    await printed(box, PLAY, "rm /made; sync")

    await box.host.machine(PLAY, "node-01", "reboot")
    before = (await task(box, PLAY, "later", ran(1))).runs
    await answered(box, PLAY, "true")
    await task(box, PLAY, "later", lambda report: report.runs not in (before, before + 1))

    await box.leave()
    await box.enter()
    await answered(box, PLAY, "true")
    await box.host.snapshot(PLAY, "before")
    await printed(box, PLAY, "touch /later /broken")
    await task(box, PLAY, "later", stands(TaskStatus.COMPLETED))
    await task(box, PLAY, "lost", stands(TaskStatus.FAILED))

    await box.host.fork(FORK, PLAY)
    await runs(box, FORK)
    for name, status in (("done", 40), ("later", 40), ("lost", 35)):
        assert (await task(box, FORK, name, ran(1))).status == status
    await box.host.destroy(FORK)

    await box.host.stop(PLAY)
    await box.host.restart(PLAY)
    await runs(box, PLAY)
    assert (await task(box, PLAY, "lost", ran(1))).status is TaskStatus.FAILED

    await box.host.rewind(PLAY, "before")
    await runs(box, PLAY)
    assert (await task(box, PLAY, "done", ran(1))).status is TaskStatus.COMPLETED
    open_again = await task(box, PLAY, "later", stands(TaskStatus.RUNNING))
    await task(box, PLAY, "later", lambda report: report.version > open_again.version)
    await printed(box, PLAY, "touch /later")
    await task(box, PLAY, "later", stands(TaskStatus.COMPLETED))


async def test_a_killed_examiner_goes_on_with_its_tasks(box: Box) -> None:
    await box.host.start(PLAY, lesson(check("done", "test -e /made"), check("later", "test -e /later")))
    await runs(box, PLAY)
    await printed(box, PLAY, "touch /made")
    await task(box, PLAY, "done", stands(TaskStatus.COMPLETED))
    await printed(box, PLAY, "rm /made; (sleep 0.5; pkill -9 -f labyard-examiner) >/dev/null 2>&1 &")
    await answered(box, PLAY, "touch /later")
    await task(box, PLAY, "later", stands(TaskStatus.COMPLETED))
    assert (await task(box, PLAY, "done", ran(1))).status is TaskStatus.COMPLETED


async def test_a_lesson_is_prepared_in_a_fork_of_its_playground(box: Box) -> None:
    """What it prepares is there, once, in every start; its playground stays as it was, and nothing boots again."""
    playground = small_plan("echo once >>/playground")
    await started(box, PLAY, playground)
    boot = await printed(box, PLAY, BOOT)
    prepare = TaskPlan(
        name="own", machine="node-01", run="echo once >>/lesson", needs=("prepare",), of_lesson=True, kind=TaskKind.INIT
    )
    plan = playground.model_copy(update={"tasks": (*playground.tasks, prepare, check("look", "test -e /made"))})
    for _ in range(2):
        await started(box, FORK, plan)
        assert await printed(box, FORK, f"cat /playground /lesson; {BOOT}") == f"once\nonce\n{boot}"
        await task(box, FORK, "look", ran(1))
        await box.host.destroy(FORK)
    assert await printed(box, PLAY, "test -e /lesson || echo untouched") == "untouched\n"
    await started(box, FORK, playground)
    assert await printed(box, FORK, "test -e /lesson || echo untouched") == "untouched\n"
