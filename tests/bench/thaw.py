"""Warm starts beside cold ones, both to the same event."""

from __future__ import annotations

import statistics
from typing import Any

from labyard.cli.client import Api
from tests.bench.client import client
from tests.bench.event import Event, once, program
from tests.bench.figure import Figure, of_rounds
from tests.bench.servers import nobody_waiting, prepared, until_waiting
from tests.bench.warm import NOBODY, WAITING
from tests.support.lab import Lab

WARM_ROUNDS = 5
EXEC, DOCKER_PS = program("true"), program("docker", "ps")
CASES: tuple[tuple[str, str, Event, float], ...] = (
    ("debian", "first exec", EXEC, 25),
    ("docker", "first exec after dockerd is up", EXEC, 60),
    ("docker", "first docker ps", DOCKER_PS, 20),
)


async def warm_cold(lab: Lab, rounds: int) -> list[Figure]:
    """Each case's `rounds` cold starts; warm ones in between."""
    figures = []
    with nobody_waiting(lab) as other:
        async with client(lab) as api, client(other) as lone:
            for playground, what, event, limit in CASES:
                request = {"playground": playground}
                cold = [await once(lone, {**request, "cold": True}, event) for _ in range(rounds)]
                for who, server, asked in ((WAITING, lab, api), (NOBODY, other, lone)):
                    warm = await _warm(server, asked, request, event, waiting=who == WAITING)
                    name = f"cold start beside a warm one, {playground}: {what}, {who}"
                    pairs = [(each, warm) for each in cold]
                    figures.append(of_rounds(name, "s", pairs, "a warm start", limit=limit, more_is_better=True))
    return figures


async def _warm(lab: Lab, api: Api, request: dict[str, Any], event: Event, *, waiting: bool) -> float:
    await prepared(api, request)
    taken = []
    for _ in range(WARM_ROUNDS):
        if waiting:
            await until_waiting(lab, (f"{request['playground']}-01",))
        taken.append(await once(api, request, event))
    return statistics.median(taken)
