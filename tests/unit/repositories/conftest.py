from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.git_server import GitServer, git_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with git_server(tmp_path) as running:
        yield running
