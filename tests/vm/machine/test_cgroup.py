"""A jailed process in a real group of cgroup v2, whether or not this box offers controllers there."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from labyard.machine import cgroup
from labyard.machine.cgroup_plan import group_of
from labyard.machine.jail import Jail
from labyard.machine.jail_root import jail_root
from labyard.machine.plan import MIB, Accelerator, Limits, MachineSpec
from labyard.machine.process import Process

pytestmark = pytest.mark.root


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "cgroup"
    place.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


async def test_a_machine_joins_its_group_and_takes_it_along(tmp_path: Path, root: Path) -> None:
    spec = MachineSpec(
        mark=secrets.token_hex(6),
        play="p1",
        name="node-01",
        accelerator=Accelerator.TCG,
        cpus=1,
        memory=64 * MIB,
        kernel=tmp_path / "kernel",
        initrd=tmp_path / "initrd",
        run_dir=tmp_path,
        uid=519_992,
        limits=Limits(file_size=MIB, cpus=1),
    )
    group = cgroup.make(spec, root)
    if group is None:  # no controllers here: the group alone
        group = group_of(root, spec)
        group.mkdir(parents=True)
    its_root = jail_root(kvm=False)
    jail = Jail(uid=spec.uid, limits=spec.limits, address_space=1024 * MIB, root=its_root, cgroup=group)
    process = Process.start(jail.command(("/usr/bin/sleep", "600")), {}, tmp_path / "log")
    try:
        async with asyncio.timeout(60):
            while str(process.pid) not in (group / "cgroup.procs").read_text().split():
                assert process.alive, (tmp_path / "log").read_text()
                await asyncio.sleep(0.01)
        await cgroup.remove(spec, root)
        assert group.is_dir(), "not while something runs in it"
    finally:
        await process.kill()
    await cgroup.remove(spec, root)
    assert not list(root.glob(f"labyard-{spec.mark}*"))
