"""Saved playgrounds, cut or refused at every place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.unit.control.conftest import World, manifest, world

from labyard.control import saved
from labyard.control.catalog import Catalog
from labyard.control.manifests import Manifests
from labyard.control.planning import NewPlay
from labyard.errors import ConflictError, MachineError, NotFoundError
from labyard.hosts.fake import FakeHost, Temper
from labyard.spec.resolve import resolve

pytestmark = pytest.mark.usefixtures("each_database")

WITH_PARAMETER = "  initConditions: {values: [{key: colour, options: [red, blue]}]}\n"


@asynccontextmanager
async def house(folder: Path, host: FakeHost | None = None) -> AsyncIterator[tuple[World, str]]:
    """A world with a play that runs, and a folder for saved playgrounds."""
    async with world(folder, host) as it:
        own = folder / "playgrounds"
        it.catalog = Catalog([own], Manifests(), own=own)
        it.reboot_server()
        new = NewPlay(manifest=manifest("lab") + WITH_PARAMETER, parameters={"colour": "red"})
        play_id = (await it.plays.create("owner", new)).row.id
        await it.settle(3)
        yield it, play_id


async def test_what_is_saved_is_the_plays_plan(tmp_path: Path) -> None:
    async with house(tmp_path) as (it, play_id):
        await it.plays.save("owner", play_id, "mine")
        (snapshot,) = it.host.journal.saved
        plan = resolve(it.catalog.manifest("mine"))
        was = (await it.store.get(play_id)).plan
        assert plan == was.model_copy(update={"playground": "mine", "snapshot": snapshot, "parameters": {}})
        assert (tmp_path / "playgrounds" / "mine" / "manifest.yaml").stat().st_mode & 0o077 == 0


async def test_two_that_want_one_name(tmp_path: Path) -> None:
    async with house(tmp_path) as (it, play_id):
        told = await asyncio.gather(
            *(it.plays.save("owner", play_id, "mine") for _ in range(3)), return_exceptions=True
        )
        assert sum(isinstance(each, ConflictError) for each in told) == 2
        assert len(it.host.journal.saved) == 1


@pytest.mark.parametrize("after", range(1, 12))
async def test_a_save_that_is_cut_is_there_or_not(tmp_path: Path, after: int) -> None:
    async with house(tmp_path) as (it, play_id):
        saving = asyncio.create_task(it.plays.save("owner", play_id, "mine"))
        for _ in range(after):
            await asyncio.sleep(0.0005)
        saving.cancel()
        await asyncio.gather(saving, return_exceptions=True)
        named = {entry.manifest.playground.snapshot for entry in it.catalog.entries() if entry.manifest is not None}
        assert named == set(it.host.journal.saved)


async def test_a_host_that_refuses_leaves_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, FakeHost(tempers={"lab": Temper(keeping_refusals=1)})) as (it, play_id):
        with pytest.raises(MachineError):
            await it.plays.save("owner", play_id, "mine")
        assert it.catalog.entries() == []
        await it.plays.save("owner", play_id, "mine")
        assert [entry.name for entry in it.catalog.entries()] == ["mine"]


async def test_a_removal_that_is_cut_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(_path: Path) -> None:
        raise OSError("cut")

    async with house(tmp_path) as (it, play_id):
        await it.plays.save("owner", play_id, "mine")
        with monkeypatch.context() as patch, pytest.raises(OSError, match="cut"):
            patch.setattr(saved, "_remove", cut)
            await it.plays.saved.remove("mine")
        assert not it.host.journal.saved
        await it.plays.saved.remove("mine")
        with pytest.raises(NotFoundError):
            await it.plays.saved.remove("mine")
        assert list((tmp_path / "playgrounds").iterdir()) == []


async def test_what_lies_beside_a_saved_manifest_stays(tmp_path: Path) -> None:
    async with house(tmp_path) as (it, play_id):
        await it.plays.save("owner", play_id, "mine")
        beside = tmp_path / "playgrounds" / "mine" / "notes.txt"
        beside.write_text("mine")
        await it.plays.saved.remove("mine")
        assert beside.exists() and it.catalog.entries() == []
        await it.plays.save("owner", play_id, "mine")
