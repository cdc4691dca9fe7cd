"""Init tasks: run once, joined, bounded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.unit.link.talk import LIMIT

from labyard.machine.link import GuestLink, RefusedError


async def test_result(link: GuestLink) -> None:
    result = await link.call("task", name="one", run="echo out; echo err >&2; exit 3", env={"A": "x"})
    assert result.pop("duration_ms") >= 0
    assert result == {"exit_code": 3, "stdout": "out", "stderr": "err", "cut": False, "timed_out": False}


async def test_only_the_last_newline_is_trimmed(link: GuestLink) -> None:
    assert (await link.call("task", name="one", run="printf ' a\\n\\n'"))["stdout"] == " a\n"


async def test_asked_again_it_does_not_run_again(link: GuestLink, tmp_path: Path) -> None:
    run = f"echo x >> {tmp_path}/runs; echo $A"
    first, joined = await asyncio.gather(*(link.call("task", name="one", run=run, env={"A": "1"}) for _ in range(2)))
    later = await link.call("task", name="one", run="exit 9")
    assert first == joined == later
    assert (tmp_path / "runs").read_text() == "x\n"


async def test_it_goes_on_without_its_host(guest: Path, tmp_path: Path) -> None:
    first = await GuestLink.connect(guest, timeout=LIMIT)
    run = f"echo x >> {tmp_path}/runs; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; echo done"
    asked = asyncio.create_task(first.call("task", name="one", run=run))
    async with asyncio.timeout(LIMIT):
        while not (tmp_path / "runs").exists():  # noqa: ASYNC110 - nothing announces a file
            await asyncio.sleep(0.01)
    await first.close()
    with pytest.raises(Exception, match="gone"):
        await asked
    second = await GuestLink.connect(guest, timeout=LIMIT)
    again = asyncio.create_task(second.call("task", name="one", run=run))
    await second.call("ping")
    (tmp_path / "go").touch()
    assert (await again)["stdout"] == "done"
    assert (tmp_path / "runs").read_text() == "x\n"
    await second.close()


async def test_a_loop_for_ever_ends_with_its_time(link: GuestLink) -> None:
    result = await link.call("task", name="loop", run="echo begun; while :; do :; done", timeout=0.5)
    assert (result["timed_out"], result["exit_code"], result["stdout"]) == (True, 137, "begun")


async def test_a_gigabyte_leaves_its_last_bytes(link: GuestLink) -> None:
    result = await link.call("task", name="much", run="head -c 100000000 /dev/zero | tr '\\0' y; echo; echo last")
    assert result["cut"] is True
    assert len(result["stdout"]) <= 64 << 10
    assert result["stdout"].endswith("y\nlast")


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 300])
async def test_names(link: GuestLink, name: str) -> None:
    with pytest.raises(RefusedError, match="name"):
        await link.call("task", name=name, run="true")


async def test_a_long_script(link: GuestLink) -> None:
    assert (await link.call("task", name="long", run="# " + "x" * 200_000 + "\necho end"))["stdout"] == "end"


async def test_no_such_user_may_be_tried_again(link: GuestLink) -> None:
    for _ in range(2):
        with pytest.raises(RefusedError, match="no user"):
            await link.call("task", name="one", run="true", user="no-such-user")
    assert (await link.call("task", name="one", run="echo ran"))["stdout"] == "ran"
