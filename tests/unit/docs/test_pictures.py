"""Pictures in the documents: made by tests, shown somewhere, said in words too, and small."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.e2e.pictures import MOST_BYTES, taken

ROOT = Path(__file__).parents[3]
IMAGES = ROOT / "docs/images"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST = 12
LEAST_WORDS = 5
"""Of what is said to who cannot see it."""

_PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https?:)([^)#\s]+)")


def shown() -> list[tuple[str, Path, str]]:
    """Of every picture that some page shows: the page, the file, what is said of it."""
    return [
        (str(page.relative_to(ROOT)), (page.parent / file).resolve(), words)
        for page in PAGES
        for words, file in _PICTURE.findall(page.read_text())
    ]


def test_a_picture_that_is_shown_is_one_that_a_test_takes_and_the_other_way_round() -> None:
    assert {file.relative_to(IMAGES).name for _, file, _ in shown()} == {f"{name}.webp" for name in taken()}


def test_each_is_taken_once() -> None:
    assert [name for name, times in Counter(taken()).items() if times > 1] == []


def test_nothing_else_lies_there() -> None:
    assert {file.name for file in IMAGES.iterdir()} == {f"{name}.webp" for name in taken()}


def test_they_stay_few_and_small() -> None:
    files = sorted(IMAGES.iterdir())
    assert len(files) <= MOST
    assert [file.name for file in files if file.stat().st_size > MOST_BYTES] == []
    assert [file.name for file in files if file.read_bytes()[8:12] != b"WEBP"] == []


def test_each_is_said_in_words() -> None:
    assert [(page, file.name) for page, file, words in shown() if len(words.split()) < LEAST_WORDS] == []
