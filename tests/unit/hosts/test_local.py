"""What the host that is this process adds to its engine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from labyard.engine.engine import Engine
from labyard.errors import ConflictError
from labyard.hosts.local import LocalHost


class Kernels:
    def __init__(self) -> None:
        self.removed: list[str] = []

    async def remove(self, version: str) -> None:
        self.removed.append(version)


async def test_a_kernel_that_something_boots_from_is_not_removed() -> None:
    kernels = Kernels()
    engine: Any = SimpleNamespace(
        kernel_users=lambda: {"6.1": ["a" * 24, "snapshots"]}, parts=SimpleNamespace(kernels=kernels)
    )
    host = LocalHost(cast(Engine, engine))
    with pytest.raises(ConflictError, match="in use"):
        await host.remove_kernel("6.1")
    await host.remove_kernel("6.12")
    assert kernels.removed == ["6.12"]
