from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def expect() -> Expect:
    return Expect()


class Expect:
    """Compares text with a file of a case folder. `LABYARD_WRITE_CASES=1` writes them anew, for a reviewer to read."""

    def __call__(self, path: Path, text: str) -> None:
        if os.environ.get("LABYARD_WRITE_CASES") == "1":
            path.write_text(text)
        assert path.read_text() == text, f"{path} differs; LABYARD_WRITE_CASES=1 writes it anew"
