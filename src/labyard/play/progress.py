"""How far a long work is: an image being fetched, a kernel being unpacked."""

from __future__ import annotations

from labyard.play.plan import Value


class Progress(Value):
    """One step of making `subject`. `done` and `total` in bytes or pieces; total None while unknown."""

    subject: str
    step: str
    done: int = 0
    total: int | None = None
    finished: bool = False
