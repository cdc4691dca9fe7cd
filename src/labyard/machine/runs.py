"""Runs of pages in a guest's memory. Plain tuples in plain lists, since there are many thousands of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# (first page, number of pages), counted from the beginning of the memory's file.
Run = tuple[int, int]


def merged(runs: Iterable[Run]) -> list[Run]:
    """Ascending runs, those that touch made one."""
    result: list[Run] = []
    end = -1
    for page, count in runs:
        if page == end:
            result[-1] = (result[-1][0], result[-1][1] + count)
        else:
            result.append((page, count))
        end = page + count
    return result


def batches(runs: Iterable[Run], limit: int) -> Iterator[list[Run]]:
    """Runs in their order, cut so that each list holds `limit` pages; the last one the rest."""
    batch: list[Run] = []
    room = limit
    for run in runs:
        page, left = run
        while left >= room:
            batch.append((page, room))
            yield batch
            page, left = page + room, left - room
            batch, room = [], limit
        if left:
            batch.append(run if page == run[0] else (page, left))
            room -= left
    if batch:
        yield batch


def ascending(runs: Iterable[Run], pages: int) -> bool:
    """Whether runs are in order, apart or touching, none of them empty, in a memory of so many pages."""
    last = 0
    for page, count in runs:
        if page < last or count < 1 or page + count > pages:
            return False
        last = page + count
    return True
