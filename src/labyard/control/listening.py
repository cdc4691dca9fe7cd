"""Which ports a machine listens on, as its examiner tells it, or its kernel lists them in `/proc/net/tcp` and `tcp6`
(proc_pid_net(5)). Pure.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from labyard.play.plan import Value

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
LIMIT = 1 << 20
"""Bytes of a table that are looked at: some 7,000 sockets."""
_LISTEN = "0A"
_LINE = re.compile(r"\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) ")
_REACHED = {
    "00000000",  # 0.0.0.0
    "0100007F",  # 127.0.0.1
    "0" * 32,  # ::
    "0" * 24 + "01000000",  # ::1
    "0000000000000000FFFF00000100007F",  # ::ffff:127.0.0.1
}
"""Addresses that loopback reaches, as the kernel writes them: words of four bytes, each in the machine's order."""


def listening(table: str) -> frozenset[int]:
    """Ports of `table` that can be reached by loopback. What is not understood is left out: a guest wrote it."""
    found = (_LINE.match(line) for line in table.splitlines())
    return frozenset(
        int(each[2], 16) for each in found if each is not None and each[3] == _LISTEN and each[1] in _REACHED
    )


class Listener(Value):
    """A port, and what is reached at it. `address`: another one of the machine's; `network`: in one of its containers, or where
    else a network is. `others`: in how many networks more the port is listened on, which it so does not lead to.
    """

    port: Annotated[int, Field(ge=1, le=65535)]
    at: Literal["loopback", "address", "network"] = "loopback"
    address: Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f.:]*$")] = ""
    program: Annotated[str, Field(max_length=64, pattern=r"^[ -~]*$")] = ""
    pid: Annotated[int, Field(ge=0, le=1 << 22)] = 0
    container: bool = False
    others: Annotated[int, Field(ge=0, le=1024)] = 0

    @property
    def where(self) -> str:
        """In words; empty for loopback."""
        if self.at == "loopback":
            return ""
        parts = [f"at {self.address} alone"]
        if self.at == "network":
            parts = ["in a container" if self.container else "in a network of its own"]
        if self.program:
            parts.append(f"of {self.program} (process {self.pid})")
        if self.others:
            parts.append(f"the first of {self.others + 1}")
        return ", ".join(parts)


class _Heard(Value):
    listeners: tuple[Listener, ...]


def heard(text: str) -> list[Listener] | None:
    """By port, each once. None for what is not understood as a whole: a guest wrote it."""
    try:
        found = {each.port: each for each in _Heard.model_validate_json(text).listeners}
    except ValidationError:
        return None
    return [found[port] for port in sorted(found)]
