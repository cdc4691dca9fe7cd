"""The CLI with the real server, on machines made of nothing."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.database import open_copy
from tests.support.lessons import write_lessons
from tests.support.services import services_of
from uvicorn import Server

from labyard.cli.exits import ExitCode
from labyard.control.policy import Policy
from labyard.hosts.fake import FakeHost
from labyard.play.status import TaskStatus
from labyard.server.app import create_app, uvicorn_config
from labyard.server.services import ServerSettings

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
    - name: node-02
      users: [{name: laborant, default: true}, {name: root}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
  initTasks:
    init_a: {machine: node-01, init: true, user: root, run: echo a}
"""


async def _serve(folder: Path, listening: socket.socket, running: list[Server], cli: Cli) -> None:
    (folder / "catalog").mkdir()
    (folder / "catalog" / "demo.yaml").write_text(MANIFEST)
    database = await open_copy(folder / "labyard.db")
    host = FakeHost()
    cli.host = host, asyncio.get_running_loop()
    content = folder / "content"
    write_lessons(content)
    services = services_of(
        folder,
        database,
        host,
        token=TOKEN,
        catalog=folder / "catalog",
        content=(content,),
        policy=Policy(tick=timedelta(seconds=0.1)),
        git=cli.git,
    )
    config = uvicorn_config(
        create_app(services), host="127.0.0.1", port=0, message_limit=ServerSettings().message_limit
    )
    server = Server(config)
    running.append(server)
    await server.serve(sockets=[listening])
    await host.close()
    await database.close()


@pytest.fixture
def real(cli: Cli, tmp_path: Path) -> Iterator[Cli]:
    folder = tmp_path / "real"
    folder.mkdir()
    running: list[Server] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(_serve(folder, listening, running, cli)))
        thread.start()
        cli.environment["LABYARD_URL"] = f"http://127.0.0.1:{listening.getsockname()[1]}"
        cli.environment["LABYARD_TOKEN"] = TOKEN
        yield cli
        while not running:  # a test that asked nothing of it may be the first to end
            time.sleep(0.01)
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


def test_tokens_are_made_used_and_ended(real: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = real("token", "create", "laptop", "--scope", "playground:read", "--days", "9").stdout.decode().strip()
    (token,) = json.loads(real("token", "list", "-o", "json").stdout)
    assert token["scope"] == ["playground:read"] and secret not in str(token)
    assert b"playground:read" in real("token", "list").stdout
    assert real("token", "create", "laptop", "--scope", "everything").returncode == 1
    with monkeypatch.context() as patch:
        patch.setitem(real.environment, "LABYARD_TOKEN", secret)
        assert real("playground", "list").returncode == 0
        refused = real("token", "list")
        assert refused.returncode == 1 and b"account:read" in refused.stderr
    assert real("token", "remove", token["id"]).returncode == 0
    assert real("token", "remove", token["id"]).returncode == 3
    monkeypatch.setitem(real.environment, "LABYARD_TOKEN", secret)
    assert real("playground", "list").returncode == 1


def test_people_come_and_go(real: Cli) -> None:
    link = real("user", "add", "ada", "--name", "Ada L.", "--role", "author").stdout
    assert b"/signin?token=" in link and real("user", "link", "ada").stdout != link
    assert real("user", "add", "ada").returncode == 1
    assert real("user", "role", "ada", "learner").stderr == b"ada: learner\n"
    assert real("user", "disable", "ada").stderr == b"ada: learner, shut out\n"
    assert b"user enable ada" in real("user", "link", "ada").stderr
    assert real("user", "list").stdout.split() == [
        b"USER",
        b"NAME",
        b"E-MAIL",
        b"ROLE",
        b"ada",
        b"Ada",
        b"L.",
        b"-",
        b"learner",
        b"shut",
        b"out",
    ]
    assert real("user", "enable", "ada").returncode == 0
    assert json.loads(real("user", "list", "-o", "json").stdout)[0]["disabled"] is False
    assert real("user", "remove", "ada").stderr == b"ada is removed.\n"
    assert real("user", "remove", "ada").returncode == 3
    assert real("user", "list").stdout.split() == [b"USER", b"NAME", b"E-MAIL", b"ROLE"]


def test_passwords_are_set_from_stdin_a_terminal_or_by_a_link(real: Cli) -> None:
    real("user", "add", "ada", "--email", "ada@example.org")
    assert b"ada@example.org" in real("user", "list").stdout
    assert real("user", "email", "ada", "no address").returncode == 1
    done = real.run("user", "password", "ada", "--stdin", stdin=b"several words together\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"ada has a new password.\n")
    short = real.run("user", "password", "ada", "--stdin", stdin=b"short\n")
    assert short.returncode == 1 and b"too short" in short.stderr
    assert real.run("user", "password", "ada", "--stdin").returncode == ExitCode.USAGE
    nobody = real.run("user", "password", "ada", stdin=b"several words together\n")
    assert nobody.returncode == ExitCode.USAGE and b"--stdin" in nobody.stderr
    link = real("user", "password", "ada", "--link")
    assert b"/password?token=" in link.stdout
    told = json.loads(real("user", "password", "ada", "--link", "-o", "json").stdout)
    assert "/password?token=" in told["url"]
    assert real("user", "password", "nobody", "--link").returncode == 3


@pytest.mark.parametrize(("again", "code"), [(b"several words together", 0), (b"something else", ExitCode.USAGE)])
def test_a_password_is_asked_for_twice_and_not_shown(real: Cli, again: bytes, code: int) -> None:
    real("user", "add", "ada")
    ours, theirs = pty.openpty()
    with real.start("user", "password", "ada", stdin=theirs, start_new_session=True) as process:
        assert process.stderr is not None
        seen = b""
        for word, asked in ((b"several words together", b"New password: "), (again, b"once more: ")):
            while not seen.endswith(asked):
                seen += process.stderr.read(1)
            os.write(ours, word + b"\n")
        _, rest = process.communicate(timeout=30)
    shown = os.read(ours, 4096) if select.select([ours], [], [], 0)[0] else b""
    os.close(ours)
    os.close(theirs)
    assert process.returncode == code, rest
    assert b"several" not in seen + rest + shown


def test_people_are_invited(real: Cli) -> None:
    first = real("user", "invite")
    assert b"/join?token=" in first.stdout and b"Good until" in first.stderr
    made = json.loads(real("user", "invite", "--role", "author", "--uses", "5", "--days", "2", "-o", "json").stdout)
    assert (made["role"], made["uses"], made["sent"]) == ("author", 5, False)
    listed = json.loads(real("user", "invitations", "-o", "json").stdout)
    assert [each["role"] for each in listed] == ["learner", "author"]
    assert b"whoever has the link" in real("user", "invitations").stdout
    assert real("user", "uninvite", made["id"]).returncode == 0
    assert real("user", "uninvite", made["id"]).returncode == 3
    refused = real("user", "invite", "--email", "ada@example.org", "--send")
    assert refused.returncode == 1 and b"sends no mail" in refused.stderr


def test_everybodys_plays_and_their_diaries(real: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = real.run("playground", "start", "-q", "demo").stdout.decode().strip()
    assert real("playground", "list", "--everybody", "-q").stdout.decode().split() == [mine]
    header, line = real("playground", "list", "--everybody").stdout.decode().splitlines()
    assert header.split() == ["ID", "USER", "PLAYGROUND", "STATE", "AGE", "MEMORY", "DISK", "TITLE"]
    assert line.split()[:4] == [mine, "owner", "demo", "RUNNING"] and "MiB" in line
    (told,) = json.loads(real("playground", "list", "--everybody", "-o", "json").stdout)
    assert told["id"] == mine and told["cpuSeconds"] == 0
    for name in (mine, mine[:6]):
        header, first, *_ = real("playground", "diary", name).stdout.decode().splitlines()
        assert header.split() == ["WHEN", "WHO", "WHAT", "WHY"] and first.split()[2:4] == ["owner", "start"]
    assert json.loads(real("playground", "diary", mine, "-o", "json").stdout)[0]["kind"] == "asked"
    assert real("playground", "diary", "f" * 24).returncode == 3
    stopped = real.run("playground", "stop", "--anybodys", mine)
    assert (stopped.returncode, stopped.stdout.decode().strip()) == (0, mine)
    gone = real.run("playground", "destroy", "--anybodys", "f" * 24, mine)
    assert (gone.returncode, gone.stdout.decode().strip()) == (3, mine) and b"no play ffff" in gone.stderr
    scoped = real("token", "create", "ci", "--scope", "playground:read").stdout.decode().strip()
    monkeypatch.setitem(real.environment, "LABYARD_TOKEN", scoped)
    assert real("playground", "list", "--everybody").returncode == 1
    assert real("playground", "diary", mine).returncode == 0


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


def solve(real: Cli, play: str, *tasks: str) -> None:
    """As if the machines had been mended."""
    host = real.host
    assert host is not None
    for task in tasks:
        host[1].call_soon_threadsafe(partial(host[0].set_task, play, task, status=TaskStatus.COMPLETED))


def test_a_challenge_from_the_catalog_to_solved(real: Cli) -> None:
    listed = real("challenge", "catalog", "--status", "todo")
    assert b"two-nodes" in listed.stdout and b"With problems: broken" in listed.stderr
    assert json.loads(real("challenge", "catalog", "--category", "security", "-o", "json").stdout) == []
    started = real.run("challenge", "start", "-q", "--no-open", "--no-ssh", "two-nodes")
    assert (started.returncode, started.stderr) == (0, b"")
    play = started.stdout.decode().strip()
    again = real.run("challenge", "start", "http://labyard.localhost:8800/challenges/two-nodes", "--skip-wait-init")
    assert again.stdout.decode().strip() == play, again.stderr
    assert real("challenge", "list", "-q").stdout.decode().split() == [play]
    assert b"attempted" in real("challenge", "list").stdout
    waited = real("challenge", "wait", "two-nodes", "--timeout", "100ms")
    assert waited.returncode == 1 and b"not solved yet" in waited.stderr
    solve(real, play, "check_one", "check_two")
    assert real("challenge", "wait", "two-nodes").returncode == 0
    stopped = real.run("challenge", "stop", "two-nodes")
    assert (stopped.returncode, stopped.stdout.decode().strip()) == (0, play), stopped.stderr
    assert real("challenge", "stop", "two-nodes").returncode == 0
    assert [
        each["name"] for each in json.loads(real("challenge", "catalog", "--status", "solved", "-o", "json").stdout)
    ] == ["two-nodes"]
    assert real("challenge", "start", "absent").returncode == 3
    broken = real("challenge", "start", "broken")
    assert broken.returncode == 1 and b"challenges/broken/index.md:" in broken.stderr
    assert real("challenge", "catalog", "--status", "perhaps").returncode == 2
    assert real("challenge", "start", "a/b").returncode == 2


def test_an_attempt_that_failed_is_not_waited_for(real: Cli) -> None:
    play = real.run("challenge", "start", "-q", "two-nodes").stdout.decode().strip()
    host = real.host
    assert host is not None
    host[1].call_soon_threadsafe(partial(host[0].set_task, play, "check_two", status=TaskStatus.FAILED))
    waited = real("challenge", "wait", "two-nodes", "--timeout", "0")
    assert waited.returncode == 1 and b"has failed: check_two" in waited.stderr


def test_a_tutorial_and_a_course(real: Cli) -> None:
    assert b"agreeing" in real("tutorial", "catalog").stdout
    assert real.run("tutorial", "start", "-q", "agreeing").returncode == 0
    assert real("tutorial", "stop", "agreeing").returncode == 0
    assert real("tutorial", "complete", "agreeing").stdout == b"agreeing\n"
    assert b"completed" in real("tutorial", "catalog", "--status", "completed").stdout
    assert b"nodes" in real("course", "catalog").stdout
    assert b"first" in real("course", "catalog", "nodes").stdout
    started = real.run("course", "start", "-q", "nodes", "one", "--module", "first")
    assert (started.returncode, started.stderr) == (0, b"")
    again = real.run("course", "start", "-q", "nodes", "one")
    assert again.stdout == started.stdout
    assert real("course", "start", "nodes", "two").returncode == 1
    assert real("course", "start", "nodes", "three").returncode == 3
    assert real.run("course", "stop", "nodes", "one").stdout == started.stdout
    assert real("course", "stop", "nodes", "one").stdout == b""


def test_the_content_of_a_server(real: Cli) -> None:
    listed = real("content", "list")
    for name in (b"two-nodes", b"agreeing", b"nodes", b"up"):
        assert name in listed.stdout
    assert b"unknown key `nonsense`" in listed.stderr
    only = json.loads(real("content", "list", "--kind", "skill-path", "-o", "json").stdout)
    assert [(each["kind"], each["name"]) for each in only] == [("skill-path", "up")]


def test_images_and_kernels(real: Cli) -> None:
    assert real("image", "list").returncode == 0
    assert real("kernel", "list").returncode == 0
    assert real("image", "pull", "debian-12").returncode == 0
    assert real("kernel", "pull", "6.12").returncode == 0
    assert real("kernel", "remove", "6.12").stdout == b"6.12\n"
    assert real("kernel", "remove", "6.12").returncode == 3


def test_bots_prove_its_playgrounds(real: Cli, tmp_path: Path) -> None:
    listed = json.loads(real("bot", "list", "demo", "-o", "json").stdout)
    assert [(item["name"], item["case"]) for item in listed] == [("demo", "cold"), ("demo", "warm")]
    done = real("bot", "run", "playground/demo", "--repeat", "2", "--report", str(tmp_path / "report"))
    assert done.returncode == 0, done.stderr
    assert b"2 passed" in done.stderr
    assert real("playground", "list", "-q").stdout == b""
    diary = json.loads((tmp_path / "report" / "playground" / "demo" / "cold-2" / "diary.json").read_text())
    assert diary["play"]["status"]["stateEvents"]
