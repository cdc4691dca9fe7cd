from __future__ import annotations

import asyncio

import pytest
from tests.unit.bots.fake_lab import GIB, FakeLab

from labyard.bots.lab import Room
from labyard.bots.pace import Pace, at_once
from labyard.bots.plays import Ours


@pytest.mark.parametrize(
    ("cpus", "free", "emulated", "running", "others", "allowed"),
    [
        (8, 64, False, 0, 0, 8),
        (8, 64, True, 0, 0, 4),
        (2, 64, True, 0, 0, 1),
        (1, 64, True, 0, 0, 1),
        (8, 4, False, 0, 0, 2),  # of 2 GiB each
        (8, 4, False, 3, 0, 5),  # what runs has its memory already
        (8, 1, False, 3, 0, 3),
        (8, -5, False, 0, 0, 1),  # the server's queue decides
        (8, 64, False, 0, 1, 1),
        (8, 64, False, 5, 2, 1),
    ],
)
def test_how_many_at_once(cpus: int, free: int, emulated: bool, running: int, others: int, allowed: int) -> None:
    room = Room(cpus=cpus, memory=100 * GIB, memory_used=(100 - free) * GIB, emulated=emulated)
    assert at_once(room, running=running, others=others, need=2 * GIB) == allowed


async def _most(lab: FakeLab, fixed: int | None, ours: Ours) -> int:
    pace = Pace(lab, ours, fixed, look_every=0.001)
    now = most = 0

    async def one() -> None:
        nonlocal now, most
        async with pace.turn(GIB):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.05)
            now -= 1

    await asyncio.gather(*(one() for _ in range(6)))
    return most


@pytest.mark.parametrize("state", ["CREATED", "STARTING", "RUNNING"])
async def test_one_at_a_time_while_others_play(lab: FakeLab, state: str) -> None:
    lab.add_others(state)
    assert await _most(lab, None, Ours()) == 1


async def test_stopped_plays_and_our_own_are_no_others(lab: FakeLab) -> None:
    lab.add_others("STOPPED")
    ours = Ours()
    ours.add(lab.add_others("RUNNING").id)
    assert await _most(lab, None, ours) == 6


async def test_more_begin_once_the_others_are_gone(lab: FakeLab) -> None:
    guest = lab.add_others()
    pace = Pace(lab, Ours(), None, look_every=0.001)
    async with pace.turn(GIB):
        second = asyncio.create_task(pace.turn(GIB).__aenter__())
        await asyncio.sleep(0.02)
        assert not second.done()
        guest.state = "DESTROYED"
        await second


async def test_a_number_is_taken_as_it_is(lab: FakeLab) -> None:
    lab.add_others()
    assert await _most(lab, 3, Ours()) == 3
