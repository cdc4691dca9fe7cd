"""A download of 2 GB from a machine, through the whole. In `make soak` alone."""

from __future__ import annotations

import http.client
import re
from pathlib import Path

import pytest
from tests.support.lab import Lab

pytestmark = pytest.mark.vm

SIZE = 2 << 30
END = b"and that was all"
MOST = 128 << 20
"""Bytes that the server may grow by. What is on its way is some 16 MiB; other things go on beside it."""
SERVE = (
    f"mkdir -p /www && busybox truncate -s {SIZE} /www/large && echo -n '{END.decode()}' >>/www/large;"
    "busybox httpd -p 127.0.0.1:8080 -h /www"
)


def peak(pid: int) -> int:
    """The most memory that it had since it was forgotten, in bytes (proc_pid_status(5))."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) << 10


def test_two_gigabytes_are_downloaded_and_never_held(lab: Lab) -> None:
    play = lab.start("tiny")
    lab.run(play, SERVE)
    lab.api("POST", f"/api/plays/{play}/ports", {"machine": "tiny-01", "number": 8080, "access": "public"})
    assert lab.process is not None
    server = lab.process.pid
    Path(f"/proc/{server}/clear_refs").write_text("5")
    before, taken, last = peak(server), 0, b""
    connection = http.client.HTTPConnection("127.0.0.1", lab.port, timeout=120)
    connection.request("GET", "/large", headers={"Host": f"8080-tiny-01-{play}.labyard.localhost:{lab.port}"})
    answer = connection.getresponse()
    while piece := answer.read(1 << 20):
        taken += len(piece)
        last = (last + piece)[-len(END) :]
    connection.close()
    assert (answer.status, taken, last) == (200, SIZE + len(END), END)
    assert peak(server) - before <= MOST
    assert lab.run(play, "echo alive") == "alive\n"
