"""A random walk over plays and their moments on real machines. A model says what each must show; nothing is left behind.

Briefly in `make test`; `make soak` takes LABYARD_SOAK steps. LABYARD_SEED walks the same way again.
"""

from __future__ import annotations

import os
import random
import secrets
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from tests.contract.host_contract import listed
from tests.support import leftovers
from tests.support.box import Box, small_plan
from tests.support.plays import BOOT, answered, forked, printed, restarted, runs, started
from tests.support.soak import SOAK

from labyard.errors import NotFoundError
from labyard.machine.process import find_all
from labyard.play.status import PlayState

pytestmark = pytest.mark.vm

STEPS = SOAK or 14
SEED = int(os.environ.get("LABYARD_SEED", "0")) or (secrets.randbelow(1 << 30) if SOAK else 5)
MOST_PLAYS = 3
MOST_SNAPSHOTS = 3

# Both have all files there ever were: one lies on a disk, the other is memory alone.
DISK, MEMORY = "/walk", "/dev/shm"


@dataclass
class Model:
    """What a play must show. `marks`: files on its disk; `fleeting`: those in memory, which a boot loses."""

    marks: set[str] = field(default_factory=set)
    fleeting: set[str] = field(default_factory=set)
    boot: str = ""
    running: bool = True
    snapshots: dict[str, Model] = field(default_factory=dict)

    def moment(self) -> Model:
        return Model(set(self.marks), set(self.fleeting), self.boot)


class Walk:
    """One box, its plays, and what is known of them."""

    def __init__(self, box: Box, seed: int) -> None:
        self.box = box
        self.random = random.Random(seed)  # noqa: S311 - to walk the same way again
        self.plays: dict[str, Model] = {}
        self.number = 0
        self.said: list[str] = []

    def _next(self) -> str:
        self.number += 1
        return f"{self.number:024x}"

    def _some(self, *, running: bool | None = None) -> str | None:
        found = [name for name, model in self.plays.items() if running is None or model.running is running]
        return self.random.choice(found) if found else None

    async def step(self) -> None:
        verbs = [self.start, self.mark, self.stop, self.restart, self.fork, self.snapshot, self.rewind, self.rewind]
        verbs += [self.mark, self.snapshot, self.fork, self.stop, self.restart, self.forget, self.destroy]
        verbs += [self.reboot, self.kill, self.again]
        verb: Callable[[], Awaitable[str | None]] = self.random.choice(verbs)
        play = await verb()
        self.said.append(f"{verb.__name__} {play or '-'}")
        if play is not None and play in self.plays and self.plays[play].running:
            await self.look(play)

    async def look(self, play: str) -> None:
        """It shows exactly what it must."""
        model = self.plays[play]
        await answered(self.box, play, "true")
        assert set((await printed(self.box, play, f"mkdir -p {DISK}; ls {DISK}")).split()) == model.marks, self.said
        shown = set((await printed(self.box, play, f"cd {MEMORY}; ls | grep ^mark || true")).split())
        assert shown == model.fleeting, self.said
        boot = (await printed(self.box, play, BOOT)).strip()
        if model.boot:
            assert boot == model.boot, self.said
        model.boot = boot

    # what may happen; each returns the play it happened to

    async def start(self) -> str | None:
        if len(self.plays) >= MOST_PLAYS:
            return None
        play = self._next()
        await started(self.box, play, small_plan())
        self.plays[play] = Model()
        return play

    async def mark(self) -> str | None:
        if (play := self._some(running=True)) is None:
            return None
        self.number += 1
        name = f"mark-{self.number}"
        await printed(self.box, play, f"mkdir -p {DISK}; touch {DISK}/{name} {MEMORY}/{name}; sync")
        self.plays[play].marks.add(name)
        self.plays[play].fleeting.add(name)
        return play

    async def stop(self) -> str | None:
        if (play := self._some(running=True)) is None:
            return None
        await self.box.host.stop(play)
        self.plays[play].running = False
        report = await listed(self.box.host, play)
        assert report is not None and "exactly here" in report.detail, (self.said, report)
        return play

    async def restart(self) -> str | None:
        if (play := self._some(running=False)) is None:
            return None
        await restarted(self.box, play)
        self.plays[play].running = True
        return play

    async def fork(self) -> str | None:
        if len(self.plays) >= MOST_PLAYS or (source := self._some()) is None:
            return None
        play = self._next()
        await forked(self.box, play, source)
        self.plays[play] = self.plays[source].moment()
        if self.plays[source].running:
            await self.look(source)
        return play

    async def snapshot(self) -> str | None:
        if (play := self._some()) is None or len(self.plays[play].snapshots) >= MOST_SNAPSHOTS:
            return None
        name = f"s{self.number}-{len(self.said)}"
        await self.box.host.snapshot(play, name)
        self.plays[play].snapshots[name] = self.plays[play].moment()
        return play

    async def rewind(self) -> str | None:
        play = next((name for name, model in self.plays.items() if model.snapshots), None)
        if play is None:
            return None
        model = self.plays[play]
        name = self.random.choice(sorted(model.snapshots))
        await self.box.host.rewind(play, name)
        if model.running:
            await runs(self.box, play)
        then = model.snapshots[name].moment()
        model.marks, model.fleeting, model.boot = then.marks, then.fleeting, then.boot
        return play

    async def forget(self) -> str | None:
        if (play := self._some()) is None or not self.plays[play].snapshots:
            return None
        await self.box.host.remove_snapshot(play, self.plays[play].snapshots.popitem()[0])
        with pytest.raises(NotFoundError):
            await self.box.host.rewind(play, "never")
        return play

    async def destroy(self) -> str | None:
        if len(self.plays) < 2 or (play := self._some()) is None:
            return None
        await self.box.host.destroy(play)
        del self.plays[play]
        return play

    async def reboot(self) -> str | None:
        return await self._boots(lambda play: self.box.host.machine(play, "node-01", "reboot"))

    async def kill(self) -> str | None:
        """Its machine's process, then it is started again."""

        async def kill(play: str) -> None:
            assert self.box.engine is not None
            machine = self.box.engine.play(play).find("node-01")
            for found in find_all(self.box.mark):
                if machine.process is not None and found.pid == machine.process.pid:
                    os.kill(found.pid, signal.SIGKILL)
            await machine.off.wait()
            await self.box.host.machine(play, "node-01", "restart")

        return await self._boots(kill)

    async def _boots(self, verb: Callable[[str], Awaitable[None]]) -> str | None:
        if (play := self._some(running=True)) is None:
            return None
        before = (await printed(self.box, play, BOOT)).strip()
        await printed(self.box, play, "sync")
        await verb(play)
        while (await answered(self.box, play, BOOT)).strip() == before:
            pass
        self.plays[play].fleeting, self.plays[play].boot = set(), ""
        return play

    async def again(self) -> str | None:
        """The engine ends and another one takes over."""
        await self.box.leave()
        await self.box.enter()
        for play, model in self.plays.items():
            report = await listed(self.box.host, play)
            assert report is not None
            assert report.state is (PlayState.RUNNING if model.running else PlayState.STOPPED), self.said
        return self._some(running=True)


async def test_a_random_walk_leaves_nothing_behind(box: Box) -> None:
    walk = Walk(box, SEED)
    await walk.start()
    for _ in range(STEPS):
        try:
            await walk.step()
        except BaseException as error:
            error.add_note(f"LABYARD_SEED={SEED}, after {len(walk.said)} steps: {', '.join(walk.said[-20:])}")
            raise
    assert await box.host.scrub() == []
    for play, model in walk.plays.items():
        if not model.running:
            await restarted(box, play)
        model.running = True
        await walk.look(play)
        await box.host.destroy(play)
    left = leftovers.look(box.data, box.mark)
    assert not left, left
