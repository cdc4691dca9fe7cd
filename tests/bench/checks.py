"""What checks cost a machine that is looked at: thirty regular tasks which run and fail, again and again."""

from __future__ import annotations

import asyncio
import secrets
import time

from labyard.play.plan import TaskKind, TaskPlan
from labyard.play.status import PlayState
from tests.bench.client import PATIENCE
from tests.bench.engine import box_of, plan_of, settings
from tests.bench.figure import Figure, alone
from tests.bench.servers import UNLIMITED, processor_seconds
from tests.support.box import Box
from tests.support.lab import Lab

TASKS = 30
IN_USE, IDLE = 30.0, 6.0  # percent of a processor, at most
SPAN = 30.0
"""Seconds that are looked at."""
CALM = 75.0
"""Seconds without use after which checks are slowest (examiner/internal/tasks/pace.go)."""
USE_EVERY = 5.0
PLAIN = "test -e /run/done-{}"
OTHERS = {"that fork": "cd /run && test -e done-{}", "that start a program": "grep -q done-{} /etc/passwd"}
"""Scripts that the waiting shell cannot run by itself; nothing is promised of them."""


async def checks(lab: Lab, rounds: int) -> list[Figure]:
    with settings({"LABYARD_WAITING_EACH": "0", **UNLIMITED}):
        async with box_of(lab) as box:
            bare = await _play(box, 0)
            play = await _play(box, TASKS)
            values: dict[str, list[float]] = {"in use": [], "idle": [], "runs": [], **{name: [] for name in OTHERS}}
            for _ in range(rounds):
                values["in use"].append(await _share(box, play, used=True) - await _share(box, bare, used=True))
                await asyncio.sleep(CALM)
                before = _runs(box, play)
                values["idle"].append(await _share(box, play) - await _share(box, bare))
                values["runs"].append((_runs(box, play) - before) / TASKS)
            await box.host.destroy(play)
            for name, run in OTHERS.items():
                play = await _play(box, TASKS, run)
                await asyncio.sleep(SPAN)  # what is run for the first time is translated
                for _ in range(rounds):
                    values[name].append(await _share(box, play, used=True) - await _share(box, bare, used=True))
                await box.host.destroy(play)
    what = f"{TASKS} checks of `debian` (`test -e FILE`), more than it takes without them, by its QEMU's processor time"
    return [
        alone("checks of a machine in use", "% of a core", values["in use"], what, limit=IN_USE),
        alone("... of an idle one", "% of a core", values["idle"], what, limit=IDLE),
        alone("... each of them ran while it was idle", "times", values["runs"], f"as told, in about {2 * SPAN:g} s"),
        *(alone(f"... in use, {name}", "% of a core", values[name], f"`{OTHERS[name]}`") for name in OTHERS),
    ]


async def _play(box: Box, count: int, run: str = PLAIN) -> str:
    plan = plan_of(box, "debian")
    tasks = tuple(
        TaskPlan(
            name=f"check-{number}",
            machine=plan.machines[0].name,
            kind=TaskKind.REGULAR,
            run=run.format(number),
            of_lesson=True,
        )
        for number in range(count)
    )
    play = secrets.token_hex(12)
    assert box.engine is not None
    async with asyncio.timeout(PATIENCE):
        await box.host.start(play, plan.model_copy(update={"tasks": (*plan.tasks, *tasks)}))
        await box.engine.play(play).brought_up()
        if box.engine.play(play).report.state is not PlayState.RUNNING:
            raise RuntimeError(f"it did not start: {box.engine.play(play).report}")
        while _runs(box, play) < count * 2:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.5)
    return play


def _runs(box: Box, play: str) -> int:
    assert box.engine is not None
    return sum(task.runs for task in box.engine.play(play).report.tasks)


async def _share(box: Box, play: str, *, used: bool = False) -> float:
    """Percent of a processor that its machine takes."""
    assert box.engine is not None
    (machine,) = box.engine.play(play).machines.values()
    assert machine.process is not None
    began, spent = time.monotonic(), processor_seconds(machine.process.pid)
    while (left := SPAN - (time.monotonic() - began)) > 0:
        if used:
            await machine.call("used")
        await asyncio.sleep(min(left, USE_EVERY))
    return (processor_seconds(machine.process.pid) - spent) / (time.monotonic() - began) * 100
