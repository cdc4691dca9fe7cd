"""Works that are one answer and may take a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from labyard.cli.talk import say

LONG = 180.0  # seconds an answer may take that comes when everything is on disk
_WONDER = 2.0  # seconds after which one wants to know what is waited for


@asynccontextmanager
async def patiently(text: str) -> AsyncIterator[None]:
    """Say what is waited for, if it takes a while."""
    talk = asyncio.get_running_loop().call_later(_WONDER, say, text)
    try:
        yield
    finally:
        talk.cancel()
