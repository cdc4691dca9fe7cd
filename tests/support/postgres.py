"""A PostgreSQL of the tests' own, on a socket in a folder: begun once per process, ended with it."""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

_PATIENCE = 60.0


@dataclass
class Postgres:
    """`folder` belongs to the user it runs as: root may not."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    made: int = field(default=0)

    def start(self) -> None:
        """Returns when it answers. Of the main thread: with the one that asks it ends."""
        # nobody needs these data after a crash of the box
        quick = [item for name in ("fsync", "synchronous_commit", "full_page_writes") for item in ("-c", f"{name}=off")]
        where = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-c", "listen_addresses="]
        sized = ["-c", "max_connections=200", "-c", "shared_buffers=16MB"]
        with (self.folder / "log").open("ab") as log:
            command = [*_as_nobody_special(), str(_programs() / "postgres"), *where, *quick, *sized]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                said = (self.folder / "log").read_text(errors="replace")[-2000:]
                assert time.monotonic() < deadline and self.process.poll() is None, said
                time.sleep(0.05)

    def stop(self) -> None:
        """As a restart of its service does it: connections are cut."""
        assert self.process is not None
        self.process.send_signal(2)  # "fast", postgres(1)
        self.process.wait(_PATIENCE)
        self.process = None

    def url(self, name: str) -> str:
        return f"postgresql://{_user()}@/{name}?host={self.folder}"

    def database(self, *, like: str = "template1") -> str:
        """The address of a new one, a copy of `like`."""
        self.made += 1
        name = f"labyard_{self.made}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"'.encode())
        return self.url(name)

    def drop(self, url: str) -> None:
        name = url.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@functools.cache
def postgres() -> Postgres:
    """The one of this process. Ask for it first in the main thread."""
    made = new_postgres()

    def end() -> None:
        if made.process is not None:
            made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)

    atexit.register(end)
    return made


def new_postgres() -> Postgres:
    """One that runs. Whoever asks ends it and removes its folder."""
    folder = Path(tempfile.mkdtemp(prefix="labyard-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, _user())
    command = [
        *_as_nobody_special(),
        str(_programs() / "initdb"),
        "-D",
        str(folder / "data"),
        "--auth=trust",
        "--no-sync",
    ]
    subprocess.run([*command, "--encoding=UTF8", "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL)
    made = Postgres(folder)
    made.start()
    return made


def _user() -> str:
    return "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _as_nobody_special() -> list[str]:
    """It ends with the thread that begins it: nothing is left of a test run that is killed."""
    other = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", "--pdeathsig=INT", *other, "--"]


def _programs() -> Path:
    """Where distributions put the server's programs: Debian beside one another, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    beside = shutil.which("initdb")
    assert beside is not None, "PostgreSQL is not installed: tools/ensure-packages test"
    return Path(beside).resolve().parent
