"""Snapshots of real plays: warm starts, forks, stop and restart, rewind; what is the same in each, and what never is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.contract.host_contract import ID as PLAY
from tests.contract.host_contract import OTHER, listed, until
from tests.support.box import Box, small_plan
from tests.support.plays import BOOT, COUNT, answered, beyond, count, counts, forked, printed, runs, started
from tests.support.soak import SOAK

from labyard.engine.capture import MOST_LAYERS
from labyard.engine.footing import read_footing
from labyard.errors import ConflictError, NotFoundError
from labyard.machine.process import find_all
from labyard.play.status import MachineState, TaskStatus
from labyard.play.streams import Terminal

pytestmark = pytest.mark.vm


async def test_a_second_start_forks_what_the_first_prepared(box: Box) -> None:
    plan = small_plan("date +%s%N >/prepared")
    report = await started(box, PLAY, plan)
    assert [task.status for task in report.tasks] == [TaskStatus.COMPLETED]
    again = await started(box, OTHER, plan)
    assert [task.status for task in again.tasks] == [TaskStatus.COMPLETED]
    seen = [await printed(box, play, f"cat /prepared; {BOOT}; hostname; ip addr; df /") for play in (PLAY, OTHER)]
    assert seen[0] == seen[1], "one boot, one preparation, and all that the manifest fixes"
    edited = plan.model_copy(update={"tasks": (plan.tasks[0].model_copy(update={"run": "date +%s%N >>/prepared"}),)})
    await box.host.destroy(OTHER)
    await started(box, OTHER, edited)
    assert await printed(box, OTHER, BOOT) != await printed(box, PLAY, BOOT), "an edited one never starts from the old"


async def test_cold_boots_on_purpose_and_leaves_no_snapshot(box: Box) -> None:
    plan = small_plan("echo cold")
    before = set(box.snapshots())
    await started(box, PLAY, plan, cold=True)
    await started(box, OTHER, plan.model_copy(update={"warm": False}))
    assert await printed(box, PLAY, BOOT) != await printed(box, OTHER, BOOT)
    assert set(box.snapshots()) == before


async def test_prepare_makes_it_ahead_and_leaves_nothing_else(box: Box) -> None:
    plan = small_plan("echo ahead")
    before = set(box.snapshots())
    steps = [step async for step in box.host.prepare(plan)]
    assert steps[-1].finished and len(steps) > 1
    assert len(set(box.snapshots()) - before) == 1
    assert await box.host.list() == []
    assert [step.finished async for step in box.host.prepare(plan)] == [True], "nothing to do the second time"


@pytest.mark.parametrize("kernel", ["6.1", *(("6.12",) if SOAK else ())])
async def test_no_random_value_comes_twice_in_ten_forks(box: Box, kernel: str) -> None:
    plan = small_plan(kernel=kernel)
    await started(box, PLAY, plan)
    await printed(box, PLAY, "(while :; do head -c 16 /dev/urandom | od -An -tx8; done) >/random 2>&1 </dev/null &")
    seen: set[str] = set()
    forks = [f"{number:024x}" for number in range(16, 26)]
    for fork in forks:
        await forked(box, fork, PLAY)
        # What was read before the snapshot and was still on its way to the file comes in parent and fork alike: one line.
        mark = int(await printed(box, fork, "wc -l </random")) + 4
        enough = f"while [ $(wc -l </random) -lt {mark + 8} ]; do sleep 0.1; done"
        lines = (await printed(box, fork, f"{enough}; tail -n +{mark} /random | head -n 50")).split("\n")
        found = {line for line in lines[:-1] if line.strip()}
        assert found, "it goes on in every fork"
        assert not found & seen
        seen |= found
        await box.host.destroy(fork)
    own = set((await printed(box, PLAY, "cat /random")).split("\n"))
    assert not own & seen, "nor does the parent share any with them"


async def test_a_fork_goes_on_beside_its_parent_with_the_same_addresses(box: Box) -> None:
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, COUNT)
    await beyond(box, PLAY, 3)
    await forked(box, OTHER, PLAY)
    await printed(box, OTHER, "echo mine >/own")
    assert await printed(box, PLAY, "test -e /own || echo no") == "no\n"
    assert await printed(box, PLAY, "ip addr") == await printed(box, OTHER, "ip addr")
    for play in (PLAY, OTHER):
        assert await count(box, play) > 3
        await counts(box, play)
    await box.host.destroy(PLAY)
    assert await count(box, OTHER) > 3, "a fork needs nothing of its parent"


async def test_a_stream_between_machines_survives_freeze_and_fork(box: Box) -> None:
    await started(box, PLAY, small_plan(machines=2))
    listen = "(sleep 9999 | nc -l -p 7000 >/stream) >/dev/null 2>&1 &"
    send = "(i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done | nc node-02 7000) >/dev/null 2>&1 &"
    await printed(box, PLAY, listen, "node-02")
    await printed(box, PLAY, send)
    check = "awk 'NR != $1 { print \"gap\", NR, $1; exit } END { print NR }' /stream"

    async def grows(play: str, least: int) -> int:
        """Lines of the stream, every one in its place, once there are more than `least`."""
        while (lines := int(await printed(box, play, check, "node-02"))) <= least:  # noqa: ASYNC110 - it is not told
            await asyncio.sleep(0.1)
        return lines

    taken = await grows(PLAY, 5)
    await forked(box, OTHER, PLAY)
    for play in (PLAY, OTHER):
        await grows(play, await grows(play, taken))


async def test_stop_and_restart_go_on_exactly_there(box: Box) -> None:
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, COUNT)
    terminal = await box.host.open(PLAY, "node-01", Terminal(id="mine"))
    await terminal.send(b"echo was-$((1+1))-here\r")
    heard = b""
    while b"was-2-here" not in heard:
        chunk = await terminal.receive()
        assert chunk is not None
        heard += chunk.data
    await terminal.close()
    boot = await printed(box, PLAY, BOOT)
    before = await count(box, PLAY)
    for _ in range(2):
        await asyncio.gather(box.host.stop(PLAY), box.host.stop(PLAY))
        report = await listed(box.host)
        assert report is not None and "exactly here" in report.detail
        assert (await box.host.capacity()).memory_used == 0
        await box.host.restart(PLAY)
        await runs(box, PLAY)
        assert await printed(box, PLAY, BOOT) == boot
        assert before <= await count(box, PLAY) < before + 60
    terminal = await box.host.open(PLAY, "node-01", Terminal(id="mine"))
    chunk = await terminal.receive()
    assert chunk is not None and b"was-2-here" in chunk.data, "with its scrollback"
    await terminal.close()


async def test_rewind_shows_the_old_value_and_can_be_done_again(box: Box) -> None:
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, COUNT)
    early = await beyond(box, PLAY, 3)
    info = await box.host.snapshot(PLAY, "early")
    with pytest.raises(ConflictError):
        await box.host.snapshot(PLAY, "early")
    with pytest.raises(NotFoundError):
        await box.host.rewind(PLAY, "never")
    assert [each.name for each in await box.host.snapshots(PLAY)] == [info.name]
    await printed(box, PLAY, "echo later >/later; sync")
    for _ in range(2):
        late = await beyond(box, PLAY, early + 40)
        await box.host.rewind(PLAY, "early")
        await runs(box, PLAY)
        assert early <= await count(box, PLAY) < late
        assert await printed(box, PLAY, "test -e /later || echo gone") == "gone\n"
    await beyond(box, PLAY, late)
    await box.host.stop(PLAY)
    await box.host.rewind(PLAY, "early")
    await forked(box, OTHER, PLAY)
    assert await count(box, OTHER) < late, "a stopped play can be forked where it would go on"
    await box.host.restart(PLAY)
    await runs(box, PLAY)
    assert await count(box, PLAY) < late
    await box.host.remove_snapshot(PLAY, "early")
    assert await box.host.snapshots(PLAY) == []


async def test_disks_stay_short_however_often_moments_are_kept(box: Box) -> None:
    """And hold all that was written, in the play and in each moment, whichever layer it went to."""
    await started(box, PLAY, small_plan())
    moments = MOST_LAYERS + 2
    for number in range(moments):
        await printed(box, PLAY, f"echo {number} >/file-{number}; sync")
        await box.host.snapshot(PLAY, f"moment-{number}")
    assert box.engine is not None
    folder = box.engine.play(PLAY).record.machine_folders() / "node-01"
    footing = read_footing(folder)
    assert footing is not None
    assert sorted(folder.glob("disk-*")) == sorted(layer.path for layer in footing.own_layers())
    assert len(footing.own_layers()) <= MOST_LAYERS
    (process,) = find_all(box.mark)
    opened = [str(path.readlink()) for path in Path(f"/proc/{process.pid}/fd").iterdir()]
    assert {path for path in opened if "/disk-" in path} == {str(layer.path) for layer in footing.own_layers()}
    before = await printed(box, PLAY, BOOT)
    await box.host.machine(PLAY, "node-01", "reboot")
    while await answered(box, PLAY, BOOT) == before:  # noqa: ASYNC110 - a reboot is not told
        await asyncio.sleep(0.1)
    assert await printed(box, PLAY, "cat /file-* | sort -n | tr '\\n' ' '") == "".join(f"{n} " for n in range(moments))
    for number in (1, moments - 1):
        await box.host.rewind(PLAY, f"moment-{number}")
        await runs(box, PLAY)
        assert await printed(box, PLAY, f"test -e /file-{number + 1} || cat /file-{number}") == f"{number}\n"


async def test_machines_that_are_off_stay_off_and_a_fork_can_reboot(box: Box) -> None:
    await started(box, PLAY, small_plan(machines=2))
    await box.host.machine(PLAY, "node-02", "stop")
    report = await forked(box, OTHER, PLAY)
    assert [machine.state for machine in report.machines] == [MachineState.RUNNING, MachineState.STOPPED]
    before = await printed(box, OTHER, f"echo kept >/kept; sync; {BOOT}")
    await box.host.machine(OTHER, "node-01", "reboot")
    await box.host.machine(OTHER, "node-02", "restart")
    while await answered(box, OTHER, BOOT) == before:  # noqa: ASYNC110 - a reboot is not told
        await asyncio.sleep(0.1)
    assert await printed(box, OTHER, "cat /kept") == "kept\n"
    await until(box.host, OTHER, lambda report: all(machine.ready for machine in report.machines))
    assert await printed(box, OTHER, BOOT, "node-02")


async def test_what_was_saved_outlives_its_play(box: Box) -> None:
    await started(box, PLAY, small_plan())
    await printed(box, PLAY, f"echo saved >/saved; {COUNT}")
    key = await box.host.save(PLAY)
    await box.host.destroy(PLAY)
    plan = small_plan().model_copy(update={"snapshot": key})
    await started(box, OTHER, plan)
    assert await printed(box, OTHER, "cat /saved") == "saved\n"
    await counts(box, OTHER)
    await box.host.forget(key)
    with pytest.raises(NotFoundError, match="is gone"):
        await box.host.start(PLAY, plan)
    assert await listed(box.host) is None


async def test_a_damaged_snapshot_is_set_aside_and_made_anew(box: Box) -> None:
    plan = small_plan("echo once >>/prepared")
    before = set(box.snapshots())
    await started(box, PLAY, plan)
    boot = await printed(box, PLAY, BOOT)
    (made,) = set(box.snapshots()) - before
    await box.host.destroy(PLAY)
    devices = made / "node-01" / "devices"
    for harm in (devices.read_bytes()[:1000], bytes(devices.stat().st_size)):  # seen at once; only QEMU sees it
        devices.unlink()
        devices.write_bytes(harm)
        report = await started(box, PLAY, plan)
        assert await printed(box, PLAY, BOOT) != boot
        assert await printed(box, PLAY, "cat /prepared") == "once\n", "from the beginning, not from what was prepared"
        assert not any("disks" in note for note in report.notes), report.notes
        assert made.with_name(f"{made.name}.damaged").exists()
        boot = await printed(box, PLAY, BOOT)
        await box.host.destroy(PLAY)


async def test_a_flipped_bit_is_found_by_the_scrub(box: Box) -> None:
    before = set(box.snapshots())
    await started(box, PLAY, small_plan("echo scrub"))
    (made,) = set(box.snapshots()) - before
    assert await box.host.scrub() == []
    layer = next((made / "node-01").glob("disk-*"))
    data = bytearray(layer.read_bytes())
    data[len(data) // 2] ^= 1
    layer.write_bytes(data)
    (told,) = await box.host.scrub()
    assert layer.name in told
    assert not made.exists()
    assert await box.host.scrub() == []
    assert await printed(box, PLAY, "echo alive") == "alive\n"
