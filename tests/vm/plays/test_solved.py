"""Lessons solved by bots on real machines: a sample of the catalog (`make bots` has all), and each kind of sabotage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.lab import Lab

pytestmark = pytest.mark.vm

LESSON = """---
kind: challenge
title: A lesson for the bots
difficulty: easy
createdAt: 2026-11-26
playground: {name: tiny}
tasks:
  make_ready: {init: true, run: "echo secret >/run/word; cat /run/word"}
  verify_file:
    run: %(check)s
    hintcheck: echo there is no /made
  verify_word:
    needs: [make_ready]
    run: test "x(.input)" = 'x(.needs.make_ready.stdout)'
---
::simple-task
---
:tasks: tasks
:name: verify_file
---
#active
Make it.
::

::user-input-task
---
:tasks: tasks
:name: verify_word
---
#active
What is the word?
::
"""
SOLUTION = """touch /made
examinerctl task wait verify_file --timeout 60s
# session: root@tiny-01
cat /run/word | tr -d '\\n' | examinerctl task input verify_word
examinerctl task wait verify_word --timeout 60s
examinerctl task ls
"""
CHECK = "test -e /made"


def lesson(lab: Lab, name: str, *, check: str = CHECK, solution: str = SOLUTION) -> None:
    folder = lab.data / "content" / "challenges" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.md").write_text(LESSON % {"check": check})
    (folder / ".solution.sh").write_text(solution)


def solved(lab: Lab, folder: Path, *arguments: str, status: int) -> dict[str, Any]:
    """The report's cases, by name."""
    done = lab.cli("bot", "run", *arguments, "--report", str(folder), "-o", "json", check=False, timeout=900)
    assert done.returncode == status, done.stdout + done.stderr + lab.evidence()
    cases = json.loads((folder / "report.json").read_text())["results"]
    return {case["name"]: case for case in cases}


@pytest.fixture
def own_lessons(lab: Lab) -> Iterator[Lab]:
    """Learner's lab with lessons of its own; each is played once a name."""
    lesson(lab, "well-made")
    lesson(lab, "always-green", check="true")
    lesson(lab, "broken-solution", solution="touch /elsewhere\n")
    yield lab


def test_what_is_well_made_passes_and_each_sabotage_is_told(own_lessons: Lab, tmp_path: Path) -> None:
    names = ("challenge/well-made", "challenge/always-green", "challenge/broken-solution")
    found = solved(own_lessons, tmp_path, *names, "--timeout", "40s", status=1)
    assert {name: case["result"] for name, case in found.items()} == {
        "well-made": "passed",
        "always-green": "failed",
        "broken-solution": "failed",
    }
    assert "green before anything was done" in str(found["always-green"])
    page = (tmp_path / "index.html").read_text()
    assert all(name in page for name in found)


def test_one_of_the_catalog_is_solved(lab: Lab, tmp_path: Path) -> None:
    """Four machines that boot quickly: a full system would take minutes here."""
    found = solved(lab, tmp_path, "challenge/static-routes", status=0)
    assert found["static-routes"]["result"] == "passed"


def test_a_learner_solves_one(own_lessons: Lab) -> None:
    """By the command line, as people do: started, solved in a machine, recorded by the server."""
    lab = own_lessons
    play = lab.cli("challenge", "start", "well-made", "-q").stdout.strip()
    lab.run(play, "touch /made; cat /run/word | tr -d '\\n' | examinerctl task input verify_word")
    lab.cli("challenge", "wait", "well-made")
    assert lab.api("GET", "/api/challenges/well-made")["status"] == "solved"
    assert lab.api("GET", f"/api/plays/{play}")["challengeName"] == "well-made"
