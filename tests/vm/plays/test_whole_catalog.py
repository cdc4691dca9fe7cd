"""The rest of the catalog, and the whole format beside systemd: minutes of booting full systems, in `make soak` alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.lab import Lab
from tests.vm.plays.test_manifest import look_at_whole

pytestmark = pytest.mark.vm


def test_mini_lan(lab: Lab) -> None:
    play = lab.start("mini-lan", "--cold")
    for number, name in enumerate(("node-01", "node-02", "node-03"), start=2):
        assert f"172.16.0.{number}/24" in lab.run(play, "ip -o -4 addr show eth0", machine=name)
    for name in ("node-02", "node-03", "node-02.local"):
        lab.run(play, f"ping -c 1 -W 5 {name}", machine="node-01", user="root")


def test_nat_gateway(lab: Lab) -> None:
    play = lab.start("nat-gateway", "--cold")
    tasks = lab.json("playground", "tasks", play)
    assert tasks, "it prepares itself by init tasks"
    assert {task["status"] for task in tasks} == {40}
    plan = {machine["name"] for machine in lab.json("playground", "machines", play)}
    inside = next(iter(plan - {"gateway-01"}))
    lab.run(play, "ping -c 1 -W 5 $(ip -4 route show default | awk '{print $3}')", machine=inside, user="root")
    assert "masquerade" in lab.run(play, "nft list ruleset", machine="gateway-01", user="root")


def test_storage_lab(lab: Lab) -> None:
    play = lab.start("storage-lab", "--cold")
    rows = lab.run(play, "lsblk -nbro NAME,FSTYPE,MOUNTPOINT", user="root").splitlines()
    kinds = {row.split()[1] for row in rows if len(row.split()) > 1}
    assert {"ext4", "xfs", "btrfs"} <= kinds
    assert any(len(row.split()) == 1 for row in rows), "a raw drive"
    mounted = [row.split()[2] for row in rows if len(row.split()) == 3]
    assert "/" in mounted
    assert len(mounted) >= 3
    for place in mounted:
        lab.run(play, f"touch {place}/proof && grep -q ' {place} ' /etc/fstab || test {place} = /", user="root")


def test_kernels(lab: Lab) -> None:
    play = lab.start("kernels", "--cold")
    machines = [machine["name"] for machine in lab.json("playground", "machines", play)]
    releases = [lab.run(play, "uname -r; test -d /lib/modules/$(uname -r)", machine=name).strip() for name in machines]
    assert [".".join(release.split(".")[:2]) for release in releases] == ["6.1", "6.12"]


def test_a_docker_fork_knows_nothing_of_others(lab: Lab) -> None:
    play = lab.start("docker")
    image = lab.run(play, "docker images --format '{{.Repository}}:{{.Tag}}' | head -n 1", user="root").strip()
    lab.run(play, f"docker run -d --name mine {image} sleep 600", user="root")
    other = lab.start("docker")
    assert lab.run(other, "docker ps -q", user="root") == ""


def test_the_whole_format_beside_systemd(lab: Lab, tmp_path: Path) -> None:
    """`beta` stays small, to save minutes."""
    look_at_whole(lab, tmp_path, "debian-12", size=2048, memory=512)
