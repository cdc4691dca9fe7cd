from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.contract.files_contract import FilesContract
from tests.contract.told import ID, reached

from labyard.control.files import Files, Place
from labyard.hosts.fake import FakeHost
from labyard.hosts.fake_plans import fake_plan
from labyard.play.status import PlayState


class TestFakeFiles(FilesContract):
    @pytest.fixture
    async def desk(self) -> AsyncIterator[Files]:
        host = FakeHost()
        await host.start(ID, fake_plan(machines=("node-01",)))
        await reached(host, ID, PlayState.RUNNING)
        desk = Files(host.open)
        yield desk
        await desk.close()
        await host.close()

    @pytest.fixture
    def place(self) -> Place:
        return Place(ID, "node-01")

    @pytest.fixture
    async def folder(self, desk: Files, place: Place) -> str:
        await desk.make_folder(place, "/home/laborant/work")
        return "/home/laborant/work"
