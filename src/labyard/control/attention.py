"""What whoever runs the box should look at, from figures alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from labyard.hosts.contract import Capacity
from labyard.play.status import PlayState
from labyard.store.overview import PlayBrief

GIB: Final = 1 << 30
_LOW_DISK: Final = 10 * GIB
_FULL: Final = 0.9
_SLOW: Final = {
    PlayState.STARTING: timedelta(minutes=10),
    PlayState.STOPPING: timedelta(minutes=3),
    PlayState.DESTROYING: timedelta(minutes=3),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """`code` can be searched for. `about`: which page shows more: plays, images, disk, status (the bots'), or empty."""

    code: str
    text: str
    hint: str
    about: str = ""
    grave: bool = True


def notices(
    capacity: Capacity, states: Mapping[PlayState, int], waiting: int, plays: Sequence[PlayBrief], now: datetime
) -> list[Notice]:
    """`plays`: those that are not gone. The gravest first."""
    found = [*_of_disk(capacity), *_of_plays(states, plays, now), *_of_memory(capacity, waiting), *_of_kind(capacity)]
    return sorted(found, key=lambda notice: not notice.grave)


def _of_disk(capacity: Capacity) -> list[Notice]:
    if capacity.disk_free >= min(_LOW_DISK, capacity.disk // 10):
        return []
    text = f"{capacity.disk_free / GIB:.1f} GiB of the disk are free."
    hint = "Plays are halted when it runs out: remove images nobody uses, snapshots, and plays that ended."
    return [Notice(code="disk-low", text=text, hint=hint, about="disk")]


def _of_plays(states: Mapping[PlayState, int], plays: Sequence[PlayBrief], now: datetime) -> list[Notice]:
    found = []
    slow = [play for play in plays if play.state in _SLOW and now - play.state_at > _SLOW[play.state]]
    if slow:
        text = f"{_plays(len(slow))} on the way for long: starting, stopping or being destroyed."
        found.append(
            Notice(code="plays-stuck", text=text, hint="Their diaries say what the box answered.", about="plays")
        )
    if failed := states.get(PlayState.FAILED, 0):
        text = f"{_plays(failed)} failed, and not ended by anybody."
        found.append(Notice(code="plays-failed", text=text, hint="Each has its reason and its diary.", about="plays"))
    return found


def _of_memory(capacity: Capacity, waiting: int) -> list[Notice]:
    full = capacity.memory_used >= _FULL * capacity.memory
    if waiting:
        text = f"{_plays(waiting)} waiting for room."
        hint = "They start by themselves, first come, first served. Stopping a play frees its memory."
        return [Notice(code="plays-waiting", text=text, hint=hint, about="plays", grave=full)]
    if full:
        text = "Nine tenths of the memory for plays are promised."
        return [
            Notice(code="memory-full", text=text, hint="Further plays will have to wait.", about="plays", grave=False)
        ]
    return []


def _of_kind(capacity: Capacity) -> list[Notice]:
    if capacity.accelerator != "tcg":
        return []
    text = "Machines are emulated: KVM does not work here."
    hint = "All works, and takes longer. `labyard doctor` says what it lacks."
    return [Notice(code="emulated", text=text, hint=hint, grave=False)]


def _plays(count: int) -> str:
    return "1 play is" if count == 1 else f"{count} plays are"
