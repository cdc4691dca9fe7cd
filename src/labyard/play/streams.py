"""How to talk with a machine: what can be asked of its examiner, and the stream one gets.

The wire is docs/develop/guest-link.md.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal, NamedTuple, Protocol

from pydantic import Field

from labyard.play.plan import Value


class Channel(IntEnum):
    """Which pipe the bytes of a stream belong to."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2


class Exec(Value):
    """Run a program. `user` None: the machine's default user; `login`: as a real login session. `timeout` in seconds."""

    op: Literal["exec"] = "exec"
    argv: tuple[str, ...]
    user: str | None = None
    env: dict[str, str] = Field(default_factory=dict)
    cwd: str | None = None
    tty: bool = False
    cols: int = 80
    rows: int = 24
    timeout: float | None = None


class Terminal(Value):
    """Attach to a terminal, made when it does not exist. First its scrollback comes, then what is new."""

    op: Literal["terminal"] = "terminal"
    id: str
    user: str | None = None
    cols: int = 80
    rows: int = 24
    read_only: bool = False


class Dial(Value):
    """Connect inside the machine: `tcp` to `host:port`, `unix` to a path; `port`: to what listens at a number elsewhere than at
    loopback, at another address of the machine or in the network of a container.
    """

    op: Literal["dial"] = "dial"
    network: Literal["tcp", "unix", "port"] = "tcp"
    address: str


class Listeners(Value):
    """What listens in the machine, as JSON for `control/listening.py`."""

    op: Literal["listeners"] = "listeners"


class ReadFile(Value):
    op: Literal["read"] = "read"
    path: str
    user: str = "root"


class WriteFile(Value):
    op: Literal["write"] = "write"
    path: str
    mode: int = 0o644
    user: str = "root"


class TarOut(Value):
    op: Literal["tar-out"] = "tar-out"
    path: str
    user: str = "root"


class TarIn(Value):
    op: Literal["tar-in"] = "tar-in"
    path: str
    user: str = "root"


class Files(Value):
    """Ask about files as often as one likes: what is said on it is `play/files.py`. `user` None: the default user."""

    op: Literal["files"] = "files"
    user: str | None = None


Request = Annotated[
    Exec | Terminal | Dial | Listeners | ReadFile | WriteFile | TarOut | TarIn | Files, Field(discriminator="op")
]


class Chunk(NamedTuple):
    channel: Channel
    data: bytes


class Result(Value):
    """How a stream ended. `exit_code` for programs (128+n when ended by signal n); `error` when it never ran or broke off."""

    exit_code: int | None = None
    error: str | None = None
    timed_out: bool = False


class Stream(Protocol):
    """One conversation with a machine. Safe for one sender and one receiver at a time."""

    async def send(self, data: bytes) -> None:
        """Send to its input; waits while the other side has not taken what was sent before."""

    async def send_eof(self) -> None:
        """No more input."""

    async def resize(self, cols: int, rows: int) -> None:
        """For terminals and tty programs."""

    async def receive(self) -> Chunk | None:
        """The next output, None once it has ended (then `result` is known)."""

    async def result(self) -> Result:
        """Wait for the end."""

    async def close(self) -> None:
        """Give it up: a program gets SIGHUP, a terminal is only left. Safe to call twice."""
