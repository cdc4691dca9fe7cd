"""The whole server over fake machines, as a process of its own: what its WebSockets cost without a guest behind them.

`python -m tests.bench.fake_house FOLDER` serves on a free port of 127.0.0.1, prints it, and ends with SIGTERM.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from labyard.assembly.configuration import Configuration
from labyard.assembly.house import services_over
from labyard.assembly.settings import Settings
from labyard.cli.logs import configure_logs
from labyard.cli.target import Target
from labyard.hosts.fake import FakeHost
from labyard.server.app import create_app, uvicorn_config
from tests.support.database import open_copy
from tests.support.lab import ROOT


@contextmanager
def fake_house(folder: Path) -> Iterator[Target]:
    """How to reach one."""
    command = [sys.executable, "-m", "tests.bench.fake_house", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            token = (folder / "owner.token").read_text().strip()
            yield Target(url=f"http://127.0.0.1:{port}", token=token, data=folder)
        finally:
            process.terminate()


class _Server(uvicorn.Server):
    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)


async def _serve(folder: Path) -> None:
    database = await open_copy(folder / "labyard.db")
    host = FakeHost(memory=1 << 50)
    configuration = Configuration(starts_per_minute=1000, starting_at_once=50)  # many plays are wanted soon
    services = services_over(Settings(data=folder, configuration=configuration), database, host)
    limit = services.settings.message_limit
    try:
        await _Server(uvicorn_config(create_app(services), host="127.0.0.1", port=0, message_limit=limit)).serve()
    finally:
        await host.close()
        await database.close()


if __name__ == "__main__":
    configure_logs(sys.stderr, least=logging.ERROR)  # nobody reads more of stdout than the port
    asyncio.run(_serve(Path(sys.argv[1])))
