"""The control connection, against servers that are not what QEMU is."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from labyard.errors import MachineError
from labyard.machine import sockets
from labyard.machine.qmp import Qmp

GREETING = {"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""}, "capabilities": []}}

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(path: Path, server: Server) -> AsyncIterator[None]:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await server(reader, writer)
        writer.close()

    listener = await asyncio.start_unix_server(once, path)
    async with listener:
        yield


def send(writer: asyncio.StreamWriter, message: object) -> None:
    writer.write(json.dumps(message).encode() + b"\r\n")


async def negotiate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    send(writer, GREETING)
    assert json.loads(await reader.read(1000))["execute"] == "qmp_capabilities"
    send(writer, {"return": {}})


async def qemu(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers everything with the command's own name; refuses `bad`, says nothing to `silent`, hangs up on `die`."""
    await negotiate(reader, writer)
    while line := await reader.read(1000):  # its requests end without a newline, and come one at a time here
        request = json.loads(line)
        name = request["execute"]
        if name == "die":
            return
        if name == "bad":
            send(writer, {"error": {"class": "GenericError", "desc": "no such thing"}, "id": request["id"]})
        elif name == "flood":
            for number in range(5000):
                send(writer, {"event": "RTC_CHANGE", "data": {"number": number}, "timestamp": {}})
            send(writer, {"return": name, "id": request["id"]})
        elif name != "silent":
            send(writer, {"return": name, "id": request["id"]})


async def test_asks_and_is_answered(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", qemu):
        qmp = await Qmp.connect(tmp_path / "s", timeout=5)
        assert await qmp.execute("query-status") == "query-status"
        with pytest.raises(MachineError, match="refuses bad: no such thing"):
            await qmp.execute("bad")
        with pytest.raises(MachineError, match="does not answer silent"):
            await qmp.execute("silent", timeout=0.05)
        assert await qmp.execute("still", timeout=5) == "still"
        await qmp.close()
        await qmp.close()


async def test_its_end_is_the_end_of_its_events(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", qemu):
        qmp = await Qmp.connect(tmp_path / "s", timeout=5)
        with pytest.raises(MachineError, match="broke during die"):
            await qmp.execute("die")
        assert [event async for event in qmp.events()] == []
        with pytest.raises(MachineError):
            await qmp.execute("query-status")
        await qmp.close()


async def test_a_flood_of_events_is_bounded_and_the_newest_stay(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", qemu):
        qmp = await Qmp.connect(tmp_path / "s", timeout=5)
        await qmp.execute("flood", timeout=30)
        await qmp.close()
        numbers = [json.loads(bytes(event))["data"]["number"] async for event in qmp.events()]
        assert len(numbers) <= 1024
        assert numbers[-1] == 4999


async def test_whoever_is_not_qemu_is_refused_in_time(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xff not json\r\n" * 100)
        await writer.drain()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async def wrong(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        send(writer, {"QMP": 5})
        await reader.read()

    for index, server in enumerate((silent, noise, endless, wrong)):
        path = tmp_path / str(index)
        async with serving(path, server):
            with pytest.raises(MachineError, match="does not answer"):
                await asyncio.wait_for(Qmp.connect(path, timeout=0.3), 10)


async def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="does not answer"):
        await Qmp.connect(tmp_path / "nothing", timeout=0.05)


async def test_connecting_can_be_cancelled(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(tmp_path / "s", silent):
        connecting = asyncio.create_task(Qmp.connect(tmp_path / "s", timeout=30))
        done, _ = await asyncio.wait((connecting,), timeout=0.05)
        assert not done
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting


async def test_deep_folders_are_reached(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["a-rather-long-name-of-a-folder"] * 8)
    folder.mkdir(parents=True)
    with sockets.listen(folder / "qmp.sock") as listener, sockets.connect(folder / "qmp.sock") as client:
        assert len(str(folder)) > 200
        accepted, _ = listener.accept()
        with accepted:
            client.send(b"x")
            assert accepted.recv(1) == b"x"
