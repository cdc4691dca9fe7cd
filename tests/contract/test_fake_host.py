from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from tests.contract.host_contract import HostContract

from labyard.hosts.contract import Host
from labyard.hosts.fake import FakeHost
from labyard.hosts.fake_plans import fake_plan
from labyard.play.plan import PlayPlan


class TestFakeHost(HostContract):
    @pytest.fixture
    async def host(self) -> AsyncIterator[Host]:
        host = FakeHost()
        yield host
        await host.close()

    @pytest.fixture
    def plan(self) -> PlayPlan:
        return fake_plan(machines=("node-01", "node-02"), tasks=("prepare",))

    @pytest.fixture
    def reopen(self, host: FakeHost) -> Callable[[], Awaitable[Host]]:
        async def again() -> Host:
            return FakeHost(journal=host.journal)

        return again
