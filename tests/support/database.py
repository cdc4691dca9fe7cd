"""Databases for tests: the tables are made once, and copied."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from pathlib import Path

from labyard.store.database import Database


async def open_copy(path: Path) -> Database:
    """A new database at `path`, open."""
    path.write_bytes(await asyncio.to_thread(_empty))
    return await Database.open_file(path)


@functools.cache
def _empty() -> bytes:
    async def make(path: Path) -> bytes:
        await (await Database.open_file(path)).close()
        return path.read_bytes()

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(make(Path(folder) / "labyard.db"))
