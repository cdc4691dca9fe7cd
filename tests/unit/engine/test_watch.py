"""Watchers: the latest of every play, never lost, however slow they are."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from labyard.engine.watch import Watchers
from labyard.play.status import PlayReport, PlayState


def report(play: str, version: int) -> PlayReport:
    return PlayReport(id=play, version=version, state=PlayState.RUNNING, at=datetime.now(UTC))


async def test_a_slow_watcher_sees_the_last_of_each_and_not_every_step() -> None:
    watchers = Watchers()
    stream = watchers.watch([report("a", 1)])
    first = await anext(stream)
    assert (first.id, first.version) == ("a", 1)
    for version in range(2, 1000):
        watchers.publish(report("a", version))
        watchers.publish(report("b", version))
    seen = [await anext(stream), await anext(stream)]
    assert {(each.id, each.version) for each in seen} == {("a", 999), ("b", 999)}
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert not waiting.done()
    watchers.publish(report("a", 1000))
    assert (await waiting).version == 1000
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_watcher_that_left_is_forgotten() -> None:
    watchers = Watchers()
    stream = watchers.watch([report("a", 1)])
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    assert watchers._pending == []
