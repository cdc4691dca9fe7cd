"""Terminals outlive links, show their past, and stall nobody."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.unit.link.talk import LIMIT, listen, shell, until

from labyard.errors import BusyError
from labyard.machine.link import GuestLink
from labyard.machine.wire import CREDIT
from labyard.play.streams import Result, Stream, Terminal

SCROLLBACK = 256 << 10
MOST = 64


async def terminal(link: GuestLink, name: str = "one", **arguments: object) -> Stream:
    return await link.open(Terminal.model_validate({"id": name, **arguments}))


async def test_it_echoes_and_ends(link: GuestLink) -> None:
    stream = await terminal(link)
    await stream.send(b"echo is $((40 + 2))\n")
    await until(stream, b"is 42")
    await stream.send(b"exit 5\n")
    assert (await listen(stream)).result == Result(exit_code=5)
    again = await terminal(link)
    await again.send(b"echo new $((1 + 1))\n")
    assert b"42" not in await until(again, b"new 2")


async def test_a_login_reads_nothing_of_whoever_runs_the_tests(link: GuestLink, tmp_path: Path) -> None:
    """A profile at home may take long, or wait for locks of others."""
    stream = await terminal(link)
    await stream.send(b'echo "at <$HOME>"\n')
    assert f"at <{tmp_path}/".encode() in await until(stream, b">\r\n")


async def test_scrollback_after_a_new_connection(guest: Path) -> None:
    first = await GuestLink.connect(guest, timeout=LIMIT)
    stream = await terminal(first)
    await stream.send(b"marker=$((600 + 66)); echo its $marker\n")
    await until(stream, b"its 666")
    await first.close()
    second = await GuestLink.connect(guest, timeout=LIMIT)
    stream = await terminal(second)
    await until(stream, b"its 666")
    await stream.send(b"echo still $marker\n")
    await until(stream, b"still 666")
    await second.close()


async def test_a_long_past_begins_with_a_line(link: GuestLink) -> None:
    stream = await terminal(link)
    await stream.send(b"i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo line-$i; done; echo at its $((1+1))nd end\n")
    await until(stream, b"at its 2nd end")
    await stream.close()
    past = await until(await terminal(link), b"at its 2nd end")
    assert past.startswith(b"line-")
    assert SCROLLBACK // 2 < len(past) <= SCROLLBACK


async def test_several_viewers_see_the_same(link: GuestLink) -> None:
    writer, reader = await terminal(link), await terminal(link, read_only=True)
    await writer.send(b"echo is $((500 + 55))\n")
    await until(writer, b"is 555")
    await until(reader, b"is 555")
    await reader.send(b"echo $((600 + 66))\n")
    await writer.send(b"echo the end is $((1+1))\n")
    assert b"666" not in await until(writer, b"end is 2")
    await writer.close()
    await reader.close()


async def test_the_last_who_acts_decides_the_size(link: GuestLink) -> None:
    small, large = await terminal(link, cols=60, rows=20), await terminal(link, cols=160, rows=50)
    await small.send(b"stty size\n")
    await until(small, b"20 60")
    await large.send(b"stty size\n")
    await until(large, b"50 160")
    await small.resize(70, 21)
    await small.send(b"stty size\n")
    await until(small, b"21 70")


async def test_only_so_many_and_room_again_when_one_ends(link: GuestLink) -> None:
    streams = [await terminal(link, f"t{number}") for number in range(MOST)]
    with pytest.raises(BusyError) as refused:
        await terminal(link, "one-more")
    assert refused.value.code == "too-many" and str(MOST) in refused.value.message and refused.value.hint
    again = await terminal(link, "t0", read_only=True)  # one that is there is no new one
    await again.close()
    await streams[0].send(b"exit\n")
    await listen(streams[0])
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                streams.append(await terminal(link, "one-more"))
                break
            except BusyError:  # it is forgotten a moment after its end was told
                await asyncio.sleep(0.05)
    await streams[-1].send(b"echo is $((40 + 2))\n")
    await until(streams[-1], b"is 42")


async def test_a_flood_stalls_nobody(link: GuestLink) -> None:
    """Its viewer reads nothing: what may be under way is its credit, and all others go on."""
    flood = await terminal(link, "flood")
    await flood.send(b"yes\n")
    await until(flood, b"y\r\ny\r\n")
    for _ in range(20):
        await link.call("ping")
        assert (await shell(link, "echo checked")).stdout == b"checked\n"
    task = await link.call("task", name="check", run="echo fine")
    assert task["stdout"] == "fine"
    held = 0
    while True:
        try:
            chunk = await asyncio.wait_for(flood.receive(), 0) if held < CREDIT else None
        except TimeoutError:
            break
        if chunk is None:
            break
        held += len(chunk.data)
    assert held <= CREDIT
    await flood.close()


async def test_a_viewer_who_does_not_look_holds_up_no_other(link: GuestLink) -> None:
    asleep, awake = await terminal(link, read_only=True), await terminal(link)
    await awake.send(b"head -c 2000000 /dev/zero | tr '\\0' 'x' | fold -w 100; echo all $((1+1)) seen\n")
    await until(awake, b"all 2 seen")
    rest = await until(asleep, b"all 2 seen")
    assert b"output was skipped" in rest
    assert len(rest) < 2_000_000
