"""What files and pieces may be called: the hostile ones by name, and that nothing else gets through by chance."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.hostile import HOSTILE_PATHS

from labyard.content.paths import DEEPEST, LONGEST, why_no_name, why_no_path

GOOD = (
    "index.md", "0.index.md", ".solution.sh", "solution-02.md", "__static__/a map.png", "010.module/020.lesson/index.md",
    "__static__/bilder/größe.png", "notes/README.md", "console.md", "x~y", "100%.txt", "a/" * (DEEPEST - 1) + "a",
    "é" * 127, "__static__",
)  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
def test_what_authors_call_their_files(path: str) -> None:
    assert why_no_path(path) is None


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=ascii)
def test_hostile_paths(path: str) -> None:
    assert why_no_path(path)


@given(st.text(max_size=40) | st.lists(st.sampled_from(["..", ".", "", "a", "/", "\\", "\0", "%2e"])).map("/".join))
def test_what_is_let_through_stays_below_its_folder(path: str) -> None:
    if why_no_path(path) is None:
        parts = PurePosixPath(path).parts
        assert "/".join(parts) == path and ".." not in parts and not path.startswith("/")
        assert path.isprintable() and len(path.encode()) <= LONGEST and unicodedata.is_normalized("NFC", path)


def test_names_of_pieces() -> None:
    for name in ("a", "two-nodes", "1", "a" * 63):
        assert why_no_name(name) is None
    for name in ("", "A", "a_b", "-a", "a-", "a" * 64, "a/b", "..", "a\n", "ä", ".hidden"):
        assert why_no_name(name)
