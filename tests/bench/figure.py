"""What a benchmark finds out: our value, the floor's, and how one relates to the other."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """Medians, in `unit`. `limit`: what the ratio must keep to, None where nothing is promised.

    Without a `floor`, the limit is one of our value itself; `floor_is` then says what was measured.
    Where more is better (bytes per second) a ratio below one says that we lose against the floor, and `limit` is a least one.
    """

    name: str
    unit: str
    ours: float
    floor: float | None
    floor_is: str
    rounds: int
    limit: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        return None if self.floor is None else self.ours / self.floor

    @property
    def kept(self) -> bool:
        if self.limit is None:
            return True
        judged = self.ours if self.ratio is None else self.ratio
        return judged >= self.limit if self.more_is_better else judged <= self.limit

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": None if self.ratio is None else round(self.ratio, 3), "kept": self.kept}


def of_rounds(name: str, unit: str, pairs: Sequence[tuple[float, float]], floor_is: str, **more: Any) -> Figure:
    """A figure from alternating rounds: (ours, floor) each."""
    ours, floors = [ours for ours, _ in pairs], [floor for _, floor in pairs]
    return beside(name, unit, ours, statistics.median(floors), floor_is, **more)


def beside(name: str, unit: str, values: Sequence[float], floor: float, floor_is: str, **more: Any) -> Figure:
    """A figure from values of ours, beside one floor."""
    return Figure(
        name=name,
        unit=unit,
        ours=statistics.median(values),
        floor=floor,
        floor_is=floor_is,
        rounds=len(values),
        **more,
    )


def alone(name: str, unit: str, values: Sequence[float], what: str, **more: Any) -> Figure:
    """A figure with nothing beside it."""
    return Figure(
        name=name, unit=unit, ours=statistics.median(values), floor=None, floor_is=what, rounds=len(values), **more
    )


def spread(name: str, unit: str, values: Sequence[float], *, limit: float) -> Figure:
    """The 95th percentile beside the median of the same values."""
    floor, ours = statistics.median(values), percentile(values, 95)
    return Figure(
        name=name, unit=unit, ours=ours, floor=floor, floor_is="its own median", rounds=len(values), limit=limit
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """By linear interpolation between the two nearest."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def table(figures: Sequence[Figure]) -> str:
    """For people: one line each."""
    rows = [("figure", "ours", "floor", "unit", "ratio", "limit", "floor is")]
    for figure in figures:
        limit = "-" if figure.limit is None else f"{'>=' if figure.more_is_better else '<='} {figure.limit:g}"
        mark = "" if figure.kept else "  MISSED"
        numbers = (_short(figure.ours), _short(figure.floor), figure.unit, _short(figure.ratio), limit)
        rows.append((figure.name, *numbers, figure.floor_is + mark))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
