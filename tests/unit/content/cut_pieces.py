"""A writer of pieces that is killed after its Nth step, for every N: `python cut_pieces.py FOLDER VERB`.

In FOLDER a root is made for every N, and what the last one, which was not killed, did is printed, a step a line.
Steps are calls of the operating system that change something or make it last. SIGKILL: nothing is cleared up. It leaves
alone what is in the page cache, so syncing is only counted.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labyard.content.pieces import Pieces

STEPS = ("mkdir", "write", "fsync", "rename", "unlink", "rmdir")
OLD, NEW = b"old\n", b"new\n" * 5


def keep(pieces: Pieces) -> None:
    file = pieces.receive()
    for _ in range(5):
        file.write(b"new\n")
    file.finish()
    pieces.keep(file, "challenges", "one", "a/b/index.md")
    file.close()


VERBS: dict[str, Callable[[Pieces], None]] = {
    "keep": keep,
    "create": lambda pieces: pieces.create("challenges", "two", {"index.md": NEW, "a/b.md": NEW}),
    "delete": lambda pieces: pieces.delete("challenges", "one", "a/b/index.md"),
    "remove": lambda pieces: pieces.remove("challenges", "one"),
}


def counted(name: str, real: Callable[..., Any], steps: list[str], most: int) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        result = None if name == "fsync" else real(*arguments, **named)
        steps.append(name)
        if len(steps) == most:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


def cut(root: Path, most: int, verb: str) -> bool:
    """Whether it was killed."""
    os.fsync = lambda _descriptor: None  # type: ignore[assignment]
    Pieces(root).create("challenges", "one", {"index.md": OLD, "a/b/index.md": OLD})
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0
    steps: list[str] = []
    for name in STEPS:
        setattr(os, name, counted(name, getattr(os, name), steps, most))
    VERBS[verb](Pieces(root))
    print("\n".join(steps), flush=True)
    os._exit(0)


if __name__ == "__main__":
    count = 1
    while cut(Path(sys.argv[1]) / f"{count:02}", count, sys.argv[2]):
        count += 1
