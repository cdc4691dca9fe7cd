from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.support.database import Kind, open_copy

from labyard.errors import ConflictError
from labyard.store.dump import dump
from labyard.store.holder import claim

ONE, TWO = "1" * 32, "2" * 32


async def test_a_database_belongs_to_who_came_first(tmp_path: Path, each_database: Kind) -> None:
    database = await open_copy(tmp_path / "labyard.db")
    outcomes = await asyncio.gather(*(claim(database, each) for each in (ONE, TWO)), return_exceptions=True)
    (refused,) = [each for each in outcomes if each is not None]
    assert isinstance(refused, ConflictError) and refused.hint is not None
    owner, other = (ONE, TWO) if ONE in refused.message else (TWO, ONE)
    await claim(database, owner)
    with pytest.raises(ConflictError, match=owner):
        await claim(database, other)
    lines: list[bytes] = []
    await dump(database, lines.append)
    assert not lines, "what is restored elsewhere is nobody's yet"
    await database.close()
