from __future__ import annotations

import pytest

from labyard.bots.limits import Limits

from .fake_lab import FakeLab

# What is waited for in vain is short in the tests that do so; all else is never waited for.
QUICK = Limits(
    start=30.0,
    work=30.0,
    answer=10.0,
    back=10.0,
    leave=0.05,
    grace=0.5,
    last_words=0.02,
    keep=10.0,
    end=10.0,
    pause=0.001,
    look_every=0.001,
    note_every=0.05,
)


@pytest.fixture
def lab() -> FakeLab:
    return FakeLab()


@pytest.fixture
def limits() -> Limits:
    return QUICK
