"""What machines take is measured while somebody looks, and for all who do at once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from labyard.control import loads
from labyard.control.loads import Loads
from labyard.control.plays import Plays
from labyard.errors import NotFoundError
from labyard.hosts.contract import Host, MachineLoad, MachineLoads
from labyard.play.status import PlayState


class Measured:
    """`states`: the plays that there are."""

    def __init__(self, **states: PlayState) -> None:
        self.states = states
        self.asked: list[str] = []
        self.gone = False

    async def get(self, owner: str, play_id: str) -> Any:
        if owner != "ada" or play_id not in self.states:
            raise NotFoundError("no such play")
        return SimpleNamespace(row=SimpleNamespace(state=self.states[play_id]))

    async def machine_loads(self, play_id: str) -> MachineLoads:
        self.asked.append(play_id)
        await asyncio.sleep(0)
        if self.gone:
            raise NotFoundError("not here")
        return MachineLoads(at=1.0, machines=(MachineLoad(name="node-01", cpus=2),))

    def loads(self) -> Loads:
        return Loads(cast(Plays, self), cast(Host, self))


async def test_many_who_look_cost_one_measurement_per_play() -> None:
    box = Measured(a=PlayState.RUNNING, b=PlayState.RUNNING)
    looked = box.loads()
    await asyncio.gather(*(looked.of("ada", play) for play in "ab" * 100))
    assert sorted(box.asked) == ["a", "b"]


async def test_plays_without_machines_are_not_measured() -> None:
    box = Measured(a=PlayState.STOPPED, b=PlayState.CREATED, c=PlayState.DESTROYED)
    looked = box.loads()
    assert [(await looked.of("ada", play)).machines for play in "abc"] == [()] * 3
    assert box.asked == []
    with pytest.raises(NotFoundError):
        await looked.of("eve", "a")


async def test_a_play_that_the_host_does_not_have_yet() -> None:
    box = Measured(a=PlayState.STARTING)
    box.gone = True
    assert (await box.loads().of("ada", "a")).machines == ()


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads, "REMEMBERED", 2)
    box = Measured(a=PlayState.RUNNING, b=PlayState.RUNNING, c=PlayState.RUNNING)
    looked = box.loads()
    for play in "abca":
        await looked.of("ada", play)
    assert box.asked == ["a", "b", "c", "a"], "a was forgotten"
    await looked.of("ada", "c")
    assert box.asked == ["a", "b", "c", "a"]
