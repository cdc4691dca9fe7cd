"""A network namespace that stands for the box, so that tests leave the real one untouched."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_left: list[int] = []
"""Namespaces that were left for one of ours, the box's own first."""


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def outer_namespace() -> Iterator[int]:
    """This thread, and the processes it starts, live in a namespace of their own with nothing but loopback.

    Yields a descriptor of the box's own, for what must reach a package mirror; also where one is made inside another.
    """
    before = os.open("/proc/self/ns/net", os.O_RDONLY)
    if _libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    _left.append(before)
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield _left[0]
    finally:
        _left.pop()
        _setns(before)
        os.close(before)
