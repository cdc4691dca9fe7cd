"""How far a long work is. The same fields as the hosts contract's, which lies above this room."""

from __future__ import annotations

from collections.abc import Callable

from labyard.play.plan import Value


class Progress(Value):
    """One step of making `subject`. `done` and `total` in bytes or pieces; total None while unknown."""

    subject: str
    step: str
    done: int = 0
    total: int | None = None
    finished: bool = False


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """For callers that do not look."""
