"""The real examiner, built once and run as an ordinary program that serves a unix socket."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.unit.link.build import build_examiner

from labyard.machine.link import GuestLink

LIMIT = 20.0  # seconds; generous, since nothing here is a measurement


@pytest.fixture(scope="session")
def examiner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The examiner's binary."""
    return build_examiner(tmp_path_factory.mktemp("examiner"))


@pytest.fixture
async def guest(examiner: Path, tmp_path: Path) -> AsyncIterator[Path]:
    """The socket of a running examiner."""
    socket = tmp_path / "guest.sock"
    process = await asyncio.create_subprocess_exec(
        *(str(examiner), "agent", "--socket", str(socket)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # what it keeps there goes with the test
    )
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT):
        assert (await process.stdout.readline()).startswith(b"serving")
    yield socket
    left = descendants(process.pid)  # in a machine they end with it, and what a check left behind with its cgroup
    process.terminate()
    await process.wait()
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """All that it started and that runs still."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, path.read_text().split()):
                found += [child, *descendants(child)]
    return found


@pytest.fixture
async def link(guest: Path) -> AsyncIterator[GuestLink]:
    link = await GuestLink.connect(guest, timeout=LIMIT)
    yield link
    await link.close()


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def impostor(path: Path, script: Script) -> AsyncIterator[None]:
    """Somebody who answers like no examiner would."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()
