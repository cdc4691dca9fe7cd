"""The server's own bots: they come in by HTTP, and end what an earlier server's bots left."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from tests.support.database import open_copy

from labyard.assembly.configuration import Configuration
from labyard.assembly.house import services_over
from labyard.assembly.serving import _bots, _own_lab
from labyard.assembly.settings import Settings
from labyard.control.access import OWNER
from labyard.hosts.fake import FakeHost
from labyard.play.status import PlayState
from labyard.server.app import create_app, uvicorn_config
from labyard.server.services import Services

PLAYGROUND = """kind: playground
name: demo
title: Demo machine
playground:
  networks: [{name: local, subnet: 172.16.0.0/24}]
  machines:
    - name: node-01
      users: [{name: root, default: true}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
"""

Serving = tuple[Settings, Services]


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[Serving]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        (tmp_path / "catalog").mkdir()
        (tmp_path / "catalog" / "demo.yaml").write_text(PLAYGROUND)
        configuration = Configuration(listen=f":{listening.getsockname()[1]}")
        settings = Settings(data=tmp_path, configuration=configuration, catalogs=(tmp_path / "catalog",))
        database = await open_copy(tmp_path / "labyard.db")
        services = services_over(settings, database, FakeHost())
        config = uvicorn_config(create_app(services), host="127.0.0.1", port=0, message_limit=1 << 20)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        yield settings, services
        server.should_exit = True
        await running
        await database.close()


async def test_they_come_in_as_everybody(serving: Serving) -> None:
    settings, _ = serving
    async with _own_lab(settings) as lab:
        assert (await lab.room()).cpus > 0
        assert await lab.plays() == []


async def test_what_an_earlier_server_left_is_ended(serving: Serving, tmp_path: Path) -> None:
    settings, services = serving
    async with _own_lab(settings) as lab:
        plays = [await lab.start("playground", "demo", cold=True, title=title) for title in ("left", "of others")]
    (tmp_path / "bots").mkdir()
    (tmp_path / "bots" / "plays.json").write_text(json.dumps(plays[:1]))
    async with _bots(settings, services.nights):
        while (await services.plays.get(OWNER, plays[0])).row.state is not PlayState.DESTROYED:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while json.loads((tmp_path / "bots" / "plays.json").read_text()):  # noqa: ASYNC110 - a file does not call
            await asyncio.sleep(0.01)
    assert (await services.plays.get(OWNER, plays[1])).row.state is not PlayState.DESTROYED


async def test_their_hour_is_a_setting(tmp_path: Path) -> None:
    database = await open_copy(tmp_path / "labyard.db")
    settings = Settings(data=tmp_path, configuration=Configuration(bot_at=None))
    assert services_over(settings, database, FakeHost()).nights.at is None
    await database.close()
