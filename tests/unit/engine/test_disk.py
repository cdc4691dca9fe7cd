"""Who is halted when the disk runs short."""

from __future__ import annotations

from pathlib import Path

from labyard.engine.disk import to_halt
from labyard.engine.settings import GIB, EngineSettings

SETTINGS = EngineSettings(data=Path("/nowhere"), mark="abcdef", play_disk_budget=10 * GIB, disk_floor=2 * GIB)


def test_over_its_budget_a_play_is_halted_whatever_is_free() -> None:
    assert list(to_halt({"a": 11 * GIB, "b": GIB}, {}, 500 * GIB, SETTINGS)) == ["a"]


def test_below_the_floor_the_play_that_grew_most_is_halted_not_the_largest() -> None:
    sizes, before = {"large": 9 * GIB, "greedy": 3 * GIB}, {"large": 9 * GIB, "greedy": GIB}
    halted = to_halt(sizes, before, GIB, SETTINGS)
    assert list(halted) == ["greedy"]
    assert "1024 MiB of disk left" in halted["greedy"]


def test_with_room_nobody_is_halted() -> None:
    assert to_halt({"a": GIB}, {}, 100 * GIB, SETTINGS) == {}
    assert to_halt({"a": GIB}, {"a": GIB}, GIB, SETTINGS) == {}, "it did not grow: it is not the cause"
