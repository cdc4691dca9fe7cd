"""The examiner's own tests, and what `go vet` thinks of it."""

from __future__ import annotations

import os
import subprocess

import pytest
from tests.unit.link.build import SOURCE, go_program

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("arguments", [("vet", "./..."), ("test", "-count=1", "./...")], ids=lambda words: words[0])
def test_go(arguments: tuple[str, ...]) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOPROXY": "off"}
    command = [go_program(), *arguments]
    done = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
