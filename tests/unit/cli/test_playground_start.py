"""`labyard playground start`: ready, or why not, and nothing left behind."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .conftest import Cli, FakeServer

ID = "ab" * 12
INIT = {"init_lan": {"name": "init_lan", "init": True, "helper": False, "status": 30}}


def starting(server: FakeServer) -> None:
    """The next play comes up in steps, told over its socket."""
    ready = server.make_play(ID)["status"]

    def create(_body: dict[str, Any]) -> dict[str, Any]:
        server.messages = [
            {"kind": "status", "status": ready},
            {"kind": "weather", "sun": True},
            {"kind": "task", "task": {**INIT["init_lan"], "status": 40}},
        ]
        return server.make_play(ID, state="STARTING", ready=False, tasks=INIT)

    server.on_create = create


def test_it_returns_when_machines_and_init_tasks_are_ready(cli: Cli, server: FakeServer) -> None:
    starting(server)
    done = cli("playground", "start", "mini-lan")
    assert (done.returncode, done.stdout) == (0, ID.encode() + b"\n"), done.stderr
    told = done.stderr.decode().splitlines()
    assert told.index("node-01: booting") < told.index("node-01: ready")
    assert told.index("task init_lan: running") < told.index("task init_lan: completed")
    assert server.created == [{"playground": "mini-lan", "safetyDisclaimerConsent": True}]


def test_quiet_is_the_id_alone(cli: Cli, server: FakeServer) -> None:
    starting(server)
    done = cli("playground", "start", "-q", "mini-lan")
    assert (done.returncode, done.stdout, done.stderr) == (0, ID.encode() + b"\n", b"")


def test_a_file_goes_along_with_its_name_and_inputs(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    manifest = tmp_path / "lab.yaml"
    manifest.write_text("kind: playground\n")
    assert (
        cli("playground", "start", "-f", str(manifest), "-i", "a=1", "-i", "b=x=y", "--title", "Mine").returncode == 0
    )
    assert server.created[0] == {
        "playground": "",
        "manifest": "kind: playground\n",
        "manifestName": str(manifest),
        "initConditions": {"a": "1", "b": "x=y"},
        "safetyDisclaimerConsent": True,
    }
    assert server.actions == [(ID, {"action": "set_title", "title": "Mine"})]


def test_ctrl_c_destroys_the_play_it_was_starting(cli: Cli, server: FakeServer) -> None:
    server.on_create = lambda _body: server.make_play(ID, state="STARTING", ready=False)
    with cli.start("playground", "start", "mini-lan") as process:
        assert server.holding.wait(20)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert server.actions == [(ID, {"action": "destroy"})]
    assert stdout == b""
    assert f"Play {ID} is destroyed".encode() in stderr


def test_a_failed_init_task_is_shown_with_its_output(cli: Cli, server: FakeServer) -> None:
    def create(_body: dict[str, Any]) -> dict[str, Any]:
        return server.make_play(ID, state="FAILED", tasks={"init_lan": {**INIT["init_lan"], "status": 35}})

    server.on_create = create
    server.details = [
        {
            "name": "init_lan",
            "machine": "node-02",
            "status": 35,
            "exitCode": 9,
            "stdout": "hello\n" + "x" * 60_000 + "end",
            "stderr": "no \x1b[2Jdisk",
        }
    ]
    done = cli("playground", "start", "mini-lan")
    assert done.returncode == 1
    assert done.stdout == b""
    text = done.stderr.decode()
    assert "Task init_lan on node-02 failed with exit status 9" in text
    assert "hello" in text
    assert "xend" in text and len(text) < 2000
    assert "no \N{REPLACEMENT CHARACTER}[2Jdisk" in text
    assert f"labyard playground debug {ID[:8]}" in text


def test_the_plays_own_words_come_a_moment_after_its_tasks_failure(cli: Cli, server: FakeServer) -> None:
    failed = {**server.make_play(ID, state="FAILED")["status"], "message": "A preparation step failed."}
    server.messages = [
        {"kind": "task", "task": {**INIT["init_lan"], "status": 35}},
        {"kind": "status", "status": failed},
    ]
    server.on_create = lambda _body: server.make_play(ID, state="STARTING", ready=False, tasks=INIT)
    done = cli("playground", "start", "-q", "mini-lan")
    assert done.returncode == 1
    assert f"Play {ID} is failed: A preparation step failed." in done.stderr.decode()


def test_problems_of_a_manifest_are_shown_with_their_places(cli: Cli, server: FakeServer) -> None:
    problem = {"file": "lab.yaml", "line": 3, "column": 5, "message": "unknown key 'machnes'", "hint": "machines?"}
    server.refuse = (422, {"error": {"code": "spec-invalid", "message": "x", "problems": [problem]}})
    done = cli("playground", "start", "-f", "/dev/null")
    assert (done.returncode, done.stderr) == (1, b"lab.yaml:3:5: unknown key 'machnes' (machines?)\n")


def test_nothing_named_is_a_wrong_command_line(cli: Cli, server: FakeServer) -> None:
    assert cli("playground", "start").returncode == 2
    assert cli("playground", "start", "-f", "/nonexistent").returncode == 2
    assert server.created == []


def test_a_stranger_learns_what_token_is_missing(cli: Cli) -> None:
    cli.environment["LABYARD_TOKEN"] = "wrong"
    done = cli("playground", "start", "mini-lan")
    assert done.returncode == 1
    assert b"LABYARD_TOKEN" in done.stderr


def test_who_waits_for_room_is_told_their_place_as_it_changes(cli: Cli, server: FakeServer) -> None:
    ready = server.make_play(ID)["status"]

    def waiting(place: int) -> dict[str, Any]:
        status: dict[str, Any] = server.make_play(ID, state="CREATED", ready=False)["status"]
        return {
            **status,
            "message": f"Waiting for room on this box, place {place}. It begins in about {place} minutes.",
        }

    def create(_body: dict[str, Any]) -> dict[str, Any]:
        server.messages = [{"kind": "status", "status": each} for each in (waiting(2), waiting(2), waiting(1), ready)]
        return {**server.make_play(ID, state="CREATED", ready=False), "status": waiting(3)}

    server.on_create = create
    told = cli("playground", "start", "mini-lan").stderr.decode().splitlines()
    places = [line for line in told if line.startswith(f"play {ID}: waiting for room")]
    assert [line.rpartition("place ")[2] for line in places] == [
        f"{place}. It begins in about {place} minutes." for place in (3, 2, 1)
    ]
