"""What the documents say of this repository is there: tests, benchmarks, files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.bench.__main__ import BENCHES

ROOT = Path(__file__).parents[3]
SPECIFICATION = (ROOT / "SPECIFICATION.md").read_text()
MARKS = {"TCG", "fake", "goal", "host"}
PAGES = [ROOT / name for name in ("README.md", "SPECIFICATION.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))

_TEST = re.compile(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`")
_BENCH = re.compile(r"`bench ([\w-]+)`")
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)\s]*)?\)")


def rows() -> list[list[str]]:
    """Of all its tables, cells of the lines below the heads."""
    lines = [line for line in SPECIFICATION.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("|--")]
    return [row for row in cells if row[0].lower() not in ("promise", "mark")]


def test_every_promise_names_its_proof_and_where_it_holds() -> None:
    bare = [
        row[0]
        for row in rows()
        if row[0].strip("*") not in MARKS and not _TEST.search(row[-2]) and not _BENCH.search(row[-2])
    ]
    assert not bare
    unmarked = [row[0] for row in rows() if row[0].strip("*") not in MARKS and not set(row[-1].split(", ")) <= MARKS]
    assert not unmarked


def test_every_test_named_is_there() -> None:
    named = _TEST.findall(SPECIFICATION)
    assert len(named) > 30
    missing = [
        f"{path}::{name}"
        for path, name in named
        if not (ROOT / path).is_file() or (name and f"def {name}(" not in (ROOT / path).read_text())
    ]
    assert not missing


def test_every_benchmark_is_named_and_every_name_is_one() -> None:
    assert set(_BENCH.findall(SPECIFICATION)) == set(BENCHES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert not broken
