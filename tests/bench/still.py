"""How long a running play stands still for a snapshot, as its guests and their audience notice it.

A program in each guest tells the time every few milliseconds. Two witnesses: the largest gap between two stamps, from the
first machine that fell silent to the last that spoke again, by the guests' own clocks; and by when the stamps arrived here.
The server's own word for it is printed beside them.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from labyard.cli.client import Api
from labyard.cli.plays import PlayView
from tests.bench.client import client, destroy, start
from tests.bench.figure import Figure, alone, beside
from tests.bench.servers import nobody_waiting, prepared
from tests.bench.stop import write
from tests.support.lab import Lab

TWO = Path(__file__).with_name("two-machines.yaml")
SMALL, LARGE = "512MiB", "2GiB"
LIMIT_MS = 60
STAMPS = "exec 3<> <(:); while :; do echo $EPOCHREALTIME; read -t 0.002 -u 3; done"
SETTLE = 2.0
"""Seconds before and after, so that there is something to be told from."""

_OWN_WORD = re.compile(r"event=.?stood still.*? ms=([0-9.]+)")


class Stamp(NamedTuple):
    """When it was told by the guest's clock, and when it arrived; both in seconds."""

    told: float
    arrived: float


class Still(NamedTuple):
    """Milliseconds by each witness, and the megabytes that were written to disk of the machines' memories."""

    guests: float
    arrivals: float
    own: float
    kept_mb: float


async def still(lab: Lab, rounds: int) -> list[Figure]:
    with nobody_waiting(lab) as other:
        async with client(other) as api:
            found = {(ram, mb): await _rounds(other, api, ram, mb, rounds) for ram, mb in _CASES}
    return [*_asked_for(found[SMALL, 20]), *_growth(found)]


_CASES = ((SMALL, 2), (SMALL, 20), (SMALL, 100), (LARGE, 2), (LARGE, 20))


def _asked_for(found: list[Still]) -> list[Figure]:
    what = f"two machines, 20 MB written; {_median_mb(found):.0f} MB kept"
    return [
        alone("standing still, by the guests' clocks", "ms", [each.guests for each in found], what, limit=LIMIT_MS),
        alone("standing still, by what arrives here", "ms", [each.arrivals for each in found], what, limit=LIMIT_MS),
        alone("standing still, by the server's log", "ms", [each.own for each in found], what, limit=LIMIT_MS),
    ]


def _growth(found: dict[tuple[str, int], list[Still]]) -> list[Figure]:
    """Each beside the case that has been asked for: it follows what was written, not how large the machines are."""
    (floor,) = [figure.ours for figure in _asked_for(found[SMALL, 20])[:1]]
    return [
        beside(
            *(f"... with {mb} MB written, machines of {ram}; {_median_mb(each):.0f} MB kept", "ms"),
            [still.guests for still in each],
            *(floor, f"with 20 MB written, machines of {SMALL}"),
        )
        for (ram, mb), each in found.items()
        if (ram, mb) != (SMALL, 20)
    ]


def _median_mb(found: list[Still]) -> float:
    return sorted(each.kept_mb for each in found)[len(found) // 2]


async def _rounds(lab: Lab, api: Api, ram: str, megabytes: int, rounds: int) -> list[Still]:
    request = {"playground": "", "manifest": TWO.read_text().replace("RAM", ram)}
    await prepared(api, request)
    return [await _once(lab, api, request, megabytes) for _ in range(rounds)]


async def _once(lab: Lab, api: Api, request: dict[str, Any], megabytes: int) -> Still:
    """Half of it in each machine."""
    play, _ = await start(api, request)
    names = [machine.name for machine in play.machines]
    for name in names:
        await write(api, play, megabytes // len(names), machine=name)
    async with _told_by(api, play, names) as stamps:
        await asyncio.sleep(SETTLE)
        began, said = time.time(), (lab.data / "server.log").stat().st_size
        await api.act(play, "snapshot", name="still")
        ended = time.time()
        await asyncio.sleep(SETTLE)
    found = _judged(stamps, began, ended, _own_word(lab, said), _kept_mb(lab, play))
    print(f"   {megabytes} MB: {found}", file=sys.stderr, flush=True)
    await destroy(api, play)
    return found


@asynccontextmanager
async def _told_by(api: Api, play: PlayView, names: list[str]) -> AsyncIterator[dict[str, list[Stamp]]]:
    stamps: dict[str, list[Stamp]] = {name: [] for name in names}
    listening = [asyncio.create_task(_listen(api, play, name, stamps[name])) for name in names]
    try:
        yield stamps
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


async def _listen(api: Api, play: PlayView, machine: str, stamps: list[Stamp]) -> None:
    """Until it is cancelled; what comes in one message has arrived at once."""
    async with api.socket(f"/api/plays/{play.id}/machines/{machine}/exec") as socket:
        await socket.send(json.dumps({"op": "exec", "argv": ["bash", "-c", STAMPS], "user": "root"}))
        rest = b""
        async for message in socket:
            now = time.time()
            if isinstance(message, str):
                raise RuntimeError(f"the stamps have ended: {message}")
            *lines, rest = (rest + message[1:]).split(b"\n")
            stamps += [Stamp(float(line), now) for line in lines]
            await socket.send(json.dumps({"ack": len(message) - 1}))


def _judged(stamps: dict[str, list[Stamp]], began: float, ended: float, own: float, kept_mb: float) -> Still:
    """Gaps are looked for where the request was on its way; guests' clocks may be off the host's by that much more."""
    told = [_gap([stamp.told for stamp in each], began - 0.1, ended + 0.1) for each in stamps.values()]
    arrived = [_gap([stamp.arrived for stamp in each], began, ended + 0.1) for each in stamps.values()]
    return Still(guests=_across(told), arrivals=_across(arrived), own=own, kept_mb=kept_mb)


def _gap(moments: list[float], began: float, ended: float) -> tuple[float, float]:
    """The longest silence that touches this time."""
    gaps = [(last, next_) for last, next_ in pairwise(moments) if next_ >= began and last <= ended]
    if not gaps:
        raise RuntimeError("nothing was told meanwhile")
    return max(gaps, key=lambda gap: gap[1] - gap[0])


def _across(gaps: list[tuple[float, float]]) -> float:
    """Milliseconds from the first that fell silent to the last that spoke again."""
    return (max(end for _, end in gaps) - min(begin for begin, _ in gaps)) * 1000


def _own_word(lab: Lab, since: int) -> float:
    said = (lab.data / "server.log").read_bytes()[since:].decode(errors="replace")
    return float(_OWN_WORD.findall(said)[-1])


def _kept_mb(lab: Lab, play: PlayView) -> float:
    deltas = (lab.data / "plays" / play.id / "snapshots" / "still").glob("*/delta")
    return sum(path.stat().st_blocks * 512 for path in deltas) / 1e6
