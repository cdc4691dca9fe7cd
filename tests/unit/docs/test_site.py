"""The documentation site: it builds without a warning, so no link leads nowhere and no page is forgotten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr and "which is excluded" not in built.stderr, built.stderr
    page = (tmp_path / "site/guide/learners/index.html").read_text()
    assert "Learning with a lab" in page
    assert "fonts.googleapis" not in page, "whoever reads it asks nobody else for anything"
