"""An editor's questions to the smallest machine: it has neither ssh nor more than a busybox, and the kernel judges."""

from __future__ import annotations

import asyncio

import pytest
from tests.contract.files_contract import said
from tests.contract.told import ID, output, reached
from tests.support.box import Box, small_plan

from labyard.control.file_faults import DeniedError, NoSpaceError
from labyard.control.files import Files, Place
from labyard.errors import LabyardError
from labyard.play.files import ANY, NEW, Match, Wish
from labyard.play.status import PlayState
from labyard.play.streams import Channel, Exec

pytestmark = pytest.mark.vm

SETUP = """
mkdir -m 700 /secret && echo hidden > /secret/file
mkdir -p /tmp && mkdir -m 777 /tmp/small && mount -t tmpfs -o size=1m,mode=777 tmpfs /tmp/small
cat /dev/zero | head -c 900000 > /tmp/small/full; echo precious > /tmp/small/file; chmod 666 /tmp/small/file
cat /dev/zero > /tmp/small/rest 2>/dev/null
grep -q ^nobody: /etc/passwd || echo nobody:x:65534:65534::/:/bin/sh >> /etc/passwd
"""


async def shell(box: Box, machine: str, script: str) -> str:
    heard, result = await output(await box.host.open(ID, machine, Exec(argv=("sh", "-c", script), user="root")))
    assert result.exit_code == 0, heard
    return heard.get(Channel.STDOUT, b"").decode()


async def test_an_editor_of_the_smallest_machine(box: Box) -> None:
    plan = small_plan()
    machine = plan.machines[0].name
    desk = Files(box.host.open)
    root, nobody = Place(ID, machine, "root"), Place(ID, machine, "nobody")
    async with asyncio.timeout(240):
        await box.host.start(ID, plan)
        await reached(box.host, ID, PlayState.RUNNING)
        await shell(box, machine, SETUP)

        saved = await desk.write(root, "/etc/motd.new", NEW, 6, said(b"hello\n"))
        assert await shell(box, machine, "cat /etc/motd.new") == "hello\n"
        await shell(box, machine, "echo changed > /etc/motd.new")
        assert (await desk.stat(root, "/etc/motd.new")).version != saved.version
        found = [each async for each in desk.search(root, Wish(path="/etc", text="CHANGED"))]
        assert [each.path for each in found if isinstance(each, Match)] == ["/etc/motd.new"]

        async with desk.read(nobody, "/proc/self/status", 0, 1 << 20) as content:
            who = dict(line.split(b":", 1) for line in b"".join([each async for each in content.pieces]).splitlines())
        assert who[b"Uid"].split() == [b"65534"] * 4 and int(who[b"CapEff"], 16) == 0
        with pytest.raises(DeniedError):
            await desk.list(nobody, "/secret")
        with pytest.raises(DeniedError):
            await desk.write(nobody, "/etc/motd.new", ANY, 1, said(b"x"))
        with pytest.raises(DeniedError):
            await desk.remove(nobody, "/etc/motd.new")
        assert not [
            each async for each in desk.search(nobody, Wish(path="/secret", text="hidden")) if isinstance(each, Match)
        ]

        with pytest.raises(NoSpaceError):
            await desk.write(nobody, "/tmp/small/file", ANY, 500_000, said(bytes(500_000)))
        assert await shell(box, machine, "cat /tmp/small/file") == "precious\n"

        await box.host.machine(ID, machine, "reboot")
        while True:
            try:
                assert (await desk.list(root, "/secret")).total == 1
                break
            except LabyardError:  # it is off, not ready, or breaks off: all of that is on the way
                await asyncio.sleep(0.2)
    await desk.close()
