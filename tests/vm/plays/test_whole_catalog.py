"""The rest of the catalog, and the whole format beside systemd: minutes of booting full systems, in `make soak` alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.lab import Lab
from tests.vm.plays.test_manifest import look_at_whole
from tests.vm.plays.test_ports import fetched

pytestmark = pytest.mark.vm


def test_routing_lab(lab: Lab) -> None:
    play = lab.start("routing-lab", "--cold")
    addresses = lab.run(play, "ip -o -4 addr | awk '{print $2, $4}'", machine="web-01").split()
    assert addresses == ["lo", "127.0.0.1/8", "eth0", "10.0.1.2/24", "eth1", "10.0.2.2/24"]
    assert "default" not in lab.run(play, "ip route", machine="db-01")
    lab.run(play, "ping -c 1 -W 5 web-01", machine="db-01", user="root")
    lab.run(play, "ping -c 1 -W 5 db-01", machine="web-01", user="root")
    outside = "10.0.1.1 10.0.1.2 10.0.2.1 198.51.100.1 1.1.1.1"
    answer = f"for each in {outside}; do ping -c 1 -W 1 $each >/dev/null && echo $each; done; true"
    assert lab.run(play, answer, machine="db-01", user="root") == ""


def test_docker(lab: Lab) -> None:
    """Two containers of the shipped image talk; a published port answers, and one that is not, by its name for browsers."""
    play = lab.start("docker", "--cold")
    image = lab.run(play, "docker images --format '{{.Repository}}:{{.Tag}}' | head -n 1", user="root").strip()
    serve = "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 80 -h /www"
    lab.run(
        play,
        f"docker network create labs && docker run -d --name web --network labs -p 8080:80 {image} sh -c '{serve}'",
        user="root",
    )
    fetch = "for i in 1 2 3 4 5 6 7 8 9 10; do wget -qO- http://web/ && exit 0; sleep 1; done; exit 1"
    assert "hello" in lab.run(play, f"docker run --rm --network labs {image} sh -c '{fetch}'", user="root")
    assert "hello" in lab.run(play, "curl -s http://127.0.0.1:8080/", user="root")
    found = next(each for each in lab.json("expose", "scan", play) if each["number"] == 80)
    assert found["protocol"] == "HTTP" and found["where"].startswith("in a container, of httpd (process ")
    lab.api("POST", f"/api/plays/{play}/ports", {"machine": found["machine"], "number": 80, "access": "public"})
    assert fetched(lab, play, "/", port=80, machine=found["machine"]) == (200, b"hello\n")


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
