"""A solution's script → its chunks: one folder per case in `cases`, `expected.txt` beside the script."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.bots.chunks import Chunk, parse
from labyard.errors import SpecError

CASES = sorted(path for path in (Path(__file__).parent / "cases").iterdir() if path.is_dir())


def told(text: str) -> str:
    try:
        return "".join(_one(chunk) for chunk in parse(text, file=".solution.sh"))
    except SpecError as error:
        return "".join(f"{problem}\n" for problem in error.problems)


def _one(chunk: Chunk) -> str:
    facts = f"{chunk}: {chunk.user}@{chunk.machine} retries {chunk.retries}{' reboots' if chunk.reboots else ''}\n"
    return facts + "".join(f"    {line}\n" for line in chunk.text.splitlines())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_run_where(case: Path) -> None:
    text = (case / ".solution.sh").read_bytes().decode()
    assert told(text) == (case / "expected.txt").read_text()


def test_too_much_of_everything_is_refused() -> None:
    assert "at most 262144 characters" in told("x" * (256 << 10) + "y")
    assert "at most 65536 bytes" in told("true\n# session: a\n" + "x" * 65537)
    assert ":129:1: a script has at most 64 chunks" in told("# session: a\ntrue\n" * 65)
    assert ":2:1: a script is text" in told("true\nfa\0lse\n")


def test_what_is_run_stops_at_the_first_failure(tmp_path: Path) -> None:
    (chunk,) = parse('echo "$0"\nfalse | true\necho never\n', file="x")
    bash = shutil.which("bash")
    assert bash is not None
    ran = subprocess.run([bash, "-c", chunk.script], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "never" not in ran.stdout
    assert "+ false" in ran.stderr  # and it says what it does


@given(st.text(alphabet=st.sampled_from("# session:node-01@root retry=9\n\r\t!"), max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        chunks = parse(text, file="x")
    except SpecError as error:
        assert all(1 <= problem.line <= text.count("\n") + 1 for problem in error.problems)
    else:
        assert chunks
        assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
