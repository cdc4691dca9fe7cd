"""A second play from one that runs: from the request to its prompt, beside a warm start."""

from __future__ import annotations

import time

from labyard.cli.client import Api
from tests.bench.client import client, destroy, start
from tests.bench.event import key, reached
from tests.bench.figure import Figure, beside
from tests.bench.servers import nobody_waiting
from tests.bench.warm import DEBIAN, NOBODY, WAITING, warm_start
from tests.support.lab import Lab


async def fork(lab: Lab, rounds: int) -> list[Figure]:
    async with client(lab) as api:
        with_one = await warm_start(lab, api, rounds, waiting=True)
    with nobody_waiting(lab) as other:
        async with client(other) as api:
            with_none = await warm_start(other, api, rounds, waiting=False)
            taken = [await _fork(api) for _ in range(rounds)]
    name = "fork of a running debian, key echoed"
    return [
        beside(name, "s", taken, with_one, f"a warm start, {WAITING}", limit=4),
        beside(name, "s", taken, with_none, f"a warm start, {NOBODY}", limit=4),
    ]


async def _fork(api: Api) -> float:
    """Of a play that has been used: its shell was typed into."""
    parent, _ = await start(api, DEBIAN)
    await key(api, parent)
    began = time.perf_counter()
    child, taken = await reached(api, await api.act(parent, "fork"), began, key)
    await destroy(api, child)
    await destroy(api, parent)
    return taken
