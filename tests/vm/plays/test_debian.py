"""A full system, the catalog's `debian`: what its manifest promises, whose identity its forks have, a program on a terminal
that goes on after a stop, and our limits in a kernel that has them. One file, so that one snapshot serves all.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.lab import Lab
from tests.support.terminal import Terminal

from labyard.machine.cgroup_plan import CONTROLLERS, group_of, steps
from labyard.machine.plan import MIB, Accelerator, Limits, MachineSpec

pytestmark = pytest.mark.vm

TOOLS = (
    "ip ping tcpdump nft iptables dig curl jq tmux vim less parted lvm mdadm mkfs.xfs mkfs.btrfs strace traceroute nc"
)

IDENTITY = "cat /etc/machine-id /etc/ssh/ssh_host_*_key.pub"
SHOWN = "ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | cut -d' ' -f2-"


def test_debian(lab: Lab) -> None:
    play = lab.start("debian")
    assert lab.run(play, "id -un; id -u").split() == ["laborant", "1001"]
    assert lab.run(play, "sudo -n id -un").strip() == "root"
    assert lab.run(play, "cat /proc/1/comm", user="root").strip() == "systemd"
    assert lab.run(play, "systemctl is-active ssh").strip() == "active"
    assert lab.run(play, "lsblk -dno NAME").split() == ["vda"], "the author's drives and nothing puzzling"
    missing = f"PATH=$PATH:/sbin:/usr/sbin; for tool in {TOOLS}; do command -v $tool >/dev/null || echo $tool; done"
    assert lab.run(play, missing) == ""
    lab.run(play, "test -d /lib/modules/$(uname -r) && sudo modprobe overlay")
    assert "not-found" not in lab.run(play, "systemctl --user is-system-running || true")


def test_forks_agree_and_an_editor_goes_on(lab: Lab) -> None:
    """Of the catalog's `debian`: what its snapshot made is the playground's, made when that was made."""
    play, other = lab.start("debian"), lab.start("debian")
    assert lab.run(play, IDENTITY) == lab.run(other, IDENTITY)
    with Terminal(lab, play, "debian-01", "mine", "laborant") as terminal:
        terminal.type("vim notes\r")
        terminal.until("notes")
        terminal.type("ibefore")
        terminal.until("before")
    lab.cli("playground", "stop", play)
    lab.until(play, "STOPPED")
    lab.cli("playground", "restart", play)
    lab.cli("playground", "wait", play)
    with Terminal(lab, play, "debian-01", "mine", "laborant") as terminal:
        terminal.until("before")
        terminal.type(" and after\x1b")
        terminal.until("and after")
        terminal.type(":wq\r")
        terminal.until("written")
    assert lab.run(play, "cat ~/notes") == "before and after\n"


def test_a_fresh_identity_is_every_plays_own(lab: Lab) -> None:
    plays = [lab.api("POST", "/api/plays", {"manifest": FRESH})["id"] for _ in range(2)]
    for play in plays:
        lab.cli("playground", "wait", play)
    seen = [lab.run(play, IDENTITY, user="root").splitlines() for play in plays]
    assert len(seen[0]) == len(seen[1]) > 1
    assert not set(seen[0]) & set(seen[1]), "neither the machine's id nor any key"
    for play, lines in zip(plays, seen, strict=True):
        shown = lab.run(play, SHOWN, user="root").strip()
        assert shown and any(line.startswith(shown) for line in lines), "sshd shows the key that lies on its disk"


FRESH = """\
kind: playground
name: fresh
title: Its own
playground:
  networks:
    - name: local
      subnet: 172.16.0.0/24
  machines:
    - name: own-01
      identity: fresh
      users: [{name: root}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{network: local}]}
"""


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
