"""An engine that is killed at one step of one verb: `python -m tests.support.cut DATA POINT VERB PLAY [OTHER]`.

SIGKILL, so nothing that it would have cleared up is cleared up. `cut` runs it against a box whose engine has left.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from labyard.engine import bring_up, capture, engine, keeping, live_play, moments, snapshot
from labyard.engine.live_machine import LiveMachine
from labyard.machine.machine import Machine
from labyard.machine.process import find_all
from labyard.play.status import PlayState
from tests.support.box import Box, small_plan
from tests.support.lab import ROOT

POINTS: Final[dict[str, list[tuple[Any, str]]]] = {
    "frozen": [(LiveMachine, "freeze")],
    "paused": [(LiveMachine, "pause")],
    "written": [(Machine, "save_devices")],
    "gathered": [(capture, "_link_rest")],
    "recorded": [(snapshot, "replace_file")],
    "published": [(keeping, "publish")],
    "ended": [(LiveMachine, "end")],
    "copied": [(moments, "copy_snapshot"), (bring_up, "copy_snapshot")],
    "laid": [(Machine, "load")],
    "consumed": [(bring_up.BringUp, "_consume")],
    "seated": [(engine.Engine, "_seat")],
    "rested": [(live_play.LivePlay, "rest")],
}
"""Names for steps: the server dies right after the first of these calls."""


async def take(box: Box, play: str, run: str) -> None:
    """Start it once before, so that one waits for the second time; where that is the point, it dies there."""
    await box.host.start("f" * 24, small_plan(run))
    assert box.engine is not None
    while not any(each.at_rest for each in box.engine._plays.values()):  # noqa: ASYNC110 - nobody is told
        await asyncio.sleep(0.05)
    await box.host.destroy("f" * 24)
    await box.host.start(play, small_plan(run))


VERBS: Final[dict[str, Callable[..., Awaitable[object]]]] = {
    "stop": lambda box, play: box.host.stop(play),
    "restart": lambda box, play: box.host.restart(play),
    "snapshot": lambda box, play: box.host.snapshot(play, "cut"),
    "rewind": lambda box, play: box.host.rewind(play, "early"),
    "fork": lambda box, play, other: box.host.fork(other, play),
    "start": lambda box, play, run: box.host.start(play, small_plan(run)),
    "take": take,
}


def deadly(owner: Any, name: str) -> None:
    """Dying follows this call."""
    real = getattr(owner, name)

    def call(*arguments: Any, **named: Any) -> Any:
        result = real(*arguments, **named)
        if inspect.isawaitable(result):
            return _awaited(result)
        return _die()

    setattr(owner, name, call)


async def _awaited(result: Awaitable[object]) -> None:
    await result
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def run(data: Path, point: str, verb: str, *arguments: str) -> None:
    box = Box(data)
    await box.enter()
    for report in await box.host.list():
        if report.state is PlayState.RUNNING:
            assert box.engine is not None
            await asyncio.gather(*(each.up.wait() for each in box.engine.play(report.id).machines.values()))
    for owner, name in POINTS[point]:
        deadly(owner, name)
    await VERBS[verb](box, *arguments)
    await asyncio.sleep(300)  # it dies in the background


async def cut(box: Box, point: str, verb: str, *arguments: str, everything: bool = False) -> None:
    """The box's server is killed at `point` of a verb; `everything`: and all its machines. Then there is another server."""
    await box.leave()
    command = [sys.executable, "-m", "tests.support.cut", str(box.data), point, verb, *arguments]
    path = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env={**os.environ, **path})
    assert await process.wait() == -signal.SIGKILL
    if everything:
        for found in find_all(box.mark):
            os.kill(found.pid, signal.SIGKILL)
    await box.enter()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), *sys.argv[2:]))
