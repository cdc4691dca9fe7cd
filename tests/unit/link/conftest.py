"""The real examiner, built once and run as an ordinary program that serves a unix socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
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
    process.terminate()
    await process.wait()


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
