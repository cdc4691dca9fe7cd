"""A real server on a box of its own (a network namespace), driven as people do: by the CLI."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import leftovers

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("LABYARD_TEST_CACHE", "/var/cache/labyard-test"))
READY = 60.0


@dataclass
class Lab:
    """`data` is the server's folder. Start it with `serving`; `cli` speaks to it."""

    data: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    link: str = ""
    verb: str = "serve"
    """Or `up`, which looks at the box first."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def mark(self) -> str:
        return (self.data / "id").read_text()[:6]

    def environ(self) -> dict[str, str]:
        ours = {"LABYARD_URL": self.url, "LABYARD_DATA": str(self.data), "LABYARD_BOT_AT": "off"}
        return {**os.environ, **ours, **self.environment}

    def start_server(self) -> None:
        """Returns once it answers; `link` is the sign-in link it printed."""
        command = [sys.executable, "-m", "labyard.cli", self.verb]
        command += ["--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]
        with (self.data / "server.log").open("ab") as log:
            began = log.tell()
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environ(), cwd=ROOT)
        deadline = time.monotonic() + READY
        while time.monotonic() < deadline:
            said = (self.data / "server.log").read_bytes()[began:].decode(errors="replace")
            links = [word for word in said.split() if "/signin?token=" in word]
            if links:
                self.link = links[-1]
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{said}")

    def end_server(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(30)
        self.process = None

    def cli(
        self, *arguments: str, check: bool = True, stdin: bytes = b"", timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "labyard.cli", *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, env=self.environ(), timeout=timeout, cwd=ROOT, check=False
        )
        result = subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())
        if check and result.returncode != 0:
            raise AssertionError(f"{arguments} ended with {result.returncode}:\n{result.stdout}\n{result.stderr}")
        return result

    def start(self, *arguments: str) -> str:
        """`playground start`; the play's id. A failure shows what `debug` knows."""
        done = self.cli("playground", "start", "-q", *arguments, check=False)
        if done.returncode != 0:
            raise AssertionError(f"start {arguments}: {done.stderr}\n{self.evidence()}")
        return done.stdout.strip()

    def run(self, play: str, script: str, *, machine: str | None = None, user: str | None = None) -> str:
        """What a shell script prints in a machine; it must succeed."""
        where = [*(("-m", machine) if machine else ()), *(("-u", user) if user else ())]
        return self.cli("exec", play, *where, "--", "sh", "-c", script).stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.cli(*arguments, "-o", "json").stdout)

    def until(self, play: str, state: str, patience: float = 180) -> Any:
        """Its status, once it is in `state`."""
        deadline = time.monotonic() + patience
        while True:
            status = self.json("playground", "status", play)["status"]
            if status["stateEvents"][-1]["state"] == state:
                return status
            assert time.monotonic() < deadline, status
            time.sleep(0.2)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the owner's, as any other client would make it."""
        token = (self.data / "owner.token").read_text().strip()
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def destroy_all(self) -> None:
        if plays := self.cli("playground", "list", "-q").stdout.split():
            self.cli("playground", "destroy", *plays, check=False)

    def evidence(self) -> str:
        """Consoles of all plays, and the server's log: what a failed test leaves."""
        plays = self.cli("playground", "list", "-q", "-a", check=False).stdout.split()
        shown = [self.cli("playground", "debug", play, check=False).stdout[-6000:] for play in plays]
        return "\n".join([*shown, (self.data / "server.log").read_text(errors="replace")[-4000:]])

    def left(self) -> leftovers.Leftovers:
        return leftovers.look(self.data, self.mark)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    shared: Sequence[str] = ("images", "kernels"),
    verb: str = "serve",
    made: bool = False,
) -> Iterator[Lab]:
    """A server over a fresh data folder that shares the cache's images and kernels; ended with all its plays. `made`: the
    folder is there.
    """
    folder.mkdir(mode=0o711, parents=True, exist_ok=made)
    for name in shared:
        (folder / name).symlink_to(CACHE / name)
    lab = Lab(folder, free_port(), environment or {}, verb=verb)
    lab.start_server()
    try:
        yield lab
    finally:
        if lab.process is None:
            lab.start_server()
        lab.destroy_all()
        lab.end_server()


def prepare_images(box: int, wanted: Sequence[str]) -> None:
    """In the box's own network namespace (`box` is a descriptor of it): mirrors are reached from there."""
    CACHE.mkdir(mode=0o711, parents=True, exist_ok=True)
    command = [
        "nsenter",
        f"--net=/proc/self/fd/{box}",
        sys.executable,
        "-m",
        "tests.support.prepare",
        str(CACHE),
        *wanted,
    ]
    subprocess.run(
        command, check=True, cwd=ROOT, pass_fds=[box], env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    )
