"""A wheel from a fresh clone, on a box without Go and Node, is complete. Takes minutes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WANTED = [
    r"labyard/_built/examiner-amd64",
    r"labyard/_built/examiner-arm64",
    r"labyard/_built/pages/index\.html",
    r"labyard/_built/pages/assets/index-[\w-]+\.js",
    r"labyard/_built/pages/assets/index-[\w-]+\.css",
    r"labyard/_built/pages/assets/terminal-[\w-]+\.js",
    r"labyard/_data/catalog/playgrounds/[\w-]+/.+\.yaml",
    r"labyard/_data/catalog/challenges/[\w-]+/index\.md",
    r"labyard/_data/catalog/challenges/[\w-]+/\.solution\.sh",
    r"labyard/content/starters/challenge/\.solution\.sh",
    r"labyard/_data/images/[\w-]+/recipe\.yaml",
    r"labyard/_data/web/src/styles/lesson\.css",
]
MACHINE = {"amd64": 0x3E, "arm64": 0xB7}  # e_machine of ELF


@pytest.mark.slow
def test_a_wheel_from_a_clone_is_complete(tmp_path: Path) -> None:
    clone, wheels, nothing = tmp_path / "clone", tmp_path / "wheels", tmp_path / "bin"
    nothing.mkdir()
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    environment = {**os.environ, "PATH": str(nothing)}
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(wheels), str(clone)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    with zipfile.ZipFile(next(wheels.glob("labyard-*.whl"))) as wheel:
        names = wheel.namelist()
        for pattern in WANTED:
            assert any(re.fullmatch(pattern, name) for name in names), pattern
        for architecture, machine in MACHINE.items():
            head = wheel.read(f"labyard/_built/examiner-{architecture}")[:20]
            assert head[:4] == b"\x7fELF" and int.from_bytes(head[18:20], "little") == machine
        assert not [name for name in names if "node_modules" in name or name.endswith((".log", ".digest"))]
