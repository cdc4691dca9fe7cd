"""A machine's mark: written, and read back from whatever other processes have as arguments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.machine.marks import Mark

marks = st.builds(
    Mark,
    data=st.from_regex(r"[0-9a-f]{6,32}", fullmatch=True),
    play=st.from_regex(r"[0-9a-z]{1,24}", fullmatch=True),
    machine=st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True),
)


@given(marks)
def test_is_read_back_as_it_was_written(mark: Mark) -> None:
    assert Mark.parse(str(mark)) == mark
    assert Mark.of_arguments(["qemu", "-name", str(mark), "-m", "1"]) == mark


@pytest.mark.parametrize(
    "text",
    [
        "",
        "labyard",
        "labyard-abc123",
        "labyard-abc123-p1",
        "labyard-abc-p1-m",
        "x-abc123-p1-m",
        "labyard-abc123-p1-m\n",
    ],
)
def test_other_words_are_no_marks(text: str) -> None:
    assert Mark.parse(text) is None


@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_arguments_can_be_looked_at(arguments: list[str]) -> None:
    assert Mark.of_arguments(arguments) is None


def test_a_mark_elsewhere_than_after_name_does_not_count() -> None:
    assert Mark.of_arguments(["grep", "labyard-abc123-p1-m"]) is None
    assert Mark.of_arguments(["qemu", "-name"]) is None
