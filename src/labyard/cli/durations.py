"""Lengths of time as people write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from labyard.cli.exits import UsageError

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float:
    """Seconds of `90`, `90s`, `5m`, `1h30m`. Raises UsageError."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(rf"(?:{_PART.pattern})+", text):
        raise UsageError(f"{text!r} is no length of time", hint="write it as 90s, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def show_duration(seconds: float) -> str:
    """At most two units: `45s`, `3m20s`, `2h5m`, `3d4h`."""
    left = max(0, int(seconds))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
    return "".join(parts[:2]) or "0s"


def since(stamp: str, now: datetime) -> str:
    """How long ago a RFC 3339 stamp was, empty for one that cannot be read."""
    try:
        then = datetime.fromisoformat(stamp)
    except ValueError:
        return ""
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return show_duration((now - then).total_seconds())
