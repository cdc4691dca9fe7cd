"""The CLI with the real server, on machines made of nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.database import open_copy
from uvicorn import Server

from labyard.control.access import Access
from labyard.control.catalog import Catalog
from labyard.control.changes import Changes
from labyard.control.manifests import Manifests
from labyard.control.plays import Plays
from labyard.control.policy import Policy
from labyard.control.reconciler import Reconciler, utc_now
from labyard.hosts.fake import FakeHost
from labyard.server.app import create_app, uvicorn_config
from labyard.server.services import ServerSettings, Services
from labyard.store.keys import KeyStore
from labyard.store.plays import PlayStore

if TYPE_CHECKING:
    from .conftest import Cli

pytestmark = pytest.mark.slow

TOKEN = "the-owner-of-the-test"
MANIFEST = """kind: playground
name: demo
title: Demo machine
playground:
  networks: [{name: local, subnet: 172.16.0.0/24}]
  machines:
    - name: node-01
      users: [{name: laborant, default: true}, {name: root}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
  initTasks:
    init_a: {machine: node-01, init: true, user: root, run: echo a}
"""


async def _serve(folder: Path, listening: socket.socket, running: list[Server]) -> None:
    (folder / "catalog").mkdir()
    (folder / "catalog" / "demo.yaml").write_text(MANIFEST)
    database = await open_copy(folder / "labyard.db")
    host = FakeHost()
    store, changes, policy = PlayStore(database), Changes(), Policy(tick=timedelta(seconds=0.1))
    reconciler = Reconciler(store, host, changes, policy)
    own = folder / "playgrounds"
    books = Catalog([own, folder / "catalog"], Manifests(), own=own)
    services = Services(
        plays=Plays(store, books, host, reconciler, changes, policy),
        catalog=books,
        access=Access(KeyStore(database), TOKEN, clock=utc_now),
        host=host,
        reconciler=reconciler,
        scratch=folder / "uploads",
        settings=ServerSettings(),
    )
    config = uvicorn_config(
        create_app(services), host="127.0.0.1", port=0, message_limit=ServerSettings().message_limit
    )
    server = Server(config)
    running.append(server)
    await server.serve(sockets=[listening])
    await database.close()


@pytest.fixture
def real(cli: Cli, tmp_path: Path) -> Iterator[Cli]:
    folder = tmp_path / "real"
    folder.mkdir()
    running: list[Server] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(_serve(folder, listening, running)))
        thread.start()
        cli.environment["LABYARD_URL"] = f"http://127.0.0.1:{listening.getsockname()[1]}"
        cli.environment["LABYARD_TOKEN"] = TOKEN
        yield cli
        running[0].should_exit = True
        thread.join()


def test_from_the_catalog_to_the_end(real: Cli) -> None:
    assert b"demo" in real("playground", "catalog").stdout
    started = real.run("playground", "start", "-q", "demo")
    assert (started.returncode, started.stderr) == (0, b"")
    play = started.stdout.decode().strip()
    listed = json.loads(real("playground", "list", "-o", "json").stdout)
    assert [item["id"] for item in listed] == [play]
    assert real.run("playground", "machines", play[:6]).stdout.split()[4:7] == [b"node-01", b"RUNNING", b"yes"]
    assert real("playground", "tasks", play, "--wait").returncode == 0
    assert real.run("exec", play[:6], "--", "echo", "hello").stdout == b"hello\n"
    assert real("playground", "debug", play).returncode == 0
    assert real("playground", "machine", "console", play, "node-01").returncode == 0
    assert b"/signin?token=" in real("playground", "open", play).stdout
    stopped = real("playground", "stop", play)
    assert stopped.returncode == 0, stopped.stderr
    assert real.run("playground", "restart", "-q", play).stdout.decode().strip() == play
    assert real("playground", "destroy", play[:8]).returncode == 0
    assert real.run("playground", "list", "-q").stdout == b""


def test_moments_from_the_first_to_the_last(real: Cli) -> None:
    assert real("playground", "prepare", "--all").stdout == b"demo\n"
    play = real.run("playground", "start", "-q", "--cold", "demo").stdout.decode().strip()
    assert real("playground", "snapshot", play, "--name", "one").stdout == b"one\n"
    assert b"one" in real("playground", "snapshots", play).stdout
    rewound = real.run("playground", "rewind", "-q", play, "one")
    assert (rewound.returncode, rewound.stdout.decode().strip()) == (0, play), rewound.stderr
    assert real("playground", "rewind", play, "two").returncode == 3
    fork = real.run("playground", "fork", "-q", play).stdout.decode().strip()
    assert fork and fork != play
    assert play.encode() in real("playground", "status", fork).stdout
    assert real("playground", "stop", play).returncode == 0
    assert real.run("playground", "rewind", "-q", play, "one").returncode == 0
    assert real("playground", "save", play, "--as", "mine").returncode == 0
    assert real("playground", "persist", play).returncode == 0
    assert b"mine" in real("playground", "catalog").stdout
    assert real.run("playground", "start", "-q", "mine").returncode == 0
    assert b"snapshot" in real("du").stdout
    assert real("scrub").returncode == 0
    assert real("playground", "remove-snapshot", play, "one").returncode == 0
    assert real("playground", "remove", "mine").returncode == 0
    assert real("playground", "remove", "demo").returncode == 1
    ids = real("playground", "list", "-q").stdout.decode().split()
    assert real("playground", "destroy", *ids).returncode == 0


def test_a_manifest_of_ones_own_and_a_bad_one(real: Cli, tmp_path: Path) -> None:
    lab = tmp_path / "lab.yaml"
    lab.write_text(MANIFEST)
    assert real("playground", "start", "-q", "-f", str(lab)).returncode == 0
    lab.write_text(MANIFEST.replace("drives:", "drivez:"))
    done = real("playground", "start", "-f", str(lab))
    assert done.returncode == 1
    assert f"{lab}:".encode() in done.stderr
    assert real("playground", "start", "nothing-of-the-kind").returncode == 3


def test_images_and_kernels(real: Cli) -> None:
    assert real("image", "list").returncode == 0
    assert real("kernel", "list").returncode == 0
    assert real("image", "pull", "debian-12").returncode == 0


def test_bots_prove_its_playgrounds(real: Cli, tmp_path: Path) -> None:
    listed = json.loads(real("bot", "list", "demo", "-o", "json").stdout)
    assert [(item["name"], item["case"]) for item in listed] == [("demo", "cold"), ("demo", "warm")]
    done = real("bot", "run", "playground/demo", "--repeat", "2", "--report", str(tmp_path / "report"))
    assert done.returncode == 0, done.stderr
    assert b"2 passed" in done.stderr
    assert real("playground", "list", "-q").stdout == b""
    diary = json.loads((tmp_path / "report" / "playground" / "demo" / "cold-2" / "diary.json").read_text())
    assert diary["play"]["status"]["stateEvents"]
