from __future__ import annotations

import asyncio

import pytest

from labyard.control.sampling import Sampled


class Slow:
    def __init__(self) -> None:
        self.asked = 0
        self.broken = False

    async def __call__(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        if self.broken:
            raise OSError("broken")
        return self.asked


async def test_many_who_ask_at_once_cost_one_measurement() -> None:
    slow, now = Slow(), [0.0]
    sampled = Sampled(slow, 5, clock=lambda: now[0])
    assert await asyncio.gather(*(sampled.get() for _ in range(50))) == [1] * 50
    now[0] = 4.9
    assert await sampled.get() == 1
    now[0] = 5.0
    assert await sampled.get() == 2


async def test_trouble_is_told_and_not_kept() -> None:
    slow = Slow()
    sampled = Sampled(slow, 5)
    slow.broken = True
    with pytest.raises(OSError, match="broken"):
        await sampled.get()
    slow.broken = False
    assert await sampled.get() == 2
