"""Real machines: started, driven, lost and found again, and ended without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from pathlib import Path

import pytest
from tests.vm.machine.conftest import PATIENCE, UID, Events, Guest, Workshop

import labyard
from labyard.errors import MachineError
from labyard.machine.console import tail
from labyard.machine.event import EventKind
from labyard.machine.machine import Machine
from labyard.machine.plan import CONSOLE_BYTES, MIB, DiskSpec, Format, LayerSpec, Limits, MachineSpec
from labyard.machine.process import find, find_all, proportional_memory
from labyard.machine.qmp import Qmp

pytestmark = pytest.mark.vm


async def test_reboots_in_place_and_ends_when_it_powers_off(workshop: Workshop) -> None:
    machine = await Machine.launch(workshop.spec())
    events = Events(machine)
    await events.up()
    async with Guest.of(machine) as guest:
        said, status = await guest.run("/bin/busybox cat /proc/cmdline")
        assert status == 0
        assert said.split()[:2] == ["quiet", "console=ttyS0"]
        guest.say("/bin/busybox reboot -f")
        reset = await events.until(EventKind.RESET)
        assert reset.guest
        await events.up()
    assert (await machine.console()).count("the guest is up") == 2
    async with Guest.of(machine) as guest:
        guest.say("/bin/busybox poweroff -f")
        off = await events.until(EventKind.SHUTDOWN)
        assert off.guest
        assert await events.rest() == [EventKind.GONE]
    assert not machine.alive
    assert "reboot: Power down" in await machine.console(), "its last words are kept"
    await machine.kill()
    await machine.kill()


async def test_kernel_panic_is_a_reset(workshop: Workshop) -> None:
    machine = await Machine.launch(workshop.spec())
    events = Events(machine)
    await events.up()
    async with Guest.of(machine) as guest:
        guest.say("/bin/busybox echo c >/proc/sysrq-trigger")
        await events.until(EventKind.RESET)
    await machine.kill()
    assert "Kernel panic" in tail(machine.spec.console_log, CONSOLE_BYTES)


async def test_the_jail_of_a_real_machine(workshop: Workshop) -> None:
    machine = await Machine.launch(workshop.spec(disks=(workshop.disk("a.raw", MIB),)))
    process = Path("/proc") / str(machine.pid)
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
    assert status["Uid"].split() == [str(UID)] * 4
    assert status["Gid"].split() == [str(UID)] * 4
    assert status["Groups"].split() in ([], [str(UID)])
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert sorted(path.name for path in (process / "root").iterdir() if not path.is_symlink()) == [
        *("dev", "etc", "proc", "usr")
    ]
    for namespace in ("mnt", "ipc"):
        assert (process / "ns" / namespace).readlink() != Path(f"/proc/self/ns/{namespace}").readlink()
    files = [path.readlink() for path in (process / "fd").iterdir()]
    mine = {str(path) for path in files if str(path).startswith(str(workshop.folder))}
    nameless = {path for path in mine if path.endswith(" (deleted)")}
    assert mine - nameless == {
        *(str(machine.spec.process_log), str(machine.spec.initrd), str(workshop.folder / "a.raw"))
    }
    assert len(nameless) == 1, "its memory, and nothing else"
    assert stat.S_IMODE(machine.spec.qmp_socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(machine.spec.run_dir.stat().st_mode) == 0o700
    assert proportional_memory(machine.pid) > MIB
    await machine.kill()
    assert find_all(workshop.mark) == []


LAUNCH_AND_LEAVE = """\
import asyncio, sys
from labyard.machine.machine import Machine
from labyard.machine.plan import MachineSpec
async def main():
    machine = await Machine.launch(MachineSpec.model_validate_json(sys.argv[1]))
    async for event in machine.events():
        if event.kind == "link":
            break
    await machine.close()
asyncio.run(main())
"""


async def launched_by_another(spec_json: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(labyard.__file__).parents[1])}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LAUNCH_AND_LEAVE, spec_json, env=environment)
    assert await asyncio.wait_for(process.wait(), PATIENCE) == 0


async def test_is_adopted_after_the_one_who_launched_it_is_gone(workshop: Workshop) -> None:
    spec = workshop.spec()
    assert await Machine.adopt(spec) is None
    await launched_by_another(spec.model_dump_json())
    machine = await Machine.adopt(spec)
    assert machine is not None
    assert await machine.status() == "running"
    with pytest.raises(MachineError, match="runs already"):
        await Machine.launch(spec)
    async with Guest.of(machine) as guest:
        assert await guest.run("/bin/busybox uname") == ("Linux\n", 0)
    assert "the guest is up" in await machine.console()
    events = Events(machine)
    await machine.pause()
    await events.until(EventKind.STOP)
    assert await machine.status() == "paused"
    await machine.resume()
    await events.until(EventKind.RESUME)
    await machine.close()
    assert await events.rest() == []
    again = await Machine.adopt(spec)
    assert again is not None
    await again.kill()
    assert await Events(again).until(EventKind.GONE)
    assert find(spec.title) is None


async def status_of(spec: MachineSpec) -> object:
    """Looked up without adopting it, which would end it."""
    qmp = await Qmp.connect(spec.qmp_socket, timeout=10)
    try:
        answer = await qmp.execute("query-status")
        return answer["status"] if isinstance(answer, dict) else None
    finally:
        await qmp.close()


async def test_powered_off_while_nobody_looked_is_told_on_adoption(workshop: Workshop) -> None:
    spec = workshop.spec()
    await launched_by_another(spec.model_dump_json())
    machine = await Machine.adopt(spec)
    assert machine is not None
    async with Guest.of(machine) as guest:
        await guest.run("(/bin/busybox sleep 1; /bin/busybox poweroff -f) &")
        await machine.close()
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while await status_of(spec) != "shutdown":
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)
    machine = await Machine.adopt(spec)
    assert machine is not None
    events = Events(machine)
    off = await events.until(EventKind.SHUTDOWN)
    assert off.guest
    assert (await events.rest())[-1] is EventKind.GONE
    await machine.kill()


async def test_disks_and_cards_come_in_order(workshop: Workshop, taps: list[int]) -> None:
    disks = tuple(workshop.disk(f"{index}.raw", (index + 1) * MIB, read_only=index == 3) for index in range(25))
    macs = [f"52:54:00:00:00:{9 - index:02x}" for index in range(len(taps))]
    machine = await Machine.launch(workshop.spec(disks=disks, nics=[{"mac": mac} for mac in macs]), taps=taps)
    await Events(machine).up()
    said = (await machine.console()).replace("\r", "").splitlines()
    found = [line.split()[1:] for line in said if line.startswith("disk ")]
    assert sorted(found) == [[f"vd{chr(97 + i)}", str((i + 1) * 2048), str(int(i == 3))] for i in range(25)]
    assert [line.split()[1:] for line in said if line.startswith("card ")] == [
        [f"eth{index}", mac] for index, mac in enumerate(macs)
    ]
    await machine.kill()


async def test_writes_go_to_the_top_layer_and_never_past_the_limit(workshop: Workshop) -> None:
    base, top = workshop.folder / "base.raw", workshop.folder / "top.raw"
    base.write_bytes(b"base" * (MIB // 4))
    top.touch()
    os.truncate(top, 128 * MIB)
    limits = Limits(file_size=8 * MIB)
    shared = DiskSpec(layers=(LayerSpec(path=base, format=Format.RAW),), read_only=True)
    own = DiskSpec(layers=(LayerSpec(path=top, format=Format.RAW),))
    machine = await Machine.launch(workshop.spec(disks=(shared, own), limits=limits))
    events = Events(machine)
    await events.up()
    async with Guest.of(machine) as guest:
        write = "/bin/busybox dd if=/dev/zero of=/dev/{} bs=1M count={} conv=fsync"
        assert (await guest.run("/bin/busybox head -c 4 /dev/vda; /bin/busybox echo"))[0].startswith("base")
        said, status = await guest.run(write.format("vda", 1))
        assert status != 0, said
        said, status = await guest.run(write.format("vdb", 4))
        assert status == 0, said
        said, status = await guest.run(write.format("vdb", 16))
        assert status != 0, said
        assert (await events.until(EventKind.IO_ERROR)).reason == "error"
        assert await guest.run("/bin/busybox echo alive") == ("alive\n", 0)
    await machine.kill()
    assert base.read_bytes() == b"base" * (MIB // 4)
    assert top.stat().st_blocks * 512 <= 8 * MIB


async def test_a_flooded_console_stays_small(workshop: Workshop) -> None:
    machine = await Machine.launch(workshop.spec())
    await Events(machine).up()
    async with Guest.of(machine) as guest:
        for _ in range(3):  # together more than is kept
            await guest.run("/bin/busybox yes 0123456789abcdef | /bin/busybox head -c 100000 >/dev/console")
            assert len(await machine.console()) <= CONSOLE_BYTES
        await guest.run("/bin/busybox echo the very end >/dev/console")
    assert (await machine.console()).rstrip().endswith("the very end")
    assert machine.spec.console_log.stat().st_size <= 2 * CONSOLE_BYTES
    await machine.kill()


async def test_what_cannot_start_says_why_and_leaves_nothing(workshop: Workshop) -> None:
    unreadable = workshop.folder / "vmlinuz"
    unreadable.write_bytes(b"")
    unreadable.chmod(0o600)
    with pytest.raises(MachineError, match="could not open kernel file"):
        await Machine.launch(workshop.spec(kernel=unreadable))
    with pytest.raises(MachineError, match="missing"):
        await Machine.launch(workshop.spec(kernel=workshop.folder / "missing"))
    gone = DiskSpec(layers=(LayerSpec(path=workshop.folder / "gone.raw", format=Format.RAW),))
    with pytest.raises(MachineError, match=r"gone\.raw cannot be opened"):
        await Machine.launch(workshop.spec(disks=(gone,)))
    broken = workshop.disk("broken.qcow2", MIB).layers[0].model_copy(update={"format": Format.QCOW2})
    with pytest.raises(MachineError, match="not in qcow2 format"):
        await Machine.launch(workshop.spec(disks=(DiskSpec(layers=(broken,)),)))
    with pytest.raises(MachineError, match="nonet"):
        await Machine.launch(workshop.spec(netns=workshop.folder / "nonet"))


async def test_a_launch_that_is_cancelled_leaves_nothing(workshop: Workshop) -> None:
    for delay in (0, 0.02, 0.06, 0.2):
        launching = asyncio.create_task(Machine.launch(workshop.spec()))
        await asyncio.sleep(delay)
        launching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await launching).kill()  # it was faster
        assert find_all(workshop.mark) == []


async def test_a_machine_that_is_killed_from_outside_is_gone(workshop: Workshop) -> None:
    machine = await Machine.launch(workshop.spec())
    os.kill(machine.pid, 9)
    assert (await Events(machine).until(EventKind.GONE)).reason == "-9"
    with pytest.raises(MachineError):
        await machine.status()
    await machine.kill()
