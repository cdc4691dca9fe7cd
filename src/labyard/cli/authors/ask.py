"""A question before something is lost."""

from __future__ import annotations

import signal
import sys

from labyard.cli.exits import UsageError
from labyard.cli.talk import printable


def agreed(question: str) -> bool:
    """Whether whoever sits in front says yes. UsageError when nobody does. Ctrl-C ends the program."""
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody is there to answer.", hint="say yes beforehand: --yes")
    # asyncio's own handler would only note the key and let us wait on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.stderr.write(printable(f"{question} [y/N] "))
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    finally:
        signal.signal(signal.SIGINT, before)
