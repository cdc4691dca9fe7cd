"""How many examples Hypothesis tries: `full`, or `check` for `make check`, which must be quick.

No deadlines: how long one example takes says nothing on a busy box.
"""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

settings.register_profile("full", deadline=None)
settings.register_profile("check", deadline=None, max_examples=20)
settings.load_profile("full")

# Settings of the box that they run on are not the tests'.
os.environ.setdefault("LABYARD_CONFIG", os.devnull)

# Run in the background (CI), tests get SIGINT ignored, and all they start would inherit that; but Ctrl-C is tested.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on machines first: several workers then end at about the same time."""
    items.sort(key=lambda item: item.get_closest_marker("vm") is None)
