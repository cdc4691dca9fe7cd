"""How many plays wait for somebody, by what was asked for lately; which of them is given out."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.engine.shelf import plan_of

from labyard.engine.live_play import LivePlay
from labyard.engine.settings import EngineSettings
from labyard.engine.waiting import REMEMBERED, RUSH, Demand, Waiting, wanted
from labyard.errors import MachineError
from labyard.play.plan import PlayPlan

NOW = 10_000.0
PLAN = plan_of()


def asked(*ago: float) -> Demand:
    """Started so many seconds ago, newest last."""
    return Demand(PLAN, tuple(NOW - each for each in ago))


@pytest.mark.parametrize(
    ("demand", "each", "most", "expected"),
    [
        ({}, 3, 4, {}),
        ({"a": asked(100)}, 3, 4, {"a": 1}),
        ({"a": asked(REMEMBERED + 1)}, 3, 4, {}),
        ({"a": asked(REMEMBERED + 1, 5)}, 3, 4, {"a": 1}),
        ({"a": asked(3, 2)}, 3, 4, {"a": 2}),
        ({"a": asked(RUSH + 5, 3, 2)}, 3, 4, {"a": 2}),
        ({"a": asked(5, 4, 3, 2)}, 3, 4, {"a": 3}),
        ({"a": asked(5, 4, 3), "b": asked(2, 1)}, 3, 4, {"b": 2, "a": 2}),
        ({"a": asked(9), "b": asked(5), "c": asked(1)}, 3, 2, {"c": 1, "b": 1}),
        ({"a": asked(1)}, 0, 4, {}),
        ({"a": asked(1)}, 3, 0, {}),
    ],
)
def test_wanted(demand: dict[str, Demand], each: int, most: int, expected: dict[str, int]) -> None:
    assert wanted(demand, NOW, each=each, most=most) == expected


ago = st.lists(st.floats(0, 2 * REMEMBERED), min_size=1, max_size=6).map(
    lambda each: asked(*sorted(each, reverse=True))
)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=2), ago), st.integers(0, 5), st.integers(0, 8))
def test_wanted_keeps_to_its_bounds(demand: dict[str, Demand], each: int, most: int) -> None:
    found = wanted(demand, NOW, each=each, most=most)
    assert sum(found.values()) <= most
    assert all(0 < count <= each for count in found.values())
    assert all(NOW - demand[key].starts[-1] <= REMEMBERED for key in found)
    alive = [key for key in demand if NOW - demand[key].starts[-1] <= REMEMBERED]
    left_out = [key for key in alive if key not in found]
    if left_out and each and most:
        assert sum(found.values()) == most, "nobody is left out while there is room"
        newest = max(demand[key].starts[-1] for key in left_out)
        assert all(demand[key].starts[-1] >= newest for key in found), "who asked last comes first"


class Sitting:
    """Stands for a play that waits."""

    def __init__(self, key: str) -> None:
        self.key, self.at_rest = key, True


class Room:
    """Where they are made and ended."""

    def __init__(self) -> None:
        self.made: list[Sitting] = []
        self.ended: list[Sitting] = []
        self.free, self.fails = True, False
        settings = EngineSettings(data=Path("/nowhere"), mark="abcdef", waiting_each=2, waiting_most=3)
        self.waiting = Waiting(settings, self._make, self._end, lambda _: self.free)

    async def _make(self, _: PlayPlan, key: str) -> LivePlay:
        if self.fails:
            raise MachineError("it does not come up")
        self.made.append(Sitting(key))
        return cast(LivePlay, self.made[-1])

    async def _end(self, play: LivePlay) -> None:
        self.ended.append(cast(Sitting, play))

    def claim(self, key: str) -> Sitting | None:
        return cast(Sitting | None, self.waiting.claim(key, PLAN))


async def test_one_waits_after_the_first_start_and_more_in_a_rush() -> None:
    room = Room()
    assert room.claim("a") is None
    await room.waiting.even_out()
    assert len(room.made) == 1
    assert room.claim("a") is room.made[0]
    await room.waiting.even_out()
    assert len(room.made) == 3, "two starts within a minute: two are to wait"
    assert room.claim("b") is None
    await room.waiting.even_out()
    assert [each.key for each in room.made] == ["a", "a", "a", "b"]


async def test_one_that_died_is_ended_and_never_given_out() -> None:
    room = Room()
    room.claim("a")
    await room.waiting.even_out()
    room.made[0].at_rest = False
    assert room.claim("a") is None
    assert room.ended == []
    await room.waiting.even_out()
    assert room.ended == room.made[:1]


async def test_all_go_when_room_is_needed() -> None:
    room = Room()
    for key in ("a", "b"):
        room.claim(key)
    await room.waiting.even_out()
    await room.waiting.make_room()
    assert room.ended == room.made and len(room.made) == 2
    assert room.claim("a") is None


async def test_nothing_is_made_while_it_may_not_be_or_cannot() -> None:
    room = Room()
    room.claim("a")
    room.free = False
    await room.waiting.even_out()
    room.free, room.fails = True, True
    await room.waiting.even_out()
    assert room.made == []
    room.fails = False
    await room.waiting.even_out()
    assert len(room.made) == 1


async def test_who_is_not_asked_for_any_more_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.claim("a")
    await room.waiting.even_out()
    later = time.monotonic() + REMEMBERED + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    await room.waiting.even_out()
    assert room.ended == room.made


async def test_an_end_that_fails_does_not_end_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    work = asyncio.create_task(room.waiting.run())
    made = asyncio.Event()
    room.claim("a")

    async def end(_: LivePlay) -> None:
        raise MachineError("it does not go")

    async def make(_: PlayPlan, key: str) -> LivePlay:
        made.set()
        return cast(LivePlay, Sitting(key))

    monkeypatch.setattr(room.waiting, "_end", end)
    monkeypatch.setattr(room.waiting, "_make", make)
    room.waiting._spoiled.append(cast(LivePlay, Sitting("a")))
    await asyncio.wait_for(made.wait(), 10)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
