"""Telling how far a long work is, to whoever looks."""

from __future__ import annotations

from collections.abc import Callable

from labyard.play.progress import Progress

__all__ = ["Progress", "Report", "silent"]

Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """For callers that do not look."""
