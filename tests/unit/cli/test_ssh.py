"""`labyard ssh`: a terminal, left or ended, and ours always as it was."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.cli.ssh import Escape

if TYPE_CHECKING:
    from .conftest import Cli, FakeServer

ID = "0123456789abcdef01234567"
PROMPT = b"laborant@node-01:~$ "


@pytest.fixture(autouse=True)
def _running(server: FakeServer) -> None:
    server.add_play(ID)


@pytest.fixture
def keyboard() -> Iterator[tuple[int, int]]:
    primary, secondary = pty.openpty()
    yield primary, secondary
    os.close(primary)
    os.close(secondary)


def test_the_shells_exit_is_ours_and_the_terminal_is_as_before(
    cli: Cli, keyboard: tuple[int, int], server: FakeServer
) -> None:
    primary, secondary = keyboard
    before = termios.tcgetattr(secondary)
    with cli.start("ssh", ID, "-u", "root", stdin=secondary) as process:
        assert process.stdout is not None
        assert process.stdout.read(len(PROMPT)) == PROMPT
        assert termios.tcgetattr(secondary) != before
        os.write(primary, b"exit\r")
        assert process.wait(timeout=30) == 5
    assert termios.tcgetattr(secondary) == before
    asked = next(line for line in server.requests if line.startswith("TERMINAL"))
    assert "node-01" in asked
    assert "user=root" in asked


def test_enter_tilde_dot_leaves_it_running(cli: Cli, keyboard: tuple[int, int]) -> None:
    primary, secondary = keyboard
    before = termios.tcgetattr(secondary)
    with cli.start("ssh", ID, "--terminal", "mine", stdin=secondary) as process:
        assert process.stdout is not None
        assert process.stdout.read(len(PROMPT)) == PROMPT
        os.write(primary, b"\r~.")
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"--terminal mine" in stderr
    assert termios.tcgetattr(secondary) == before


def test_without_a_terminal_exec_is_recommended(cli: Cli) -> None:
    done = cli.run("ssh", ID)
    assert done.returncode == 2
    assert b"labyard exec" in done.stderr


@pytest.mark.parametrize(
    ("keys", "passed", "left"),
    [
        (b"ls ~.\r", b"ls ~.\r", False),
        (b"~.", b"", True),
        (b"x\r~.y", b"x\r", True),
        (b"~~.\r", b"~.\r", False),
        (b"~x", b"~x", False),
        (b"\r~\r~.", b"\r~\r", True),
    ],
)
def test_escape_keys(keys: bytes, passed: bytes, left: bool) -> None:
    told: list[bool] = []
    escape = Escape(lambda: told.append(True))
    assert escape.feed(keys) == passed
    assert bool(told) is left


@given(st.binary(max_size=40), st.integers(0, 40))
def test_keys_mean_the_same_however_they_arrive(keys: bytes, cut: int) -> None:
    whole, halves = Escape(lambda: None), Escape(lambda: None)
    if b"." in keys:
        keys = keys.replace(b".", b",")
    assert whole.feed(keys) == halves.feed(keys[:cut]) + halves.feed(keys[cut:])
