"""What one play may take: of the disk, and of time; and many plays at once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.lab import Lab, serving

pytestmark = pytest.mark.vm

MIB = 1 << 20


@pytest.fixture
def narrow(own_box: None, folder: Path) -> Iterator[Lab]:
    with serving(folder / "narrow", {"LABYARD_PLAY_DISK_BUDGET": str(64 * MIB)}) as lab:
        yield lab
        lab.destroy_all()
        assert not lab.left(), lab.left()


def states(lab: Lab) -> dict[str, str]:
    return {play["id"]: play["status"]["stateEvents"][-1]["state"] for play in lab.json("playground", "list", "-a")}


def test_who_takes_too_much_disk_is_halted_and_nobody_else(narrow: Lab) -> None:
    lab = narrow
    with ThreadPoolExecutor() as threads:
        greedy, modest = threads.map(lambda _: lab.start("tiny"), range(2))
    lab.cli("exec", greedy, "--", "sh", "-c", "(cat /dev/urandom >/fill) >/dev/null 2>&1 & sync")
    status = lab.until(greedy, "FAILED")
    assert status["reason"] == "disk-budget"
    refused = lab.cli("exec", greedy, "--", "true", check=False, timeout=30)
    assert refused.returncode != 0
    assert "halted" in refused.stderr
    assert lab.run(modest, "echo well").strip() == "well"
    lab.end_server()
    lab.start_server()
    assert states(lab) == {greedy: "FAILED", modest: "RUNNING"}
    taken = subprocess.run(["du", "-sm", str(lab.data / "plays" / greedy)], check=True, capture_output=True, text=True)
    assert int(taken.stdout.split()[0]) < 512, "it was stopped soon"
    lab.cli("playground", "destroy", greedy)
    assert not any(greedy in process for process in lab.left().processes)


def test_ten_plays_at_once(lab: Lab) -> None:
    with ThreadPoolExecutor(10) as threads:
        plays = list(threads.map(lambda _: lab.start("tiny"), range(10)))
        assert len(set(plays)) == 10
        heard = threads.map(lambda play: lab.run(play, "ping -c 1 -W 5 172.16.0.1 >/dev/null && hostname"), plays)
        assert list(heard) == ["tiny-01\n"] * 10, "the same addresses ten times, and nobody in anybody's way"
    lab.cli("playground", "destroy", *plays)
    assert not lab.left(), lab.left()
