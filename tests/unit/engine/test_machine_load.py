"""What one machine takes; guests that say nonsense, or nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.engine.test_load import process

from labyard.engine import machine_load
from labyard.engine.live_machine import LiveMachine
from labyard.engine.machine_load import MachineTaken, taken_by
from labyard.errors import GuestError

HERTZ = os.sysconf("SC_CLK_TCK")


def machine(answer: Any, *, pid: int | None = 7) -> LiveMachine:
    async def call(op: str) -> Any:
        assert op == "memory"
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            await asyncio.Event().wait()
        return answer

    made = SimpleNamespace(name="node-01", process=None if pid is None else SimpleNamespace(pid=pid), call=call)
    return cast(LiveMachine, made)


async def test_the_guest_says_what_is_in_use(tmp_path: Path) -> None:
    process(tmp_path, 7, ticks=HERTZ, pss=100)
    taken = await taken_by(machine({"total": 1000, "available": 400}), tmp_path)
    assert taken == MachineTaken(name="node-01", cpu_seconds=2.0, memory=600, total=1000, by_guest=True)


@pytest.mark.parametrize(
    "answer",
    [
        GuestError("no"),
        None,
        {},
        {"total": "many", "available": 1},
        {"total": 0, "available": 0},
        {"total": 10, "available": -1},
        {"total": 1 << 60, "available": 0},
        {"total": True, "available": [1]},
    ],
)
async def test_of_who_does_not_say_the_process_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr(machine_load, "PATIENCE", 0.02)
    process(tmp_path, 7, ticks=HERTZ, pss=100)
    taken = await taken_by(machine(answer), tmp_path)
    assert taken == MachineTaken(name="node-01", cpu_seconds=2.0, memory=100 << 10)


async def test_more_available_than_there_is(tmp_path: Path) -> None:
    process(tmp_path, 7, ticks=HERTZ, pss=100)
    assert (await taken_by(machine({"total": 10, "available": 20}), tmp_path)).memory == 0


async def test_what_is_off_takes_nothing(tmp_path: Path) -> None:
    nothing = MachineTaken(name="node-01")
    assert await taken_by(machine(None, pid=None), tmp_path) == nothing
    assert await taken_by(machine(None, pid=4711), tmp_path) == nothing, "it has just gone"
