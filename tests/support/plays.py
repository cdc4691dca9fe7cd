"""Plays on an engine alone, for tests of moments: start, run a program, wait."""

from __future__ import annotations

import asyncio

from labyard.errors import LabyardError
from labyard.play.plan import PlayPlan
from labyard.play.status import PlayReport, PlayState
from labyard.play.streams import Channel, Exec
from tests.contract.host_contract import output, reached
from tests.support.box import Box

PATIENCE = 240.0
"""Seconds that anything may take on a busy box under emulation."""
BOOT = "cat /proc/sys/kernel/random/boot_id"
COUNT = "(i=0; while :; do i=$((i+1)); echo $i >/count; sleep 0.1; done) >/dev/null 2>&1 &"
ENDED = (PlayState.RUNNING, PlayState.FAILED, PlayState.STOPPED)


async def printed(box: Box, play: str, script: str, machine: str = "node-01") -> str:
    async with asyncio.timeout(PATIENCE):
        heard, result = await output(await box.host.open(play, machine, Exec(argv=("sh", "-c", script), user="root")))
    assert result.exit_code == 0, (result, heard)
    return heard.get(Channel.STDOUT, b"").decode()


async def answered(box: Box, play: str, script: str, machine: str = "node-01") -> str:
    """The same of a machine that may be away for a while."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await printed(box, play, script, machine)
            except (LabyardError, AssertionError):
                await asyncio.sleep(0.1)


async def count(box: Box, play: str) -> int:
    text = ""
    while not text.strip():  # the file is empty for the moment in which it is written anew
        text = await answered(box, play, "cat /count")
    return int(text)


async def beyond(box: Box, play: str, value: int) -> int:
    """Its counter, once that has passed `value`."""
    async with asyncio.timeout(PATIENCE):
        while (now := await count(box, play)) <= value:  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0.1)
    return now


async def counts(box: Box, play: str) -> None:
    """Returns once its counter has been seen to go on."""
    await beyond(box, play, await count(box, play))


async def runs(box: Box, play: str) -> PlayReport:
    async with asyncio.timeout(PATIENCE):
        report = await reached(box.host, play, *ENDED)
    assert report.state is PlayState.RUNNING, report
    return report


async def started(box: Box, play: str, plan: PlayPlan, *, cold: bool = False) -> PlayReport:
    await box.host.start(play, plan, cold=cold)
    return await runs(box, play)


async def restarted(box: Box, play: str) -> PlayReport:
    await box.host.restart(play)
    return await runs(box, play)


async def forked(box: Box, play: str, source: str) -> PlayReport:
    await box.host.fork(play, source)
    return await runs(box, play)
