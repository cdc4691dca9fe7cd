"""`labyard bot` as people run it. Machines of the fake server are this one: solutions are carried out here."""

from __future__ import annotations

import json
import signal
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from labyard.bots.limits import Limits
from labyard.cli import bot

if TYPE_CHECKING:
    from .conftest import Cli, FakeServer

ID = "cd" * 12


def task(name: str, status: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "machine": "node-01", "status": status, "runs": 2, "exitCode": 1, "needs": [], **more}


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bots look every second; these need not wait so long."""
    monkeypatch.setattr(bot, "Limits", partial(Limits, look_every=0.02))


@pytest.fixture
def lesson(server: FakeServer, tmp_path: Path) -> Path:
    """A challenge whose check wants a file to be there; the file."""
    wanted = tmp_path / "wanted"
    server.lessons = {"challenges": [{"name": "nat", "title": "NAT", "playground": {"name": "mini-lan"}}]}
    server.scripts = {
        "challenges/nat": [
            {"name": "solution", "title": "", "html": "<p>", "script": f"# session: root@node-02\ntouch {wanted}\n"},
            {"name": "solution-02", "title": "By hand", "html": "<p>", "script": None},
        ]
    }
    server.on_create = lambda _body: server.make_play(ID)
    server.on_tasks = lambda: [task("there", 40 if wanted.exists() else 30)]
    return wanted


def test_what_would_be_tried(cli: Cli, server: FakeServer, lesson: Path) -> None:
    server.playgrounds.append({"name": "k8s", "title": "", "needs": "internet"})
    server.lessons["challenges"].append({"name": "unsolved", "solutions": [], "playground": "mini-lan"})
    bad, warned = "index.md:1:1: no title", "index.md:2:1: warning: unusual"
    server.lessons["challenges"].append({"name": "bad", "solutions": [], "playground": "", "problems": [warned, bad]})
    server.lessons["challenges"][0]["problems"] = [warned]
    server.lessons["tutorials"] = [{"name": "only-read", "playground": "", "problems": []}]
    modules = [{"name": "one", "lessons": [{"name": "intro"}, {"name": "two", "playground": {"name": "k8s"}}]}]
    server.lessons["courses"] = [{"name": "tools", "modules": modules}]
    server.scripts["courses/tools/one/two"] = [{"name": "solution", "script": "true"}]
    done = cli("bot", "list", "-o", "json")
    assert done.returncode == 0, done.stderr
    assert [tuple(item[key] for key in ("kind", "name", "case", "note")) for item in json.loads(done.stdout)] == [
        ("playground", "mini-lan", "cold", ""),
        ("playground", "mini-lan", "warm", ""),
        ("playground", "k8s", "cold", "not run here: it needs the internet"),
        ("playground", "k8s", "warm", "not run here: it needs the internet"),
        ("challenge", "nat", "solution", ""),
        ("challenge", "bad", "-", "cannot be read: index.md:1:1: no title"),
        ("course", "tools/one/two", "solution", "not run here: it needs the internet"),
    ]
    assert b"Without a solution's script: unsolved, bad" in done.stderr
    assert server.plays == {}
    dry = cli("bot", "run", "nat", "--dry-run")
    assert dry.stdout.split() == [b"KIND", b"NAME", b"CASE", b"NOTE", b"challenge", b"nat", b"solution", b"-"]


def test_a_lesson_is_solved_and_reported(cli: Cli, server: FakeServer, lesson: Path, tmp_path: Path) -> None:
    report = tmp_path / "report"
    done = cli("bot", "run", "challenge/nat", "--report", str(report), "-o", "json")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    assert (result["result"], result["passed"]) == ("passed", 1)
    (created,) = server.created
    assert created["lesson"] == "challenge/nat"
    assert created["bot"] is True
    assert created["title"].startswith("Bot: challenge nat solution ")
    (ran,) = server.execs
    assert (ran["machine"], ran["user"]) == ("node-02", "root")
    assert ran["argv"][-1] == f"set -exuo pipefail\ntouch {lesson}\n"
    assert server.actions == [(ID, {"action": "destroy"})]
    attempt = report / "challenge" / "nat" / "solution-1"
    assert f"+ touch {lesson}" in (attempt / "chunk-01.log").read_text()
    assert (attempt / "console-node-01.txt").read_text() == "console of node-01\n"
    assert json.loads((attempt / "diary.json").read_text())["debug"]["machines"][0]["command"] == "qemu -x"
    junit = ET.fromstring((report / "junit.xml").read_bytes())  # noqa: S314 - our own
    assert (junit.get("tests"), junit.get("failures")) == ("1", "0")
    assert "NAT" not in done.stderr.decode()
    assert b"challenge nat solution: waiting for red" in done.stderr
    assert f"The matrix: {report}/index.html".encode() in done.stderr


def test_a_lesson_that_is_not_solved_is_a_failure(cli: Cli, server: FakeServer, lesson: Path) -> None:
    server.scripts["challenges/nat"][0]["script"] = "echo no such route >&2\n(exit 7)\n"
    done = cli("bot", "run", "nat")
    assert done.returncode == 1
    assert b"chunk 1 (line 1) ended with exit status 7: + exit 7" in done.stdout
    assert done.stderr.endswith(b"1 failed\n")
    lesson.touch()
    done = cli("bot", "run", "nat")
    assert done.returncode == 1
    assert b"green before anything was done: task there" in done.stdout


def test_playgrounds_are_tried_cold_and_warm(cli: Cli, server: FakeServer) -> None:
    server.progress = [{"finished": True}]
    made = iter(("aa" * 12, "bb" * 12))
    server.on_create = lambda _body: server.make_play(next(made))
    done = cli("bot", "run", "--all", "--parallel", "1")
    assert done.returncode == 0, done.stderr
    assert [line.split()[:6] for line in done.stdout.splitlines()[1:]] == [
        [b"playground", b"mini-lan", b"cold", b"passed", b"1", b"of"],
        [b"playground", b"mini-lan", b"warm", b"passed", b"1", b"of"],
    ]
    assert [(body.get("playground"), body.get("cold")) for body in server.created if "playground" in body] == [
        ("mini-lan", True),
        ("mini-lan", False),
    ]
    assert {"name": "mini-lan"} in server.created  # its snapshot was prepared
    assert [each["machine"] for each in server.execs] == ["node-01", "node-02"] * 2


def test_ctrl_c_ends_the_plays_of_the_bots(cli: Cli, server: FakeServer, lesson: Path, tmp_path: Path) -> None:
    server.scripts["challenges/nat"][0]["script"] = "sleep 60\n"
    with cli.start("bot", "run", "nat", "--report", str(tmp_path / "report")) as process:
        server.wait_until(lambda: server.programs == 1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, b""), stderr
    assert server.actions == [(ID, {"action": "destroy"})]
    assert b"All plays of the bots are ended." in stderr
    assert json.loads((tmp_path / "report" / "report.json").read_text())["complete"] is False


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, b"what is to be tried?"),
        (("nat", "--parallel", "0"), 2, b"neither auto nor a number"),
        (("nat", "--parallel", "many"), 2, b"neither auto nor a number"),
        (("nat", "--repeat", "0"), 2, b"--repeat"),
        (("nat", "--timeout", "0s"), 2, b"leaves no time"),
        (("nat", "--timeout", "soon"), 2, b"no length of time"),
        (("nothing-of-the-kind",), 3, b"there is no playground and no lesson 'nothing-of-the-kind'"),
    ],
)
def test_what_cannot_be_meant(cli: Cli, arguments: tuple[str, ...], status: int, words: bytes) -> None:
    done = cli("bot", "run", *arguments)
    assert done.returncode == status
    assert words in done.stderr


def test_no_server(lonely: Cli) -> None:
    done = lonely("bot", "run", "--all")
    assert done.returncode == 4
    assert b"no server answers" in done.stderr
