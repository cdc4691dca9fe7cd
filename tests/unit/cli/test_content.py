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


def test_render(cli: Cli, tmp_path: Path) -> None:
    lesson = tmp_path / "course" / "10.module" / "20.lesson"
    (tmp_path / "course" / "__static__").mkdir(parents=True)
    lesson.mkdir(parents=True)
    (tmp_path / "course" / "__static__" / "a map.png").write_bytes(b"x")
    (tmp_path / "__static__").mkdir()
    (tmp_path / "__static__" / "not-ours.png").write_bytes(b"x")
    for folder, name in (("course", "index.md"), ("course/10.module", "0.index.md")):
        (tmp_path / folder / name).write_text("")
    text = "# One\n![](__static__/a%20map.png) ![](__static__/not-ours.png) <script>alert(1)</script>\n"
    (lesson / "index.md").write_text(f"---\nkind: lesson\ntitle: A <b>lesson</b>\n---\n{text}")

    done = cli("content", "render", str(lesson / "index.md"), "--out", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text()
    assert (done.returncode, done.stdout) == (0, b"")
    assert "<title>A &lt;b&gt;lesson&lt;/b&gt;</title>" in page
    assert 'src="course/__static__/a%20map.png"' in page
    assert "there is no __static__/not-ours.png" in page
    assert "<script" not in page
    assert "lab-remark" in page  # the stylesheet is in it

    done = cli("content", "render", str(lesson / "index.md"))
    assert done.stdout.startswith(b"<!doctype html>")


def test_render_what_is_no_lesson(cli: Cli, tmp_path: Path) -> None:
    assert cli("content", "render", str(tmp_path)).returncode == 2
    (tmp_path / "index.md").write_bytes(b"\xff")
    done = cli("content", "render", str(tmp_path / "index.md"))
    assert done.returncode == 2
    assert b"it is not UTF-8" in done.stderr
    (tmp_path / "index.md").write_text("---\nkind: unit\n")
    done = cli("content", "render", str(tmp_path / "index.md"))
    assert done.returncode == 1
    assert b"never ends" in done.stderr
