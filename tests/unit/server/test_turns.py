from __future__ import annotations

from datetime import timedelta

import pytest

from labyard.server.turns import span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 minute"),
        (61, "2 minutes"),
        (239, "4 minutes"),
        (601, "15 minutes"),
        (3599, "1 hour"),
        (3601, "1.5 hours"),
        (5 * 3600 + 1, "5.5 hours"),
        (6 * 3600 + 1, "7 hours"),
        (30 * 3600, "30 hours"),
        (48 * 3600, "2 days"),
        (48 * 3600 + 1, "3 days"),
    ],
)
def test_spans_are_rounded_up_in_rough_steps(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words
