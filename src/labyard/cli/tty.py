"""The terminal we sit in: raw while a program of a machine has it, and always as it was before afterwards."""

from __future__ import annotations

import os
import signal
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def size() -> tuple[int, int]:
    """Columns and rows; 80 by 24 when there is no terminal."""
    for descriptor in (1, 0, 2):
        try:
            cols, rows = os.get_terminal_size(descriptor)
        except OSError:
            continue
        if cols and rows:
            return cols, rows
    return 80, 24


@contextmanager
def raw() -> Iterator[None]:
    """Every key goes to the machine. Does nothing when stdin is no terminal."""
    if not os.isatty(0):
        yield
        return
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


@contextmanager
def on_resize(tell: Callable[[], None], add: Callable[[int, Callable[[], None]], None]) -> Iterator[None]:
    """Call `tell` whenever the terminal's size changes. `add` is the event loop's `add_signal_handler`."""
    add(signal.SIGWINCH, tell)
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
