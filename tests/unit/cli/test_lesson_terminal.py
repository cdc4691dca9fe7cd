"""`labyard challenge start --ssh`: a terminal in the play, and what becomes of it after."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.unit.cli.test_real_server import real

if TYPE_CHECKING:
    from .conftest import Cli

pytestmark = pytest.mark.slow
__all__ = ["real"]


@pytest.fixture
def keyboard() -> Iterator[tuple[int, int]]:
    primary, secondary = pty.openpty()
    yield primary, secondary
    os.close(primary)
    os.close(secondary)


@pytest.mark.parametrize(
    ("keys", "flags", "left"),
    [(b"exit\r", (), False), (b"exit\r", ("--keep-alive",), True), (b"\r~.", (), True)],
)
def test_the_play_ends_with_the_shell_unless_it_is_kept_or_left(
    real: Cli, keyboard: tuple[int, int], keys: bytes, flags: tuple[str, ...], left: bool
) -> None:
    primary, secondary = keyboard
    with real.start("challenge", "start", "--ssh", *flags, "-m", "node-02", "two-nodes", stdin=secondary) as process:
        assert process.stdout is not None
        assert len(process.stdout.readline()) == 25, "the play's id comes first"
        assert process.stdout.read(1)
        os.write(primary, keys)
        assert process.wait(timeout=30) == 0
    assert bool(real("challenge", "list", "-q").stdout.strip()) is left


def test_without_a_terminal_nothing_is_started(real: Cli) -> None:
    for words in (("challenge", "start", "--ssh", "two-nodes"), ("course", "start", "--ssh", "nodes", "one")):
        assert real.run(*words).returncode == 2
    assert real("playground", "list", "-q").stdout == b""
