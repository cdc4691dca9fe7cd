"""`labyard content preview` and `push --watch`: a program that goes on while its author writes, until Ctrl-C."""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.support.relay import Relay, relay
from tests.unit.cli.test_authors import MINE, mine
from tests.unit.cli.test_real_server import TOKEN, real

from labyard.cli.authors.browser import can_open
from labyard.cli.authors.plan import in_phases, plan_of

if TYPE_CHECKING:
    from .conftest import Cli

__all__ = ["mine", "real"]  # fixtures
PATIENCE = 60.0  # seconds, on a busy box


class Running:
    """A verb that runs, and what it has said so far."""

    def __init__(self, cli: Cli, *arguments: str) -> None:
        self.process = cli.start("content", *arguments)
        self.said = b""
        self.printed = b""
        self._readers = [
            threading.Thread(target=self._read, args=each) for each in (("said", "stderr"), ("printed", "stdout"))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, kept: str, name: str) -> None:
        stream = getattr(self.process, name)
        while line := stream.readline():
            setattr(self, kept, getattr(self, kept) + line)

    def until(self, fact: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE
        while not (found := fact()):
            assert self.process.poll() is None, self.said.decode()
            assert time.monotonic() < deadline, self.said.decode()
            time.sleep(0.05)
        return found

    def says(self, words: str, times: int = 1) -> None:
        self.until(lambda: self.said.decode(errors="replace").count(words) >= times)

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join()
        return code


@contextmanager
def running(cli: Cli, *arguments: str) -> Iterator[Running]:
    made = Running(cli, *arguments)
    try:
        yield made
    finally:
        made.process.kill()
        made.wait()
        for stream in (made.process.stdin, made.process.stdout, made.process.stderr):
            assert stream is not None
            stream.close()


@pytest.fixture
def line(real: Cli) -> Iterator[Relay]:
    """The preview's way to its server; others keep their own."""
    with relay(urlsplit(real.environment["LABYARD_URL"]).port or 0) as made:
        yield made


def over(cli: Cli, line: Relay) -> Cli:
    other = type(cli)(f"http://127.0.0.1:{line.port}", Path(cli.environment["LABYARD_DATA"]))
    other.environment["LABYARD_TOKEN"] = TOKEN
    return other


def ask(cli: Cli, path: str, tag: str = "") -> tuple[int, Any, str]:
    request = urllib.request.Request(
        f"{cli.environment['LABYARD_URL']}{path}", headers={"Authorization": f"Bearer {TOKEN}", "If-None-Match": tag}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read()), str(answer.headers["etag"])
    except urllib.error.HTTPError as error:
        with error:
            return error.code, None, ""


def name_of(preview: Running) -> str:
    """Once its page is there."""
    preview.until(lambda: preview.printed.endswith(b"\n"))
    return urlsplit(preview.printed.decode().strip()).path.rpartition("/")[2]


def mine_on(cli: Cli) -> list[str]:
    return [each["name"] for each in json.loads(cli("content", "list", "--mine", "-o", "json").stdout)]


@pytest.mark.slow
def test_from_the_first_look_to_the_last(real: Cli, mine: Path) -> None:
    with running(real, "preview", str(mine), "--no-open") as preview:
        name = name_of(preview)
        assert name.startswith("preview-mine-") and preview.printed.startswith(b"http://labyard.localhost:")
        preview.says("Ctrl-C ends its plays and removes it")
        assert "/signin?token=" in preview.said.decode() and f"&next=/challenges/{name}" in preview.said.decode()
        assert mine_on(real) == [name] and name.encode() not in real("challenge", "catalog").stdout
        route = f"/api/challenges/{name}/page"
        _, page, tag = ask(real, route)
        assert page["preview"] is True and ask(real, route, tag)[0] == 304
        started = real.run("challenge", "start", "-q", name)
        assert started.returncode == 0, started.stderr
        play = started.stdout.decode().strip()

        (mine / "index.md").write_text(MINE.replace("Say hello.", "Say goodbye."))
        preview.says("pushed: index.md; no problems")
        _, changed, _ = ask(real, route)
        assert "Say goodbye." in changed["html"] and changed["playDigest"] == page["playDigest"]
        (mine / "index.md").write_text(MINE.replace('run: "false"', 'run: "true"').replace("tagz", "togz"))
        preview.says(f"{mine}/index.md:7:1: error: unknown key `togz`")
        preview.says("pushed: index.md; 1 error, 0 warnings")
        (mine / "index.md").write_text(MINE.replace('run: "false"', 'run: "true"'))
        preview.until(lambda: ask(real, route)[1]["playDigest"] not in ("", page["playDigest"]))
        (mine / "__static__" / "map.png").unlink()
        preview.says("__static__/map.png (removed)")

        assert preview.end() == 0, preview.said
        assert preview.said.decode().endswith("The preview is removed, and its play ends.\n")
    assert mine_on(real) == [] and ask(real, route)[0] == 404
    real("playground", "wait", play, "--timeout", "20s")
    assert ask(real, f"/api/plays/{play}")[1]["status"]["stateEvents"][-1]["state"] in ("DESTROYING", "DESTROYED")
    assert ask(real, "/api/progress")[1]["activeDays"] == []


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_it_is_removed_however_it_is_ended(real: Cli, mine: Path, how: signal.Signals) -> None:
    with running(real, "preview", str(mine)) as preview:
        name_of(preview)
        assert preview.end(how) == 0, preview.said
    assert mine_on(real) == []


@pytest.mark.slow
def test_a_broken_one_is_shown_as_it_is(real: Cli, mine: Path) -> None:
    (mine / "index.md").write_text(MINE.replace("title: A challenge of my own", "title: [").replace("demo", "deno"))
    with running(real, "preview", str(mine), "--no-open") as preview:
        name = name_of(preview)
        preview.says(f"{mine}/index.md:")
        assert ask(real, f"/api/challenges/{name}/page")[1]["problems"]
        (mine / "index.md").write_text(MINE)
        preview.until(lambda: not ask(real, f"/api/challenges/{name}/page")[1]["problems"])
        assert preview.end() == 0
    unknown = real("content", "preview", str(mine.parent))
    assert unknown.returncode == 2 and b"there is no index.md" in unknown.stderr


@pytest.mark.slow
def test_a_server_that_goes_away_and_comes_back(real: Cli, mine: Path, line: Relay) -> None:
    with running(over(real, line), "preview", str(mine), "--no-open") as preview:
        name = name_of(preview)
        preview.says("Watching")
        line.cut()
        (mine / "index.md").write_text(MINE.replace("Say hello.", "Say goodbye."))
        preview.says("Trying again until it answers.")
        line.mend()
        preview.says("The server answers again.")
        assert "Say goodbye." in ask(real, f"/api/challenges/{name}/page")[1]["html"]
        assert preview.said.count(b"no server answers") == 1
        assert preview.end() == 0


@pytest.mark.slow
def test_when_the_server_is_away_at_the_end_it_says_what_is_left(real: Cli, mine: Path, line: Relay) -> None:
    with running(over(real, line), "preview", str(mine), "--no-open") as preview:
        name = name_of(preview)
        preview.says("Watching")
        line.cut()
        assert preview.end() == 1
        assert f"The preview challenge/{name} and its plays may be left" in preview.said.decode()
        assert f"labyard content remove challenge/{name} --yes" in preview.said.decode()
    assert mine_on(real) == [name]
    assert real("content", "remove", f"challenge/{name}", "--yes").returncode == 0
    assert mine_on(real) == []


@pytest.mark.slow
def test_who_does_not_want_to_wait_presses_it_twice(real: Cli, mine: Path, line: Relay) -> None:
    with running(over(real, line), "preview", str(mine), "--no-open") as preview:
        name_of(preview)
        preview.says("Watching")
        line.deaf = True
        preview.process.send_signal(signal.SIGINT)
        time.sleep(1)
        assert preview.process.poll() is None, "it waits for the server"
        assert preview.end() == 1
        assert b"has not answered yet" in preview.said


@pytest.mark.slow
def test_a_preview_that_was_removed_is_made_again(real: Cli, mine: Path) -> None:
    with running(real, "preview", str(mine), "--no-open") as preview:
        name = name_of(preview)
        preview.says("Watching")
        assert real("content", "remove", f"challenge/{name}", "--yes").returncode == 0
        (mine / "index.md").write_text(MINE.replace("Say hello.", "Say goodbye."))
        preview.says("It is made again.")
        preview.until(lambda: ask(real, f"/api/challenges/{name}/page")[0] == 200)
        assert preview.end() == 0


@pytest.mark.slow
def test_push_again_at_every_change(real: Cli, mine: Path) -> None:
    with running(real, "push", str(mine), "--watch") as push:
        push.says("Watching")
        (mine / "index.md").write_text(MINE.replace("title:", "titel:"))
        push.says("not pushed: index.md")
        push.says(f"{mine}/index.md:3:1: error: unknown key `titel`")
        assert ask(real, "/api/challenges/mine")[1]["title"] == "A challenge of my own"
        (mine / "index.md").write_text(MINE.replace("of my own", "of our own"))
        (mine / ".solution.sh").unlink()
        push.says("Kept on the server, though gone here: .solution.sh")
        assert ask(real, "/api/challenges/mine")[1]["title"] == "A challenge of our own"
        assert push.end() == 130
    assert mine_on(real) == ["mine"]


def test_without_a_server_it_says_how_to_start_one(lonely: Cli, mine: Path) -> None:
    done = lonely("content", "preview", str(mine))
    assert done.returncode == 4 and b"no server answers at" in done.stderr and b"labyard up" in done.stderr


def test_what_is_to_be_done() -> None:
    here = {"index.md": "a", "new.md": "b", "same.png": "c", "unknown.png": "d"}
    there = {"index.md": "x", "same.png": "c", "gone.png": "e", "unknown.png": ""}
    plan = plan_of(here, there)
    assert (plan.new, plan.changed, plan.removed) == (("new.md",), ("index.md", "unknown.png"), ("gone.png",))
    only = plan_of(here, there, {"index.md", "same.png"})
    assert (only.sent, only.removed) == (("index.md",), ())
    assert plan_of(here, here).empty and plan_of(here, here).words() == "nothing to do"
    assert plan.words() == "1 new, 2 changed, 1 removed"


def test_a_piece_appears_when_it_is_whole() -> None:
    paths = ["index.md", "a/index.md", "__static__/b.png", "unit-1.md", ".solution.sh"]
    assert in_phases(paths) == [["__static__/b.png", ".solution.sh"], ["a/index.md", "unit-1.md"], ["index.md"]]
    assert in_phases(["0.index.md", "x.txt"]) == [["x.txt"], ["0.index.md"]] and in_phases([]) == []


def test_where_a_page_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert can_open({"DISPLAY": ":0"}) and can_open({"WAYLAND_DISPLAY": "wayland-0"})
    assert not can_open({}) and not can_open({"DISPLAY": ""})
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert not can_open({"DISPLAY": ":0"})
