"""What a host tells, for the contract's tests."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from labyard.hosts.contract import Host
from labyard.play.status import PlayReport, PlayState
from labyard.play.streams import Channel, Result, Stream, Terminal

ID = "0123456789abcdef01234567"
OTHER = "0123456789abcdef01234568"
NOBODY = "ffffffffffffffffffffffff"


async def reached(host: Host, play_id: str, *states: PlayState) -> PlayReport:
    """The report in which the play is in one of `states`, as `watch` tells it."""
    async with contextlib.aclosing(host.watch()) as reports:  # type: ignore[type-var]
        async for report in reports:
            if report.id == play_id and report.state in states:
                return report
    raise AssertionError("watch ended")


async def until(host: Host, play_id: str, found: Callable[[PlayReport], bool]) -> PlayReport:
    async with contextlib.aclosing(host.watch()) as reports:  # type: ignore[type-var]
        async for report in reports:
            if report.id == play_id and found(report):
                return report
    raise AssertionError("watch ended")


async def listed(host: Host, play_id: str = ID) -> PlayReport | None:
    return next((report for report in await host.list() if report.id == play_id), None)


async def output(stream: Stream) -> tuple[dict[Channel, bytes], Result]:
    heard: dict[Channel, bytes] = {}
    while (chunk := await stream.receive()) is not None:
        heard[chunk.channel] = heard.get(chunk.channel, b"") + chunk.data
    result = await stream.result()
    await stream.close()
    return heard, result


async def type_in(host: Host, play_id: str, machine: str, word: str) -> bytes:
    """Type `echo word` in the terminal every test uses; what it shows, from its scrollback on to that word."""
    stream = await host.open(play_id, machine, Terminal(id="contract"))
    await stream.send(f"echo {word}\r".encode())
    shown = b""
    while word.encode() not in shown:
        chunk = await stream.receive()
        assert chunk is not None, shown
        shown += chunk.data
    await stream.close()
    return shown


def done_tasks(report: PlayReport | None) -> list[object]:
    """What would change should an init task run again."""
    assert report is not None
    return [(task.name, task.status, task.exit_code, task.started_at) for task in report.tasks]
