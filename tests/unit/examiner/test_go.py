"""The examiner's own tests, and what `go vet` and `gofmt` think of it."""

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


def test_every_file_is_as_gofmt_has_it() -> None:
    """By the gofmt that comes with the compiler."""
    done = subprocess.run([gofmt_program(), "-l", "."], cwd=SOURCE, capture_output=True, text=True, check=True)
    assert done.stdout == "", "run: gofmt -w examiner"


def gofmt_program() -> str:
    root = subprocess.run([go_program(), "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{root}/bin/gofmt"
