"""`labyard content`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .conftest import Cli

GOOD = "---\nkind: unit\ntitle: One unit of a path\n---\nText.\n"


def test_lint(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "unit-010.md").write_text(GOOD)
    done = cli("content", "lint", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"1 checked: 0 errors" in done.stderr
    (tmp_path / "unit-020.md").write_text(GOOD + "::nothing\n::\n")
    done = cli("content", "lint", str(tmp_path), "-o", "json")
    assert done.returncode == 1
    (problem,) = json.loads(done.stdout)
    assert (problem["file"], problem["line"]) == (str(tmp_path / "unit-020.md"), 6)


def test_where_there_is_no_content(cli: Cli, tmp_path: Path) -> None:
    done = cli("content", "lint", str(tmp_path))
    assert done.returncode == 2
    assert b"there is no content in" in done.stderr
    assert cli("content", "lint", str(tmp_path / "nowhere")).returncode == 2
