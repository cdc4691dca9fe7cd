"""Which ports a machine listens on, as its kernel lists them in `/proc/net/tcp` and `tcp6` (proc_pid_net(5)). Pure."""

from __future__ import annotations

import re

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
