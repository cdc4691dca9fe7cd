"""Verbs about moments: forks, snapshots, rewinds, saved playgrounds, preparing, and what all of it costs."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Cli, FakeServer

ID = "0123456789abcdef01234567"
FORK = "ab" * 12


@pytest.fixture(autouse=True)
def _running(server: FakeServer) -> None:
    server.add_play(ID)


def test_a_fork_prints_the_new_id_when_it_is_ready(cli: Cli, server: FakeServer) -> None:
    ready = server.make_play(FORK)["status"]
    server.messages = [{"kind": "status", "status": ready}]
    server.on_create = lambda _body: server.make_play(FORK, state="CREATED", ready=False)
    done = cli("playground", "fork", "0123")
    assert (done.returncode, done.stdout) == (0, FORK.encode() + b"\n"), done.stderr
    assert b"node-01: ready" in done.stderr
    assert server.actions == [(ID, {"action": "fork"})]
    assert server.plays[ID]["status"]["stateEvents"][-1]["state"] == "RUNNING"


def test_a_quiet_fork_is_the_id_alone(cli: Cli) -> None:
    done = cli("playground", "fork", "-q", ID)
    assert (done.returncode, done.stdout, done.stderr) == (0, FORK.encode() + b"\n", b"")


def test_a_fork_that_fails_says_why(cli: Cli, server: FakeServer) -> None:
    failed = server.make_play(FORK, state="FAILED", ready=False)
    failed["status"]["message"] = "What this play was to be made from is not there."
    server.on_create = lambda _body: failed
    done = cli("playground", "fork", ID)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"made from is not there" in done.stderr


def test_ctrl_c_ends_the_fork_and_not_its_source(cli: Cli, server: FakeServer) -> None:
    server.on_create = lambda _body: server.make_play(FORK, state="STARTING", ready=False)
    with cli.start("playground", "fork", ID) as process:
        assert server.holding.wait(20)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert server.actions == [(ID, {"action": "fork"}), (FORK, {"action": "destroy"})]


def test_snapshots(cli: Cli, server: FakeServer) -> None:
    assert cli("playground", "snapshot", ID, "--name", "one").stdout == b"one\n"
    server.snapshots = [{"name": "one", "createdAt": "2026-01-02T03:04:05.678Z", "size": 5 << 20}]
    assert json.loads(cli("playground", "snapshots", ID, "-o", "json").stdout) == server.snapshots
    rows = cli("playground", "snapshots", ID).stdout.decode().splitlines()
    assert [row.split() for row in rows] == [
        ["NAME", "TAKEN", "SIZE"],
        ["one", "2026-01-02T03:04:05", "5", "MiB"],
    ]
    done = cli("playground", "remove-snapshot", ID, "one")
    assert (done.returncode, done.stdout) == (0, b"") and b"is gone" in done.stderr
    assert [body for _, body in server.actions] == [
        {"action": "snapshot", "name": "one"},
        {"action": "remove_snapshot", "name": "one"},
    ]


def test_a_snapshot_needs_a_name(cli: Cli, server: FakeServer) -> None:
    assert cli("playground", "snapshot", ID).returncode == 2
    assert server.actions == []


def test_rewind_returns_when_it_is_ready(cli: Cli, server: FakeServer) -> None:
    server.plays[ID] = server.make_play(ID, state="STARTING", ready=False)
    server.messages = [{"kind": "status", "status": server.make_play(ID)["status"]}]
    done = cli("playground", "rewind", "-q", ID, "one")
    assert (done.returncode, done.stdout, done.stderr) == (0, ID.encode() + b"\n", b"")
    assert server.actions == [(ID, {"action": "rewind", "name": "one"})]


def test_what_the_server_refuses_is_told_with_its_hint(cli: Cli, server: FakeServer) -> None:
    server.refuse = (404, {"error": {"code": "not-found", "message": "no snapshot 'x'", "hint": "it has one"}})
    done = cli("playground", "rewind", ID, "x")
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr == b"labyard: no snapshot 'x'\n  it has one\n"


def test_save_persist_and_remove(cli: Cli, server: FakeServer) -> None:
    done = cli("playground", "save", ID, "--as", "mine")
    assert done.stdout == b"mine\n" and b"playground start mine" in done.stderr
    assert cli("playground", "persist", "0123").stdout == ID.encode() + b"\n"
    assert [body for _, body in server.actions] == [{"action": "save", "name": "mine"}, {"action": "make_persistent"}]
    assert cli("playground", "remove", "mine").stdout == b"mine\n"
    assert cli("playground", "remove", "a/../b").returncode == 3  # as one name, which there is not
    assert "DELETE /api/playgrounds/mine" in server.requests
    assert cli("playground", "save", ID).returncode == 2


def test_a_cold_start_is_asked_for(cli: Cli, server: FakeServer) -> None:
    assert cli("playground", "start", "--cold", "-q", "mini-lan").returncode == 0
    assert server.created[0]["cold"] is True


def test_prepare_several_and_do_what_can_be_done(cli: Cli, server: FakeServer) -> None:
    server.progress = [{"subject": "mini-lan", "step": "booting"}, {"finished": True}]
    done = cli("playground", "prepare", "mini-lan", "nope", "docker", "mini-lan", "-i", "a=1")
    assert done.returncode == 3
    assert done.stdout == b"mini-lan\ndocker\n"
    assert b"mini-lan booting\n" in done.stderr and b"no playground" in done.stderr
    assert server.created == [{"name": name, "initConditions": {"a": "1"}} for name in ("mini-lan", "docker")]


def test_prepare_all_leaves_out_what_has_no_use_for_it(cli: Cli, server: FakeServer) -> None:
    server.progress = [{"finished": True}]
    server.playgrounds = [
        {"name": "mini-lan", "warm": True, "problems": []},
        {"name": "always-boots", "warm": False},
        {"name": "mine", "snapshot": "01ab"},
        {"name": "broken", "problems": ["broken.yaml:1:1: no"]},
        {"name": "tiny"},
    ]
    done = cli("playground", "prepare", "--all")
    assert (done.returncode, done.stdout) == (0, b"mini-lan\ntiny\n")
    assert b"broken is left out" in done.stderr


def test_prepare_what(cli: Cli, server: FakeServer) -> None:
    assert cli("playground", "prepare").returncode == 2
    assert cli("playground", "prepare", "--all", "tiny").returncode == 2
    server.progress = [{"error": {"code": "machine", "message": "did not become ready"}}]
    assert cli("playground", "prepare", "tiny").returncode == 1


def test_du_is_sorted_by_what_would_be_freed(cli: Cli) -> None:
    done = cli("du")
    rows = [row.split() for row in done.stdout.decode().splitlines()]
    assert rows == [
        ["KIND", "NAME", "OWN", "SHARED", "NOTE"],
        ["play", "ab" * 12, "1.0", "GiB", "5", "MiB", "stopped"],
        ["image", "debian-12", "3", "MiB", "-", "-"],
    ]
    assert done.stderr == b"1.0 GiB in all.\n"
    assert [each["kind"] for each in json.loads(cli("du", "-o", "json").stdout)] == ["image", "play"]


def test_scrub_ends_with_1_when_something_is_damaged(cli: Cli, server: FakeServer) -> None:
    done = cli("scrub")
    assert (done.returncode, done.stdout) == (0, b"") and b"whole" in done.stderr
    server.damaged = ["snapshot one is damaged"]
    done = cli("scrub")
    assert (done.returncode, done.stdout) == (1, b"snapshot one is damaged\n")
