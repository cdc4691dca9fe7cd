"""What every host promises, kept by the real engine with real machines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.contract.host_contract import ID, HostContract
from tests.support.box import Box, small_plan

from labyard.hosts.contract import Host
from labyard.play.plan import PlayPlan

pytestmark = pytest.mark.vm


class TestLocalHost(HostContract):
    @pytest.fixture
    def patience(self) -> float:
        return 120.0

    @pytest.fixture
    def host(self, box: Box) -> Host:
        return box.host

    @pytest.fixture
    def plan(self) -> PlayPlan:
        return small_plan()

    @pytest.fixture
    def reopen(self, box: Box) -> Callable[[], Awaitable[Host]]:
        async def again() -> Host:
            await box.leave()
            await box.enter()
            return box.host

        return again

    async def test_who_boots_a_kernel_is_known(self, running: Host, plan: PlayPlan) -> None:
        """By this one that is in use is not removed (`tests/unit/hosts/test_local.py`)."""
        used = {kernel.version: kernel.used_by for kernel in await running.kernels()}
        assert {ID} <= set(used[plan.machines[0].kernel])
