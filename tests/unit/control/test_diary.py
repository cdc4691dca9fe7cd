"""What a play's diary says: who asked for what, what it became, what went wrong; in order and bounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.control.conftest import World, manifest, world
from tests.unit.store.test_database import row

from labyard.control.catalog import Catalog
from labyard.control.decide import EVENTS_KEPT, become, fail
from labyard.control.diary import happened
from labyard.control.manifests import Manifests
from labyard.control.planning import NewPlay
from labyard.errors import ConflictError, MachineError, NotFoundError
from labyard.hosts.fake import FakeHost, Temper
from labyard.play.status import MachineState, MachineStatus, PlayReport, PlayState, Reason
from labyard.store.diary import DETAIL_LIMIT, MOST, DiaryEntry, Kind

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def words(entries: list[DiaryEntry] | tuple[DiaryEntry, ...]) -> list[str]:
    """`ada: stop`, `STOPPED (stopped)`, `ready node-01`, `! start`."""
    told = []
    for entry in entries:
        match entry.kind:
            case Kind.ASKED:
                told.append(f"{entry.who}: {entry.what}")
            case Kind.STATE:
                told.append(entry.what + (f" ({entry.reason})" if entry.reason else ""))
            case Kind.MACHINE:
                told.append(f"{entry.what} {entry.detail}")
            case Kind.TROUBLE:
                told.append(f"! {entry.what}")
    return told


def report(state: PlayState, *machines: MachineStatus) -> PlayReport:
    return PlayReport(id=row().id, state=state, at=NOW, machines=machines)


def test_every_state_on_the_way_is_told_with_its_reason() -> None:
    old = row()
    running = become(old, PlayState.RUNNING, NOW)
    assert words(happened(old, running, NOW)) == ["STARTING", "RUNNING"]
    failed = fail(running, Reason.MACHINE_GONE, "node-01 died", NOW)
    (entry,) = happened(running, failed, NOW)
    assert (entry.what, entry.reason, entry.detail) == ("FAILED", "machine-gone", "node-01 died")
    assert happened(failed, replace(failed, title="other"), NOW) == ()


def test_events_that_a_row_has_forgotten_are_not_told_again() -> None:
    old = row()
    for number in range(EVENTS_KEPT):
        state = PlayState.RUNNING if number % 2 == 0 else PlayState.STOPPED
        old = become(old, state, NOW + timedelta(seconds=number))
    assert len(old.events) == EVENTS_KEPT
    later = NOW + timedelta(days=1)
    told = happened(old, become(old, PlayState.RUNNING, later), later)
    assert words(told) == ["STARTING", "RUNNING"] and {entry.at for entry in told} == {later}


def test_of_machines_what_people_notice_is_told() -> None:
    booting = MachineStatus(name="a", state=MachineState.STARTING, stage="booting")
    later = booting.model_copy(update={"stage": "almost there"})
    ready = MachineStatus(name="a", state=MachineState.RUNNING, ready=True)
    off = MachineStatus(name="a", state=MachineState.STOPPED)
    reboots = MachineStatus(name="a", state=MachineState.REBOOTING)
    steps = [(None, booting), (booting, later), (later, ready), (ready, reboots), (reboots, ready), (ready, off)]
    told = [
        words(
            happened(
                row(report=None if one is None else report(PlayState.RUNNING, one)),
                row(report=report(PlayState.RUNNING, other)),
                NOW,
            )
        )
        for one, other in steps
    ]
    assert told == [[], [], ["ready a"], ["rebooting a"], ["ready a"], ["off a"]]


@pytest.mark.parametrize(
    ("states", "order"),
    [
        ((PlayState.STARTING,), ["STARTING", "ready a"]),
        ((PlayState.STARTING, PlayState.RUNNING), ["STARTING", "ready a", "RUNNING"]),
        ((), ["ready a"]),
    ],
)
def test_what_machines_became_stands_between_what_was_begun_and_what_came_of_it(
    states: tuple[PlayState, ...], order: list[str]
) -> None:
    old = new = row()
    for state in states:
        new = become(new, state, NOW)
    ready = MachineStatus(name="a", state=MachineState.RUNNING, ready=True)
    assert words(happened(old, replace(new, report=report(new.state, ready)), NOW)) == order


def stock(made: World, folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.yaml").write_text(manifest(name))
    made.catalog = Catalog([folder], Manifests())
    made.reboot_server()


async def told(made: World, play: str) -> list[str]:
    return words(await made.plays.diary(None, play))


async def test_a_life_from_start_to_end(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        stock(made, tmp_path, "demo")
        play = (await made.plays.create("ada", NewPlay(playground="demo"))).row.id
        await made.settle(3)
        await made.plays.snapshot("ada", play, "first")
        await made.plays.machine("ada", play, "node-01", "reboot")
        await made.settle()
        await made.plays.stop(None, play, by="grace")
        await made.plays.stop("ada", play)
        await made.settle(3)
        await made.plays.destroy("ada", play)
        await made.settle(3)
        said = await told(made, play)
        assert said[:2] == ["ada: start", "STARTING"]
        assert [each for each in said if not each.startswith(("ready", "off"))] == [
            "ada: start",
            "STARTING",
            "RUNNING",
            "ada: snapshot",
            "ada: machine.reboot",
            "grace: stop",
            "STOPPING (stopped)",
            "STOPPED (stopped)",
            "ada: destroy",
            "DESTROYING",
            "DESTROYED",
        ]
        assert "ready node-01" in said and "off node-01" in said


async def test_what_could_not_be_asked_for_did_not_happen(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        stock(made, tmp_path, "demo")
        play = (await made.plays.create("ada", NewPlay(playground="demo"))).row.id
        await made.settle(3)
        before = await told(made, play)
        for wrong in (made.plays.rewind("ada", play, "nowhere"), made.plays.machine("ada", play, "nobody", "stop")):
            with pytest.raises(NotFoundError):
                await wrong
        with pytest.raises(ConflictError):
            await made.plays.restart("ada", play)
        with pytest.raises(NotFoundError):
            await made.plays.diary("grace", play)
        assert await told(made, play) == before


async def test_what_the_host_refuses_is_told_once(tmp_path: Path) -> None:
    tempers = {"demo": Temper(start_refusals=3, keeping_refusals=1)}
    async with world(tmp_path, FakeHost(tempers=tempers)) as made:
        stock(made, tmp_path, "demo")
        play = (await made.plays.create("ada", NewPlay(playground="demo"))).row.id
        for _ in range(200):
            await made.settle()
            if (await made.store.get(play)).state is PlayState.RUNNING:
                break
        assert (await told(made, play)).count("! start") == 1
        with pytest.raises(MachineError):
            await made.plays.snapshot("ada", play, "first")
        assert (await told(made, play))[-2:] == ["ada: snapshot", "! snapshot"]


async def test_a_play_that_is_given_up_says_why_before(tmp_path: Path) -> None:
    async with world(tmp_path, FakeHost(tempers={"demo": Temper(start_refusals=100)})) as made:
        stock(made, tmp_path, "demo")
        play = (await made.plays.create("ada", NewPlay(playground="demo"))).row.id
        for _ in range(400):
            await made.settle()
            if (await made.store.get(play)).state is PlayState.FAILED:
                break
        assert (await told(made, play))[-2:] == ["! start", "FAILED (internal)"]


async def test_it_is_bounded_and_goes_with_its_play(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        for number in (1, 2):
            await made.store.insert(row(number))
        entries = [
            DiaryEntry(play=row(1).id, at=NOW, kind=Kind.ASKED, what="stop", who="ada", detail=f"{n} " + "x" * 9999)
            for n in range(MOST + 20)
        ]
        await made.store.note(DiaryEntry(play=row(2).id, at=NOW, kind=Kind.ASKED, what="start"))
        await made.store.note(*entries[:10])
        await made.store.note(*entries[10:])
        kept = await made.store.diary(row(1).id)
        assert [entry.detail.split()[0] for entry in kept] == [str(n) for n in range(20, MOST + 20)]
        assert {len(entry.detail) for entry in kept} == {DETAIL_LIMIT}
        assert len(await made.store.diary(row(2).id)) == 1
        await made.store.purge(row(1).id)
        assert await made.store.diary(row(1).id) == [] and len(await made.store.diary(row(2).id)) == 1
