"""Hello, epochs, and everything the other side may do wrong."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from pathlib import Path

import pytest
from tests.unit.link.conftest import Script, impostor
from tests.unit.link.talk import LIMIT, ask, gone, listen, shell, until

from labyard.control.listening import heard
from labyard.errors import GuestError
from labyard.machine import wire
from labyard.machine.link import GuestLink, RefusedError
from labyard.machine.wire import Decoder, Frame, FrameType
from labyard.play.streams import Dial, Exec, Listeners, Terminal


async def test_hello_and_questions(link: GuestLink) -> None:
    boot_id = await asyncio.to_thread(Path("/proc/sys/kernel/random/boot_id").read_text)
    assert (link.info.boot_id, link.info.stage, link.info.init) == (boot_id.strip(), "up", "none")
    assert (await link.call("ping")) == {}
    assert (await link.call("info"))["boot_id"] == link.info.boot_id
    assert (await link.call("time"))["time"] > 1.6e9


@pytest.mark.parametrize(
    ("op", "arguments", "reason"),
    [
        ("no-such-op", {}, "not-built"),
        ("power", {"action": "explode"}, "bad-request"),
        ("power", {"action": "off"}, "not-built"),
        ("freeze", {}, "not-built"),
        ("clock", {"set": -1}, "bad-request"),
        ("clock", {"set": "noon"}, "bad-request"),
        ("reseed", {"entropy": base64.b64encode(bytes(31)).decode()}, "bad-request"),
        ("reseed", {"entropy": "%"}, "bad-request"),
    ],
)
async def test_refused_questions(link: GuestLink, op: str, arguments: dict[str, object], reason: str) -> None:
    with pytest.raises(RefusedError) as raised:
        await link.call(op, **arguments)
    assert raised.value.reason == reason
    assert (await link.call("ping")) == {}


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(GuestError, match="cannot be reached"):
        await GuestLink.connect(tmp_path / "none", timeout=1)


async def test_a_new_host_after_half_a_frame(guest: Path) -> None:
    """The one before was cut in the middle of a frame that promises a lot."""
    first = await GuestLink.connect(guest, timeout=LIMIT)
    half = wire.encode(Frame(FrameType.CALL, 0, 5, bytes(30_000)))[:5_000]
    first._writer.write(half)
    await first._writer.drain()
    await first.close()
    second = await GuestLink.connect(guest, timeout=LIMIT)
    assert (await shell(second, "echo here")).stdout == b"here\n"
    await second.close()


async def test_a_new_host_ends_programs_but_not_terminals(guest: Path, tmp_path: Path) -> None:
    first = await GuestLink.connect(guest, timeout=LIMIT)
    terminal = await first.open(Terminal(id="kept"))
    await terminal.send(b"kept=$((300 + 33)); echo is $kept\n")
    await until(terminal, b"is 333")
    script = f"trap 'echo hup > {tmp_path}/said; exit' HUP; echo up; while :; do sleep 0.05; done"
    await until(await first.open(Exec(argv=("sh", "-c", script))), b"up")
    await first.close()
    second = await GuestLink.connect(guest, timeout=LIMIT)
    async with asyncio.timeout(LIMIT):
        while not (tmp_path / "said").exists():  # noqa: ASYNC110 - nothing announces a file
            await asyncio.sleep(0.01)
    terminal = await second.open(Terminal(id="kept"))
    await terminal.send(b"echo still $kept\n")
    await until(terminal, b"still 333")
    await second.close()


async def test_output_of_another_time_is_not_heard(guest: Path) -> None:
    """Nobody reads what a flood sends; the next host must not see a byte of it."""
    first = await GuestLink.connect(guest, timeout=LIMIT)
    flood = await first.open(Exec(argv=("yes",)))
    await until(flood, b"y\n")
    await first.close()
    second = await GuestLink.connect(guest, timeout=LIMIT)
    said = await shell(second, "echo mine")
    assert said.stdout == b"mine\n"
    assert second._decoder.skipped == 0 or second._decoder.broken <= 1
    await second.close()


async def test_the_same_hello_again_ends_nothing(link: GuestLink) -> None:
    stream = await link.open(Exec(argv=("cat",)))
    await link.transmit_message(FrameType.HELLO, 0, {"version": 1, "epoch": link.info.epoch})
    await stream.send(b"still here")
    await stream.send_eof()
    assert (await listen(stream)).stdout == b"still here"


async def test_garbage_from_the_host_is_survived(link: GuestLink) -> None:
    link._writer.write(b"L\x06garbage" * 2000 + wire.PADDING)
    for payload in (b"", b"{", b"[]", b'"x"', b'{"op": 3}', b'{"op": "exec", "argv": 7}'):
        await link.transmit(Frame(FrameType.OPEN, 0, 1000, payload))
        await link.transmit(Frame(FrameType.CALL, 0, 1001, payload))
    for kind in (FrameType.DATA, FrameType.WINDOW, FrameType.CONTROL, FrameType.CLOSE, FrameType.EOF, FrameType.OPENED):
        await link.transmit(Frame(kind, 7, 4242, b"x"))
    assert (await shell(link, "echo alive")).stdout == b"alive\n"


async def test_a_host_that_overruns_its_credit_loses_the_stream(link: GuestLink) -> None:
    stream = await link.open(Exec(argv=("sh", "-c", "echo $$; exec sleep 600")))
    pid, number = int(await until(stream, b"\n")), link._next
    for _ in range(2 * wire.CREDIT // wire.MAX_DATA):  # twice: some of it was consumed, and granted anew
        await link.transmit(Frame(FrameType.DATA, 0, number, bytes(wire.MAX_DATA)))
    said = await listen(stream)
    assert said.result.error == "more was sent than was granted"
    assert (await link.call("ping")) == {}
    await gone(pid)


async def test_sending_waits_for_credit(link: GuestLink) -> None:
    stream = await link.open(Exec(argv=("sh", "-c", "echo $$; exec sleep 600")))
    pid = int(await until(stream, b"\n"))
    sending = asyncio.create_task(stream.send(bytes(2 * wire.CREDIT)))
    await link.call("ping")
    assert not sending.done()
    await stream.close()
    with pytest.raises(GuestError):
        await sending
    await gone(pid)


async def test_too_many_streams_are_refused(link: GuestLink) -> None:
    streams = [await link.open(Exec(argv=("cat",))) for _ in range(30)]
    assert (await link.call("ping")) == {}
    for stream in streams:
        await stream.send_eof()
        assert (await listen(stream)).result.exit_code == 0


async def test_dial_unix_both_halves(link: GuestLink, tmp_path: Path) -> None:
    path = tmp_path / "service.sock"

    async def upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.read()).upper())
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(upper, str(path)):
        stream = await link.open(Dial(network="unix", address=str(path)))
        await stream.send(b"hello")
        await stream.send_eof()
        assert (await listen(stream)).stdout == b"HELLO"


async def test_dial_tcp_and_nobody(link: GuestLink) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hi")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    stream = await link.open(Dial(address=f"{host}:{port}"))
    chunk = await stream.receive()
    assert chunk is not None
    assert chunk.data == b"hi"
    await stream.close()
    server.close()
    await server.wait_closed()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(RefusedError) as raised:
            await link.open(Dial(address=f"127.0.0.1:{unused.getsockname()[1]}"))
    assert raised.value.reason == "unreachable"


async def test_what_listens_is_told_and_dialled_by_its_number(link: GuestLink) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hi")
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.3", 0) as server:
        port = server.sockets[0].getsockname()[1]
        told = heard((await ask(link, Listeners())).stdout.decode())
        assert told is not None
        assert [each.where for each in told if each.port == port] == [
            f"at 127.0.0.3 alone, of {Path('/proc/self/comm').read_text().strip()} (process {os.getpid()})"
        ]
        stream = await link.open(Dial(network="port", address=str(port)))
        await stream.send_eof()
        assert (await listen(stream)).stdout == b"hi"
    for address, reason in (
        (str(port), "unreachable"),
        ("0", "bad-request"),
        ("70000", "bad-request"),
        ("a", "bad-request"),
        ("", "bad-request"),
    ):
        with pytest.raises(RefusedError) as raised:
            await link.open(Dial(network="port", address=address))
        assert raised.value.reason == reason


async def test_cancelled_questions_leave_the_link_whole(link: GuestLink) -> None:
    slow = {"name": "slow", "run": "sleep 0.3", "timeout": 20}
    asked = asyncio.create_task(link.call("task", **slow))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (await ask(link, Exec(argv=("echo", "fine")))).stdout == b"fine\n"
    assert (await link.call("task", **slow))["exit_code"] == 0, "it went on, and is joined by its name"


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say hello as an examiner does."""
    decoder = Decoder()
    while True:
        for frame in decoder.feed(await reader.read(1 << 16)):
            if frame.type is FrameType.HELLO:
                epoch = json.loads(frame.payload)["epoch"]
                other = {"boot_id": "b", "examiner": "x", "init": "none", "uptime": 1, "stage": "up"}
                for part in wire.encode_message(FrameType.HELLO_ACK, 0, {"epoch": "another", **other}):
                    writer.write(part)
                for part in wire.encode_message(FrameType.HELLO_ACK, 0, {"epoch": epoch, **other}):
                    writer.write(part)
                return


def saying(data: bytes) -> Script:
    """An impostor that greets, says `data`, and waits to be left."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await greet(reader, writer)
        writer.write(data)
        await reader.read()

    return script


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(wire.encode(Frame(FrameType.EVENT, payload=b"[]")), id="event-is-no-object"),
        pytest.param(wire.encode(Frame(FrameType.EVENT, wire.MORE, 0, bytes(30_000))) * 40, id="message-without-end"),
        pytest.param(b"\x01" * (5 << 20), id="garbage"),
        pytest.param((b"L\x06" + bytes(6) + b"\x00\x00\x00\x01xxxx1") * 3000, id="broken-frames"),
        pytest.param(wire.encode(Frame(FrameType.EVENT, payload=b'{"event":"started"}')), id="started-anew"),
        pytest.param(wire.encode(Frame(FrameType.DATA, 1, 1, bytes(32_000))) * 9, id="more-than-granted"),
        pytest.param(wire.encode(Frame(FrameType.DATA, 9, 1, b"x")), id="no-such-channel"),
        pytest.param(wire.encode(Frame(FrameType.WINDOW, 0, 1, b"x")), id="credit-of-no-size"),
        pytest.param(wire.encode(Frame(FrameType.CLOSE, 0, 1, b'{"exit_code": "x"}')), id="no-result"),
        pytest.param(b"", id="silence-then-gone"),
    ],
)
async def test_a_guest_that_breaks_the_rules_is_given_up(tmp_path: Path, data: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await greet(reader, writer)
        await reader.read(1)
        writer.write(data)
        if data:
            await reader.read()

    async with impostor(tmp_path / "s", script):
        link = await GuestLink.connect(tmp_path / "s", timeout=LIMIT)
        opening = asyncio.create_task(link.open(Exec(argv=("x",))))
        async with asyncio.timeout(LIMIT):
            await link.closed.wait()
        with pytest.raises(GuestError, match="gone"):
            await opening
        with pytest.raises(GuestError):
            await link.call("ping")
        assert [event async for event in link.events()] == []
        await link.close()


async def test_a_hello_meant_for_another_is_not_ours(tmp_path: Path) -> None:
    async with impostor(tmp_path / "s", saying(b"")):
        link = await GuestLink.connect(tmp_path / "s", timeout=LIMIT)
        assert link.info.epoch == link._epoch
        await link.close()


async def test_silence_ends_with_the_time(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while await reader.read(1 << 16):
            pass

    async with impostor(tmp_path / "s", silent):
        with pytest.raises(GuestError, match="did not answer"):
            await GuestLink.connect(tmp_path / "s", timeout=0.3)


async def test_events_reach_their_listener_and_are_bounded(tmp_path: Path) -> None:
    events = b"".join(
        part for n in range(1000) for part in wire.encode_message(FrameType.EVENT, 0, {"event": "tick", "n": n})
    )
    async with impostor(tmp_path / "s", saying(events)):
        link = await GuestLink.connect(tmp_path / "s", timeout=LIMIT)
        async with asyncio.timeout(LIMIT):
            async for event in link.events():
                if event["n"] == 999:
                    break
        await link.close()
