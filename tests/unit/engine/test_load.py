from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from labyard.engine.load import taken


@pytest.fixture
def busy() -> Iterator[int]:
    """A process that has used processor time, and has a name that is hard to read."""
    with subprocess.Popen(["sleep", "60"], executable="/bin/sleep") as process:
        yield process.pid
        process.kill()


def process(proc: Path, pid: int, *, ticks: int, pss: int | None) -> None:
    folder = proc / str(pid)
    folder.mkdir(parents=True)
    before = " ".join(str(number) for number in range(4, 14))
    (folder / "stat").write_text(f"{pid} (a ) name) R {before} {ticks} {ticks} 0 0 20 0\n")
    if pss is not None:
        (folder / "smaps_rollup").write_text(
            f"00-ff ---p 0 00:00 0 [rollup]\nRss: 9 kB\nPss: {pss} kB\nPss_Anon: 1 kB\n"
        )


def test_machines_of_a_play_are_added_up(tmp_path: Path) -> None:
    hertz = os.sysconf("SC_CLK_TCK")
    process(tmp_path, 7, ticks=hertz, pss=100)
    process(tmp_path, 8, ticks=2 * hertz, pss=50)
    process(tmp_path, 9, ticks=0, pss=None)
    told = taken({"a": (7, 8), "b": (9,), "c": (4711,), "d": ()}, tmp_path)
    assert (told["a"].machines, told["a"].memory, told["a"].cpu_seconds) == (2, 150 << 10, 6.0)
    assert (told["b"].machines, told["b"].memory) == (1, None), "this kernel does not say"
    assert all((told[gone].machines, told[gone].memory, told[gone].cpu_seconds) == (0, None, 0.0) for gone in "cd")


def test_a_real_process(busy: int) -> None:
    told = taken({"a": (busy, os.getpid())})["a"]
    assert told.machines == 2 and told.cpu_seconds > 0
    assert told.memory is not None and 1 << 20 < told.memory < 8 << 30
