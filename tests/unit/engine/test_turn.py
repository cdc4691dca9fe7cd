from __future__ import annotations

import asyncio

import pytest
from structlog.contextvars import get_contextvars

from labyard.engine.turn import Turn


async def test_one_at_a_time_and_the_log_knows_whose() -> None:
    turn, inside = Turn(lambda: "p1"), 0

    async def verb() -> None:
        nonlocal inside
        async with turn:
            inside += 1
            assert inside == 1 and get_contextvars() == {"play": "p1"}
            await asyncio.sleep(0)
            inside -= 1
        assert get_contextvars() == {}

    await asyncio.gather(*(verb() for _ in range(5)))


async def test_it_is_given_back_when_a_verb_fails_or_is_cut() -> None:
    turn = Turn(lambda: "p1")
    with pytest.raises(ValueError, match="no"):
        async with turn:
            raise ValueError("no")
    async with turn:
        waiting = asyncio.create_task(_take(turn))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), turn:
        assert get_contextvars() == {"play": "p1"}


async def _take(turn: Turn) -> None:
    async with turn:
        pass
