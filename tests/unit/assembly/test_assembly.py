"""Putting the house together: a taken place, the mark of a data folder."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from labyard.assembly.configuration import Configuration
from labyard.assembly.data_folder import data_mark
from labyard.assembly.serving import serve
from labyard.assembly.settings import Settings
from labyard.errors import ConflictError


def test_a_taken_place_is_said_before_anything_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(data=tmp_path / "data", configuration=Configuration(listen=f":{taken.getsockname()[1]}"))
        with pytest.raises(ConflictError, match="cannot listen at") as refused:
            asyncio.run(serve(settings, on_ready=print))
    assert refused.value.hint is not None
    assert "--listen" in refused.value.hint
    assert not settings.data.exists()


def test_a_folder_keeps_its_mark(tmp_path: Path) -> None:
    mark = data_mark(tmp_path)
    assert len(mark) == 6
    assert int(mark, 16) >= 0
    assert data_mark(tmp_path) == mark
