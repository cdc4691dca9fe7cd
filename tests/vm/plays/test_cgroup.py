"""Our limits in a kernel that has them: a Debian machine, its systemd, and the very steps that a server takes on its box."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.lab import Lab

from labyard.machine.cgroup_plan import CONTROLLERS, group_of, steps
from labyard.machine.plan import MIB, Accelerator, Limits, MachineSpec

pytestmark = pytest.mark.vm

ROOT = Path("/sys/fs/cgroup")
SPEC = MachineSpec(
    mark="cafe01",
    play="p1",
    name="node-01",
    accelerator=Accelerator.TCG,
    cpus=1,
    memory=16 * MIB,
    kernel=Path("/k"),
    initrd=Path("/i"),
    run_dir=Path("/r"),
    uid=510_000,
    limits=Limits(file_size=MIB, memory=32 * MIB, processes=10, cpus=0.25),
)
GROUP = group_of(ROOT, SPEC)
JOIN = f"echo 0 >{GROUP}/cgroup.procs"  # as the jail does


def test_the_kernel_takes_the_limits_and_keeps_them(lab: Lab) -> None:
    play = lab.start("debian")

    def root(*script: str) -> str:
        return lab.run(play, "\n".join(("set -e", *script)), user="root")

    assert set(CONTROLLERS) <= set(root(f"cat {ROOT}/cgroup.controllers").split())
    root(
        *(
            f"mkdir -p {step.path.parent}; printf %s '{step.text}' >{step.path}"
            for step in steps(ROOT, SPEC, CONTROLLERS)
        )
    )

    hungry = "b'x' * (100 << 20)"
    said = root(
        f'({JOIN}; exec python3 -c "{hungry}") || echo $?',
        f"cat {GROUP}/memory.events",
        f"({JOIN}; timeout 2 sh -c 'while :; do :; done') || test $? = 124",
        f"cat {GROUP}/cpu.stat",
        f"! ({JOIN}; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 & done) 2>/dev/null",
        f"cat {GROUP}/pids.events",
    ).splitlines()
    assert said[0] == "137"
    assert "oom_group_kill 1" in said
    assert "nr_throttled 0" not in said
    assert "max 0" not in said[-2:]

    kept = root(
        "systemctl daemon-reload",
        f"cat {GROUP}/memory.max",
        f"until rmdir {GROUP} 2>/dev/null; do sleep 0.2; done",
        f"rmdir {GROUP.parent}",
    )
    assert kept.strip() == str(48 * MIB), "systemd leaves it alone"
