"""Power cuts, full disks and damage while moments are kept: a play is never gone, and says what it goes on from."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.host_contract import ID as PLAY
from tests.contract.host_contract import OTHER, listed, reached, until
from tests.support import leftovers
from tests.support.box import MIB, Box, small_plan
from tests.support.cut import cut
from tests.support.plays import BOOT, COUNT, answered, count, counts, printed, restarted, runs, started
from tests.support.soak import SOAK

from labyard.engine.live_machine import LiveMachine
from labyard.engine.live_play import DISKS_KEPT, MEMORY_KEPT
from labyard.engine.snapshot import publish
from labyard.errors import CapacityError
from labyard.machine.delta import digest
from labyard.machine.sparse import SnapshotError
from labyard.play.status import PlayState, TaskStatus

pytestmark = pytest.mark.vm

ALONE = ("paused", "recorded", "published") + (("frozen", "written", "gathered", "ended") if SOAK else ())


async def test_the_server_alone_is_killed_while_it_stops_a_play(box: Box) -> None:
    """Its machines stood still; the next server stops them once more, or finds all of it kept."""
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, COUNT)
    boot = await printed(box, PLAY, BOOT)
    for point in ALONE:
        await cut(box, point, "stop", PLAY)
        report = await reached(box.host, PLAY, PlayState.STOPPED)
        assert report.detail == MEMORY_KEPT, point
        assert not leftovers.look(box.data, box.mark).processes
        await restarted(box, PLAY)
        assert await printed(box, PLAY, BOOT) == boot, point
        await counts(box, PLAY)


@pytest.mark.parametrize(
    ("point", "goes_on"), [("recorded", False), ("published", True), *((("paused", False),) if SOAK else ())]
)
async def test_everything_is_killed_while_a_play_is_stopped(box: Box, point: str, goes_on: bool) -> None:
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, f"echo kept >/kept; sync; {COUNT}")
    boot = await printed(box, PLAY, BOOT)
    await cut(box, point, "stop", PLAY, everything=True)
    report = await reached(box.host, PLAY, PlayState.STOPPED)
    assert report.detail == (MEMORY_KEPT if goes_on else DISKS_KEPT)
    report = await restarted(box, PLAY)
    assert [task.status for task in report.tasks] == [TaskStatus.COMPLETED]
    assert await printed(box, PLAY, "cat /kept") == "kept\n"
    assert (await printed(box, PLAY, BOOT) == boot) is goes_on


async def test_the_server_is_killed_while_it_takes_a_moment(box: Box) -> None:
    """Machines that stood still go on, what was half-made is gone, and it can be made again."""
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, COUNT)
    boot = await printed(box, PLAY, BOOT)
    await cut(box, "paused", "fork", PLAY, OTHER)
    await counts(box, PLAY)
    assert await listed(box.host, OTHER) is None and not (box.data / "plays" / OTHER).exists()
    await cut(box, "recorded", "snapshot", PLAY)
    await counts(box, PLAY)
    assert await box.host.snapshots(PLAY) == []
    await cut(box, "published", "snapshot", PLAY)
    await counts(box, PLAY)
    assert [each.name for each in await box.host.snapshots(PLAY)] == ["cut"]
    await box.host.rewind(PLAY, "cut")
    await runs(box, PLAY)
    await counts(box, PLAY)
    assert await printed(box, PLAY, BOOT) == boot


async def test_the_server_is_killed_while_a_play_goes_back(box: Box) -> None:
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, COUNT)
    await box.host.snapshot(PLAY, "early")
    for point in ("copied", "laid", "consumed"):
        await printed(box, PLAY, "echo later >/later; sync")
        await cut(box, point, "rewind", PLAY)
        await runs(box, PLAY)
        await answered(box, PLAY, "true")
        assert await printed(box, PLAY, "test -e /later || echo gone") == "gone\n", point
        await counts(box, PLAY)


@pytest.mark.parametrize("point", ["published", *(("recorded",) if SOAK else ())])
async def test_the_server_is_killed_while_a_playground_is_kept(box: Box, point: str) -> None:
    """The play that was to end with it goes on, and never writes on what later starts fork from."""
    before = set(box.snapshots())
    run = f"echo {point}"
    await cut(box, point, "start", PLAY, run)
    made = set(box.snapshots()) - before
    assert len(made) == (1 if point == "published" else 0)
    layers = {path: digested(path) for place in made for path in place.glob("*/disk-*")}
    await runs(box, PLAY)
    await printed(box, PLAY, "dd if=/dev/urandom of=/noise bs=1M count=4 2>/dev/null; sync")
    assert {path: digested(path) for path in layers} == layers
    await started(box, OTHER, small_plan(run))
    assert await printed(box, OTHER, "test -e /noise || echo none") == "none\n"


def digested(path: Path) -> str:
    with path.open("rb") as file:
        return digest(file.fileno())


async def test_destroy_while_it_is_frozen(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = asyncio.Event()
    real = LiveMachine.freeze

    async def freeze(machine: LiveMachine) -> None:
        await real(machine)
        frozen.set()
        await asyncio.sleep(0)

    monkeypatch.setattr(LiveMachine, "freeze", freeze)
    plan = small_plan()
    for verb in ("stop", "snapshot", "fork"):
        await started(box, PLAY, plan)
        frozen.clear()
        calls: dict[str, Any] = {
            "stop": lambda: box.host.stop(PLAY),
            "snapshot": lambda: box.host.snapshot(PLAY, "one"),
            "fork": lambda: box.host.fork(OTHER, PLAY),
        }
        work = asyncio.create_task(calls[verb]())
        await frozen.wait()
        await box.host.destroy(PLAY)
        await asyncio.gather(work, return_exceptions=True)
        await box.host.destroy(OTHER)
        left = leftovers.look(box.data, box.mark)
        assert not left, left


async def test_a_stop_that_is_given_up_leaves_nothing_kept(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was kept already when whoever asked went away: its machines go on, so that is not what it will go on from.

    The next server stops it once more.
    """
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, COUNT)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def published(*arguments: Any, **named: Any) -> Any:
        made = publish(*arguments, **named)
        loop.call_soon_threadsafe(work.cancel)
        loop.call_soon_threadsafe(stopping.set)
        return made

    monkeypatch.setattr("labyard.engine.keeping.publish", published)
    work = asyncio.create_task(box.host.stop(PLAY))
    await stopping.wait()
    await asyncio.gather(work, return_exceptions=True)
    assert box.engine is not None
    assert not box.engine.play(PLAY).record.kept.exists()
    monkeypatch.undo()
    await box.leave()
    await box.enter()
    assert (await reached(box.host, PLAY, PlayState.STOPPED)).detail == MEMORY_KEPT
    await restarted(box, PLAY)
    await counts(box, PLAY)


async def test_a_stop_while_an_init_task_runs(box: Box) -> None:
    """It boots from its disks, and what was not completed runs again."""
    await box.host.start(PLAY, small_plan("echo run >>/runs; sync; test -e /once || { touch /once; sync; sleep 600; }"))
    await until(box.host, PLAY, lambda report: any(task.status is TaskStatus.RUNNING for task in report.tasks))
    await answered(box, PLAY, "test -e /once")
    await asyncio.gather(box.host.stop(PLAY), box.host.stop(PLAY))
    report = await listed(box.host)
    assert report is not None and (report.state, report.detail) == (PlayState.STOPPED, DISKS_KEPT)
    report = await restarted(box, PLAY)
    assert [task.status for task in report.tasks] == [TaskStatus.COMPLETED]
    assert await printed(box, PLAY, "cat /runs") == "run\nrun\n"


def other_maker(kept: Path) -> None:
    record = json.loads((kept / "snapshot.json").read_text())
    record["maker"]["qemu"] = "QEMU of yesterday"
    (kept / "snapshot.json").write_text(json.dumps(record))


def nonsense(kept: Path) -> None:
    devices = kept / "node-01" / "devices"
    devices.write_bytes(bytes(devices.stat().st_size))


HARMS: list[tuple[Callable[[Path], None], str]] = [
    (other_maker, "another version of QEMU"),
    (nonsense, "its machines booted"),
    (lambda kept: os.truncate(kept / "snapshot.json", 100), "record"),
    *([(lambda kept: os.truncate(kept / "node-01" / "devices", 100), "devices has 100 bytes")] if SOAK else []),
]


async def test_a_memory_that_cannot_be_used_is_set_aside_and_its_disks_boot(box: Box) -> None:
    await started(box, PLAY, small_plan())
    for number, (harm, words) in enumerate(HARMS):
        await printed(box, PLAY, f"echo {number} >>/kept; sync")
        boot = await printed(box, PLAY, BOOT)
        await box.host.stop(PLAY)
        assert box.engine is not None
        play = box.engine.play(PLAY)
        await play.scrub()  # what tidies it has ended
        harm(play.record.kept)
        report = await restarted(box, PLAY)
        assert any("booted from their disks" in note and words in note for note in report.notes), report.notes
        assert await printed(box, PLAY, BOOT) != boot
        assert await printed(box, PLAY, f"tail -n 1 /kept | grep -x {number}")


async def test_a_saved_playground_of_another_qemu_boots_from_its_disks(box: Box) -> None:
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, "echo saved >/saved; sync")
    key = await box.host.save(PLAY)
    other_maker(box.data / "snapshots" / key)
    report = await started(box, OTHER, small_plan().model_copy(update={"snapshot": key}))
    assert any("another version of QEMU" in note for note in report.notes), report.notes
    assert await printed(box, OTHER, "cat /saved") == "saved\n"
    await box.host.forget(key)


async def test_a_damaged_moment_is_told_and_the_play_goes_on(box: Box) -> None:
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, COUNT)
    for name in ("delta", "base", "snapshot.json"):
        await box.host.snapshot(PLAY, "one")
        assert box.engine is not None
        await box.engine.play(PLAY).scrub()
        place = box.engine.play(PLAY).moments.place("one")
        file = place / name if name == "snapshot.json" else place / "node-01" / name
        whole = file.read_bytes()
        file.unlink()  # others have it too
        file.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(SnapshotError):
            await box.host.rewind(PLAY, "one")
        await counts(box, PLAY)
        await box.host.remove_snapshot(PLAY, "one")
    assert await box.host.snapshots(PLAY) == []


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    disk, data = folder / "small.ext4", folder / "small"
    with disk.open("wb") as file:
        file.truncate(192 * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-F", disk], check=True)
    data.mkdir(mode=0o711)
    subprocess.run(["mount", "-o", "loop", disk, data], check=True)
    yield data
    subprocess.run(["umount", data], check=True)
    disk.unlink()


@pytest.fixture
async def small_box(own_box: None, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    """A box whose disk is small."""
    monkeypatch.setenv("LABYARD_DISK_FLOOR", "0")
    box = Box(small_disk / "host")
    await box.enter()
    yield box
    await box.clear()


async def test_a_full_disk(small_box: Box) -> None:
    """Told clearly, nothing half-made is left, and the parent goes on; so it does when it can only be switched off."""
    box = small_box
    await started(box, PLAY, small_plan("echo full"), cold=True)
    await printed(box, PLAY, f"echo kept >/kept; sync; {COUNT}")
    filler = box.data / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(box.data).free - 4 * MIB)
    with pytest.raises(CapacityError):
        await box.host.snapshot(PLAY, "one")
    await counts(box, PLAY)
    with pytest.raises(CapacityError):
        await box.host.fork(OTHER, PLAY)
    await counts(box, PLAY)
    with pytest.raises(CapacityError):
        await box.host.save(PLAY)
    assert await count(box, PLAY) > 0
    assert await box.host.snapshots(PLAY) == [] and box.snapshots() == []
    assert [path.name for path in (box.data / "plays").iterdir()] == [PLAY]
    assert not (box.data / "plays" / PLAY / "keeping").exists()
    assert not list((box.data / "snapshots").iterdir())
    await box.host.stop(PLAY)
    report = await listed(box.host)
    assert report is not None and report.state is PlayState.STOPPED and report.detail == DISKS_KEPT
    assert any("memory could not be kept" in note for note in report.notes)
    filler.unlink()
    await restarted(box, PLAY)
    assert await printed(box, PLAY, "cat /kept") == "kept\n"
