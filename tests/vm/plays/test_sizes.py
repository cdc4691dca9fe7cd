"""More than anybody means to send: pastes, terminals, and a machine that dies under one."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.support.lab import Lab
from tests.support.soak import SOAK
from tests.support.terminal import Terminal
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

pytestmark = pytest.mark.vm

MIB = 1 << 20
PIECE = 64 << 10  # as the page sends
MOST_TERMINALS = 64  # of a machine
TRIES = 1000 if SOAK else 200
PATIENCE = 180.0  # seconds


def terminal(lab: Lab, play: str, name: str = "one") -> Terminal:
    return Terminal(lab, play, "tiny-01", name, "root")


def test_a_paste_of_megabytes_arrives_whole(lab: Lab) -> None:
    """Into a program that reads it raw, 2 MiB in `make test`. By lines, as a shell reads it, a line may have 4095 bytes."""
    play = lab.start("tiny")
    pasted = bytes(33 + at % 90 for at in range((10 if SOAK else 2) * MIB))
    lines = b"".join(b"%07d %s\n" % (at, b"x" * 90) for at in range(MIB // 400))
    with terminal(lab, play) as typed, terminal(lab, play, "other") as other:
        typed.type(f"stty raw -echo; echo re''ady; head -c {len(pasted)} | sha256sum; stty sane\n")
        typed.until("ready")
        for at in range(0, len(pasted), PIECE):
            typed.send(pasted[at : at + PIECE])
            if at == 16 * PIECE:
                other.type("echo other-$((1+1))\n")
                other.until("other-2")
        typed.until(hashlib.sha256(pasted).hexdigest(), PATIENCE)
        typed.type("cat >/lines; sha256sum /lines\n")
        typed.until("/lines\r\n")
        for at in range(0, len(lines), PIECE):
            typed.send(lines[at : at + PIECE])
        typed.type("\x04")
        typed.until(hashlib.sha256(lines).hexdigest(), PATIENCE)
        typed.type("echo alive-$((1+1))\n")
        typed.until("alive-2")


def told(socket: ClientConnection) -> Any:
    """What is said of it in JSON; None: it shows something."""
    message = socket.recv(timeout=PATIENCE)
    return json.loads(message) if isinstance(message, str) else None


def opened(lab: Lab, play: str, number: int) -> AbstractContextManager[ClientConnection]:
    token = (lab.data / "owner.token").read_text().strip()
    address = f"ws://127.0.0.1:{lab.port}/api/plays/{play}/machines/tiny-01/terminals/t{number}?user=root"
    return connect(address, additional_headers={"Authorization": f"Bearer {token}"}, max_size=None, proxy=None)


def descriptors(lab: Lab) -> int:
    assert lab.process is not None
    return len(list(Path(f"/proc/{lab.process.pid}/fd").iterdir()))


def examiners(lab: Lab, play: str) -> int:
    """Descriptors of the examiner."""
    each = "case $(cat $p/cmdline 2>/dev/null) in @labyard*) ls $p/fd | wc -l;; esac"
    script = f"for p in /proc/[0-9]*; do {each}; done"
    return sum(map(int, lab.run(play, script, user="root").split()))


def settled(count: Any, most: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while (now := count()) > most:
        assert time.monotonic() < deadline, f"{now} are open, and were {most}"
        time.sleep(0.5)


def test_any_number_of_terminals_is_bounded_and_leaves_nothing(lab: Lab) -> None:
    play = lab.start("tiny")
    lab.run(play, "true")
    ours, theirs = descriptors(lab), examiners(lab, play)
    refused: list[Any] = []
    with ExitStack() as kept:
        begun = []
        for number in range(TRIES):
            socket = kept.enter_context(opened(lab, play, number))
            if (said := told(socket)) is None:
                begun.append(socket)
                continue
            refused.append(said["error"])
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=PATIENCE)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4409
        assert len(begun) in (MOST_TERMINALS - 1, MOST_TERMINALS), "the page's first one may be there already"
        assert len(begun) + len(refused) == TRIES
        assert {each["code"] for each in refused} == {"too-many"}
        assert "64 terminals" in refused[0]["message"] and refused[0]["hint"]
        assert lab.run(play, "echo programs run") == "programs run\n"
        for socket in begun:
            socket.send(b"exit\n")
        for socket in begun:
            while (said := told(socket)) is None:
                pass
            assert said == {"exit": 0}
    settled(lambda: descriptors(lab), ours)
    settled(lambda: examiners(lab, play), theirs)
    with terminal(lab, play) as again:
        again.type("echo again-$((1+1))\n")
        again.until("again-2")


def test_a_machine_that_dies_under_a_terminal_says_so_and_brings_it_back(lab: Lab) -> None:
    play = lab.start("tiny")
    pid = next(int(line.split()[0]) for line in lab.left().processes)
    with opened(lab, play, 1) as socket:
        assert told(socket) is None
        os.kill(pid, signal.SIGKILL)
        while (said := told(socket)) is None:
            pass
        assert said["error"]["code"] == "guest" and "restart it" in said["error"]["hint"], said
    deadline = time.monotonic() + PATIENCE
    while True:
        with opened(lab, play, 1) as socket:
            said = told(socket)
        if said is not None and said["error"]["code"] == "conflict":
            break
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
    assert said["error"]["message"] == "tiny-01 is off" and "machine restart" in said["error"]["hint"]
    lab.cli("playground", "machine", "restart", play, "tiny-01")
    while True:
        with opened(lab, play, 1) as socket:
            if (said := told(socket)) is None:
                break
        assert said["error"]["code"] in ("guest", "conflict"), said
        assert time.monotonic() < deadline, said
        time.sleep(0.5)
    with terminal(lab, play) as back:
        back.type("echo back-$((1+1))\n")
        back.until("back-2")
