from __future__ import annotations

from pathlib import Path

import yaml

from labyard.spec.manifest import check
from labyard.spec.reference import PARTS, renewed

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "manifest.md"


def test_the_page_says_what_the_code_does() -> None:
    """Renew it with `python -m labyard.spec.reference < docs/reference/manifest.md`."""
    page = PAGE.read_text()
    assert page == renewed(page)


def test_the_page_is_complete() -> None:
    page = PAGE.read_text()
    assert [part.__name__ for part in PARTS if f"<!-- table: {part.__name__} -->" not in page] == []
    assert "<!-- table: Limits -->" in page


def test_its_example_works() -> None:
    example = PAGE.read_text().partition("```yaml\n")[2].partition("```")[0]
    assert yaml.safe_load(example)["kind"] == "playground"
    assert check(example) == ()
