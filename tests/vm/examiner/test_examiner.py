"""The examiner as first process, as init, and as what a learner cannot take away."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import time

import pytest
from tests.unit.link.talk import shell, until
from tests.vm.examiner.conftest import PATIENCE, Lab

from labyard.errors import GuestError
from labyard.machine.link import GuestLink
from labyard.play.streams import Exec, Terminal

pytestmark = pytest.mark.vm


async def say(link: GuestLink, script: str, user: str = "root") -> str:
    said = await shell(link, script, user=user)
    assert said.result.exit_code == 0, said
    return said.stdout.decode()


async def test_what_the_machine_finds(lab: Lab) -> None:
    link = await lab.link()
    assert (link.info.init, link.info.stage, link.info.warnings) == ("examiner", "up", None)
    assert [stage.stage for stage in link.info.stages or ()] == ["modules", "drives", "files", "init"]
    hosts = await say(link, "cat /etc/hosts")
    assert "172.16.0.2 node-01 node-01.local\n" in hosts
    assert await say(link, "head -c 4 /dev/vdc") == "\0\0\0\0", "the image's link was written through"
    assert await say(link, "hostname; cat /etc/resolv.conf") == "node-01\nnameserver 172.16.0.1\n"
    assert "/dev/vdb /data ext4 defaults,nofail 0 0\n" in await say(link, "cat /etc/fstab")
    sizes = [int(size) for size in (await say(link, "df -k / /data | awk 'NR>1 {print $2}'")).split()]
    assert sizes[0] > 150 << 10 and sizes[1] > 48 << 10, "the file systems were not grown"
    assert await say(link, "stat -c '%U %a' /opt/deep/hello; id -un", user="laborant") == "laborant 750\nlaborant\n"
    terminal = await link.open(Terminal(id="one"))
    await until(terminal, b"Welcome to the lab")
    await terminal.send(b"echo $((40 + 2)) is it\n")
    await until(terminal, b"42 is it")
    await link.close()


async def test_killed_it_comes_back_and_knows_its_tasks(lab: Lab) -> None:
    link = await lab.link()
    assert (await link.call("task", name="one", run="echo ran; echo x >>/runs"))["stdout"] == "ran"
    with contextlib.suppress(GuestError):  # it may be killed before it could say that it has begun
        await link.open(Exec(argv=("sh", "-c", "kill -9 -1"), user="root"))
    async with asyncio.timeout(PATIENCE):
        await link.closed.wait()
    await link.close()
    link = await lab.link()
    assert (await link.call("task", name="one", run="exit 9"))["stdout"] == "ran"
    assert await say(link, "cat /runs") == "x\n"
    await link.close()


async def test_freeze_reseed_clock_thaw(lab: Lab) -> None:
    link = await lab.link()
    await say(link, "(while :; do echo x >>/tmp/ticks; sleep 0.02; done) >/dev/null 2>&1 &")
    before = len(await say(link, "cat /tmp/ticks"))
    assert (await link.call("freeze", rehearse=True))["groups"] > 0
    assert not (await link.call("info"))["frozen"]
    async with asyncio.timeout(PATIENCE):
        while len(await say(link, "cat /tmp/ticks")) <= before:  # noqa: ASYNC110 - it is a file in the machine
            await asyncio.sleep(0.05)
    frozen = await link.call("freeze")
    assert frozen["groups"] + frozen["processes"] > 0
    assert await link.call("freeze") == frozen
    await link.call("reseed", entropy=base64.b64encode(os.urandom(64)).decode())
    wanted = time.time() + 86_400
    await link.call("clock", set=wanted)
    assert wanted <= (await link.call("time"))["time"] < wanted + PATIENCE
    await link.call("thaw")
    before = len(await say(link, "cat /tmp/ticks"))
    async with asyncio.timeout(PATIENCE):
        while len(await say(link, "cat /tmp/ticks")) <= before:  # noqa: ASYNC110 - it is a file in the machine
            await asyncio.sleep(0.05)
    await link.close()


async def test_reboot_keeps_what_was_changed_and_power_off_ends(lab: Lab) -> None:
    link = await lab.link()
    await say(link, "echo 10.0.0.9 mine >>/etc/hosts; echo changed >/opt/deep/hello")
    await link.call("power", action="reboot")
    async with asyncio.timeout(PATIENCE):
        await link.closed.wait()
    await link.close()
    first, link = link.info, await lab.link()
    assert link.info.boot_id != first.boot_id
    assert "10.0.0.9 mine" in await say(link, "cat /etc/hosts")
    assert await say(link, "cat /opt/deep/hello") == "changed\n"
    await link.call("power", action="off")
    async with asyncio.timeout(PATIENCE):
        async for event in lab.machine.events():
            if event.kind.name in ("SHUTDOWN", "GONE"):
                break
    await link.close()
