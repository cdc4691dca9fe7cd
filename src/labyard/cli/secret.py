"""A password from whoever sits in front, or from a program. Never from an argument: others see those."""

from __future__ import annotations

import getpass
import sys
from typing import Final

from labyard.cli.exits import UsageError

_LONGEST: Final = 4096


def new_password(*, stdin: bool) -> str:
    """UsageError when there is nobody to ask, or it is not typed the same twice."""
    if stdin:
        word = sys.stdin.readline(_LONGEST).rstrip("\r\n")
        if not word:
            raise UsageError("there is no password on stdin")
        return word
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for a password", hint="use --stdin, or --link")
    word = getpass.getpass("New password: ")
    if word != getpass.getpass("The same once more: "):
        raise UsageError("the two passwords differ")
    return word
