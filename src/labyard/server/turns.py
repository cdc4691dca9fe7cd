"""What somebody who waits for room is told: their place, and when. In rough steps: nobody knows it to the second. Pure."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any

from labyard.control.rows import PlayView

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS = ((10 * _MINUTE, _MINUTE), (_HOUR, 5 * _MINUTE), (6 * _HOUR, 30 * _MINUTE), (2 * _DAY, _HOUR))
"""(up to, rounded up to): seconds."""


def turn(view: PlayView) -> dict[str, Any] | None:
    """Ours, of PlayStatus. `startsIn`: seconds, a guess; `startsBy`: at the latest. At most one of the two is told."""
    if view.place is None:
        return None
    soon, latest = view.forecast.soon, view.forecast.latest
    return {
        "place": view.place,
        "startsIn": None if soon is None else _rounded(soon.total_seconds()),
        "startsBy": None if latest is None else latest.isoformat(timespec="seconds").replace("+00:00", "Z"),
    }


def waiting(view: PlayView) -> str:
    """The same in words, for who has a place."""
    told = f"Waiting for room on this box, place {view.place}."
    if view.forecast.soon is not None:
        return f"{told} It begins in {_about(view.forecast.soon)}."
    if view.forecast.latest is not None:
        left = max(timedelta(), view.forecast.latest - view.now)
        return f"{told} It begins when a play ends: in {span(left)} at the latest, if none is given more time."
    return told


def _about(soon: timedelta) -> str:
    return "less than a minute" if soon.total_seconds() <= _MINUTE else f"about {span(soon)}"


def span(length: timedelta) -> str:
    """`4 minutes`, `2.5 hours`, `3 days`: rounded up."""
    seconds = max(_MINUTE, _rounded(length.total_seconds()))
    for size, word in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= size and (size != _DAY or seconds >= 2 * _DAY):
            count = f"{seconds / size:g}"
            return f"{count} {word}" if count == "1" else f"{count} {word}s"
    raise AssertionError("at least a minute")


def _rounded(seconds: float) -> int:
    step = next((step for most, step in _STEPS if seconds <= most), _DAY)
    return ceil(seconds / step) * step
