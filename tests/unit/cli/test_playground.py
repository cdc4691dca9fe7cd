"""Verbs about plays and playgrounds: what they print where, and how they end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from .conftest import Cli, FakeServer

ID = "0123456789abcdef01234567"
OTHER = "ff" * 12
TASKS = [
    {"name": "init_lan", "machine": "node-01", "status": 40, "init": True, "exitCode": 0},
    {"name": "solve", "machine": "node-02", "status": 30, "init": False},
    {"name": "peek", "machine": "node-02", "status": 10, "helper": True},
]


@pytest.fixture(autouse=True)
def _running(server: FakeServer) -> None:
    server.add_play(ID)
    server.details = TASKS


def test_the_list_is_of_plays_that_are_not_destroyed(cli: Cli, server: FakeServer) -> None:
    server.add_play(OTHER, state="DESTROYED")
    assert cli("playground", "list", "-q").stdout == ID.encode() + b"\n"
    assert cli("playground", "list", "-aq").stdout.split() == [ID.encode(), OTHER.encode()]


def test_json_is_what_the_server_said(cli: Cli, server: FakeServer) -> None:
    assert json.loads(cli("playground", "list", "-o", "json").stdout) == [server.plays[ID]]
    assert json.loads(cli("playground", "status", ID, "-o", "json").stdout) == server.plays[ID]
    assert json.loads(cli("playground", "tasks", ID, "-o", "json").stdout) == TASKS
    machines = json.loads(cli("playground", "machines", ID, "-o", "json").stdout)
    assert [machine["name"] for machine in machines] == ["node-01", "node-02"]
    assert json.loads(cli("playground", "catalog", "-o", "json").stdout) == server.playgrounds


def test_tables_have_a_header_and_a_row_each(cli: Cli) -> None:
    rows = cli("playground", "machines", "0123").stdout.decode().splitlines()
    assert [row.split() for row in rows] == [
        ["MACHINE", "STATE", "READY", "DOING"],
        ["node-01", "RUNNING", "yes", "booting"],
        ["node-02", "RUNNING", "yes", "booting"],
    ]
    assert b"1h" in cli("playground", "list").stdout
    assert b"machine node-01" in cli("playground", "status", ID).stdout
    assert b"three nodes" in cli("playground", "catalog").stdout


def test_a_name_cannot_steer_our_terminal(cli: Cli, server: FakeServer) -> None:
    server.plays[ID]["title"] = "evil\x1b]0;title\x07\nline"
    printed = cli("playground", "list").stdout
    assert b"\x1b" not in printed
    assert len(printed.splitlines()) == 2


def test_tasks_by_name(cli: Cli) -> None:
    assert cli("playground", "tasks", ID, "-o", "name").stdout.split() == [b"init_lan", b"solve", b"peek"]


def test_what_tasks_ran_and_printed(cli: Cli, server: FakeServer) -> None:
    ran = {"lastRunAt": "2026-01-02T10:00:05Z", "lastDurationMs": 420, "exitCode": 1, "runs": 3, "run": "test -e /a"}
    server.details = [
        {**TASKS[1], **ran, "stderr": "no\x1b[31m such\nfile\n", "failcheck": "true", "failcheckExitCode": 0},
        {**TASKS[2], "withheld": True},
    ]
    printed = cli("playground", "tasks", ID, "-o", "raw").stdout.decode()
    assert "### solve on node-02: running, exit 1 after 0.42 s at 2026-01-02T10:00:05Z, run 3\n" in printed
    assert "    test -e /a\n" in printed and "# stderr:\n    no\x1b[31m such\n    file\n" in printed
    assert "# failcheck, exit 0:\n    true\n" in printed and "# stdout" not in printed
    assert printed.endswith(
        "### peek on node-02: created, not run yet\n# its script and output are for those who write its lesson\n"
    )


def test_waiting_for_tasks_that_do_not_finish_ends_with_2(cli: Cli, server: FakeServer) -> None:
    server.plays[ID]["tasks"] = {task["name"]: task for task in TASKS}
    done = cli("playground", "tasks", ID, "--wait", "--timeout", "300ms")
    assert done.returncode == 2
    assert b"in time" in done.stderr


def test_waiting_for_tasks_that_finish(cli: Cli, server: FakeServer) -> None:
    server.plays[ID]["tasks"] = {task["name"]: task for task in TASKS}
    solved = {**TASKS[1], "status": 40}
    server.messages = [{"kind": "task", "task": solved}]
    server.details = [TASKS[0], solved, TASKS[2]]
    assert cli("playground", "tasks", ID, "--wait", "--timeout", "20s").returncode == 0


def test_wait_ends_well_or_says_why_not(cli: Cli, server: FakeServer) -> None:
    assert cli("playground", "wait", ID).returncode == 0
    server.add_play(OTHER, state="STOPPED")
    done = cli("playground", "wait", OTHER)
    assert done.returncode == 1
    assert b"stopped" in done.stderr
    server.plays[ID]["tasks"] = {"solve": TASKS[1]}
    assert cli("playground", "wait", ID, "--timeout", "200ms").returncode == 1
    assert cli("playground", "wait", ID, "--init-only").returncode == 0


def test_stop_and_restart(cli: Cli, server: FakeServer) -> None:
    assert cli("playground", "stop", ID).stdout == ID.encode() + b"\n"
    done = cli("playground", "restart", "-q", ID)
    assert (done.returncode, done.stdout, done.stderr) == (0, ID.encode() + b"\n", b"")
    assert [body["action"] for _, body in server.actions] == ["stop", "restart"]


def test_destroy_takes_several_and_does_what_it_can(cli: Cli, server: FakeServer) -> None:
    server.add_play(OTHER)
    done = cli("playground", "destroy", ID, "eeee", OTHER)
    assert done.returncode == 3
    assert sorted(done.stdout.split()) == sorted([ID.encode(), OTHER.encode()])
    assert {play for play, _ in server.actions} == {ID, OTHER}


@pytest.mark.parametrize("verb", ["reboot", "stop", "restart"])
def test_machine_verbs_name_the_machine(cli: Cli, server: FakeServer, verb: str) -> None:
    assert cli("playground", "machine", verb, ID, "node-02").returncode == 0
    assert server.actions == [(ID, {"action": f"machine.{verb}", "machine": "node-02"})]


def test_a_machine_that_is_not_there(cli: Cli, server: FakeServer) -> None:
    assert cli("playground", "machine", "reboot", ID, "node-07").returncode == 3
    assert server.actions == []


def test_console_and_debug_are_data(cli: Cli) -> None:
    assert cli("playground", "machine", "console", ID, "node-02").stdout == b"console of node-02\n"
    printed = cli("playground", "debug", ID).stdout.decode()
    assert "qemu -x" in printed
    assert "ip netns exec w sh" in printed
    assert "process 7" in printed


def test_open_prints_a_link(cli: Cli) -> None:
    assert cli("playground", "open", ID).stdout.startswith(b"http://labyard.localhost:8800/signin?token=")


def test_a_manifest_can_be_written_down(cli: Cli) -> None:
    text = cli("playground", "manifest", "mini-lan").stdout
    assert yaml.safe_load(text) == {
        "kind": "playground",
        "name": "mini-lan",
        "playground": {"machines": [{"name": "node-01", "startupFiles": [{"content": "a\nb\n"}]}]},
    }
    assert b"content: |\n" in text
