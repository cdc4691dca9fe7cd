"""`labyard content`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from labyard.resources import resource

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


LESSON = """---
kind: tutorial
title: A lesson of one machine
createdAt: 2026-01-02
playground: {name: mine}
tasks:
  check: {machine: node-09, helper: true, run: "true"}
---
"""


def test_lint_knows_the_playgrounds_beside_and_those_that_ship(cli: Cli, tmp_path: Path) -> None:
    home = tmp_path / "tutorials" / "one"
    home.mkdir(parents=True)
    (home / "index.md").write_text(LESSON)
    done = cli("content", "lint", str(home))
    assert done.returncode == 1 and b"no playground `mine`" in done.stdout
    (tmp_path / "playgrounds" / "mine").mkdir(parents=True)
    tiny = (resource("catalog") / "playgrounds" / "tiny" / "manifest.yaml").read_text()
    (tmp_path / "playgrounds" / "mine" / "manifest.yaml").write_text(tiny.replace("name: tiny", "name: mine"))
    done = cli("content", "lint", str(tmp_path / "tutorials"), "-o", "json")
    (problem,) = json.loads(done.stdout)
    assert "there is no machine `node-09`" in problem["message"] and problem["line"] == 7
    (home / "index.md").write_text(LESSON.replace("name: mine", "name: tiny").replace("machine: node-09, ", ""))
    done = cli("content", "lint", str(home))
    assert done.returncode == 0, done.stdout
