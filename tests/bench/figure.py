"""What a benchmark finds out: our value, the floor's, and how one relates to the other."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """Medians, in `unit`. `limit`: what the ratio must keep to, None where nothing is promised.

    Where more is better (bytes per second) a ratio below one says that we lose against the floor, and `limit` is a least one.
    """

    name: str
    unit: str
    ours: float
    floor: float
    floor_is: str
    rounds: int
    limit: float | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float:
        return self.ours / self.floor

    @property
    def kept(self) -> bool:
        if self.limit is None:
            return True
        return self.ratio >= self.limit if self.more_is_better else self.ratio <= self.limit

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": round(self.ratio, 3), "kept": self.kept}


def of_rounds(name: str, unit: str, pairs: Sequence[tuple[float, float]], floor_is: str, **more: Any) -> Figure:
    """A figure from alternating rounds: (ours, floor) each."""
    return Figure(
        name=name,
        unit=unit,
        ours=statistics.median(ours for ours, _ in pairs),
        floor=statistics.median(floor for _, floor in pairs),
        floor_is=floor_is,
        rounds=len(pairs),
        **more,
    )


def table(figures: Sequence[Figure]) -> str:
    """For people: one line each."""
    rows = [("figure", "ours", "floor", "unit", "ratio", "limit", "floor is")]
    for figure in figures:
        limit = "-" if figure.limit is None else f"{'>=' if figure.more_is_better else '<='} {figure.limit:g}"
        mark = "" if figure.kept else "  MISSED"
        numbers = (f"{figure.ours:.3g}", f"{figure.floor:.3g}", figure.unit, f"{figure.ratio:.3g}", limit)
        rows.append((figure.name, *numbers, figure.floor_is + mark))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
