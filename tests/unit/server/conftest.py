from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.support.database import open_copy
from tests.support.lessons import write_lessons
from tests.support.services import services_of

from labyard.control.policy import Policy
from labyard.hosts.fake import FakeHost, Temper
from labyard.server.app import create_app
from labyard.server.services import ServerSettings, Services
from labyard.store.database import Database

TOKEN = "the-owner"


DEMO = """
kind: playground
name: demo
title: Demo of two machines
description: For tests.
playground:
  accessControl: {canList: [anyone], canRead: [anyone], canStart: [anyone]}
  machines:
    - name: node-01
      users: [{name: laborant, default: true, welcome: "Hello"}, {name: root}]
      drives: [{source: debian-12, mount: /, size: 8GiB}]
      network: {interfaces: [{network: local}]}
      resources: {cpuCount: 2, ramSize: 512MiB}
    - name: node-02
      users: [{name: laborant, default: true, welcome: "Hello"}, {name: root}]
      drives: [{source: debian-12, mount: /, size: 8GiB}]
      network: {interfaces: [{network: local}]}
      resources: {cpuCount: 2, ramSize: 512MiB}
  initTasks:
    init_a: {machine: node-01, init: true, user: root, run: echo a}
    init_b: {machine: node-02, init: true, user: root, run: echo b, needs: [init_a]}
"""


@dataclass
class House:
    services: Services
    host: FakeHost
    http: httpx.AsyncClient
    content: Path


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = await open_copy(tmp_path / "labyard.db")
    async with house_over(tmp_path, database) as made:
        yield made
    await database.close()


@asynccontextmanager
async def house_over(tmp_path: Path, database: Database) -> AsyncIterator[House]:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "demo.yaml").write_text(DEMO)
    (catalog / "broken.yaml").write_text("kind: playground\nname: broken\nplayground: {machinez: []}\n")
    host = FakeHost(tempers={"slow": Temper(boot=60)})
    content = tmp_path / "content"
    write_lessons(content)
    services = services_of(
        tmp_path,
        database,
        host,
        token=TOKEN,
        catalog=catalog,
        content=(content,),
        policy=Policy(tick=timedelta(seconds=0.1)),
        settings=ServerSettings(names=("lab.test",), status_every=0.2, sockets_per_play=16, silence=1),
    )
    app = create_app(services)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://lab.test", headers=headers) as http:
            yield House(services, host, http, content)
    await host.close()
