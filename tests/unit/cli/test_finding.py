"""Looking for lessons, one's progress, and plays from repositories, by the CLI and the real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.git_server import GitServer, git_server
from tests.support.lessons import TWO_NODES

from .test_real_server import MANIFEST, real

if TYPE_CHECKING:
    from .conftest import Cli

__all__ = ["real"]

pytestmark = pytest.mark.slow


@pytest.fixture
def served(cli: Cli, tmp_path: Path) -> Iterator[GitServer]:
    """Asked for before `real`, which may then reach it."""
    (tmp_path / "served").mkdir()
    with git_server(tmp_path / "served") as server:
        server.add("labs", {"lan/manifest.yaml": MANIFEST, "two-nodes/index.md": TWO_NODES})
        cli.git = server.settings
        yield server


def names(real: Cli, *arguments: str) -> list[str]:
    done = real(*arguments, "-o", "json")
    assert done.returncode == 0, done.stderr
    return [each["name"] for each in json.loads(done.stdout)]


def test_filters_and_words(real: Cli) -> None:
    catalog = ("challenge", "catalog")
    assert names(real, *catalog, "--search", "nodes agree", "--difficulty", "easy", "--tag", "beginners") == [
        "two-nodes"
    ]
    assert names(real, *catalog, "--difficulty", "hard") == []
    assert real(*catalog, "--difficulty", "deadly").returncode == 2
    assert names(real, "course", "catalog", "--status", "todo") == ["nodes"]
    assert b"0 of 2" in real("course", "catalog").stdout
    assert names(real, "playground", "catalog", "--search", "demo") == ["demo"]
    assert names(real, "playground", "catalog", "--search", "nowhere") == []


def test_progress(real: Cli) -> None:
    assert b"0 days in a row" in real("progress").stdout
    assert real("tutorial", "complete", "agreeing").returncode == 0
    done = real("progress", "--zone", "Asia/Kathmandu").stdout
    assert b"1 day in a row, 1 at most; 1 day in all (Asia/Kathmandu)" in done
    assert b"How two nodes agree" in done and b"challenges, easy  0 of 1" in done
    assert json.loads(real("progress", "-o", "json").stdout)["streak"] == 1


def test_from_a_repository(served: GitServer, real: Cli) -> None:
    several = real.run("playground", "start", "--git", served.url("labs"))
    assert several.returncode == 2 and f"--git {served.url('labs')}:two-nodes".encode() in several.stderr
    done = real.run("playground", "start", "--git", f"{served.url('labs')}#main:lan", "--title", "Mine")
    assert done.returncode == 0 and b"a playground of commit" in done.stderr, done.stderr
    (play,) = json.loads(real("playground", "list", "-o", "json").stdout)
    assert (play["id"], play["title"]) == (done.stdout.decode().strip(), "Mine")
    lesson = real.run("playground", "start", "-q", "--git", f"{served.url('labs')}:two-nodes")
    assert lesson.returncode == 0, lesson.stderr
    refused = real.run("playground", "start", "--git", "http://localhost/labs")
    assert refused.returncode == 1 and b"only `https://`" in refused.stderr
    assert real("playground", "start", "demo", "--git", served.url("labs")).returncode == 2
