"""What needs somebody, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from labyard.control.attention import GIB, notices
from labyard.hosts.contract import Capacity
from labyard.play.status import PlayState
from labyard.store.overview import PlayBrief

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def capacity(**change: object) -> Capacity:
    known = {
        "cpus": 2,
        "memory": 16 * GIB,
        "memory_used": GIB,
        "disk": 200 * GIB,
        "disk_free": 100 * GIB,
        "accelerator": "kvm",
        "plays": 1,
    }
    return Capacity.model_validate({**known, **change})


def play(state: PlayState, minutes: int) -> PlayBrief:
    at = NOW - timedelta(minutes=minutes)
    return PlayBrief(
        id="a" * 24,
        owner="ada",
        handle="ada",
        playground="demo",
        title="Demo",
        lesson="",
        state=state,
        reason=None,
        detail="",
        created_at=at,
        state_at=at,
        expires_at=None,
        persistent=False,
        bot=False,
    )


def codes(known: Capacity, *plays: PlayBrief, waiting: int = 0) -> list[str]:
    states = {each.state: 1 for each in plays}
    return [notice.code for notice in notices(known, states, waiting, plays, NOW)]


def test_all_is_well() -> None:
    assert codes(capacity(), play(PlayState.RUNNING, 600), play(PlayState.STARTING, 5)) == []


def test_what_is_wrong_by_itself() -> None:
    assert codes(capacity(disk_free=9 * GIB)) == ["disk-low"]
    assert codes(capacity(disk=40 * GIB, disk_free=5 * GIB)) == [], "a small disk is low later"
    assert codes(capacity(memory_used=15 * GIB)) == ["memory-full"]
    assert codes(capacity(accelerator="tcg")) == ["emulated"]
    assert codes(capacity(), play(PlayState.FAILED, 1)) == ["plays-failed"]
    assert codes(capacity(), play(PlayState.STARTING, 11)) == ["plays-stuck"]
    assert codes(capacity(), play(PlayState.DESTROYING, 4)) == ["plays-stuck"]
    assert codes(capacity(), waiting=3) == ["plays-waiting"]


def test_the_gravest_first() -> None:
    found = codes(capacity(accelerator="tcg", disk_free=GIB), play(PlayState.FAILED, 1), waiting=1)
    assert found == ["disk-low", "plays-failed", "plays-waiting", "emulated"]
