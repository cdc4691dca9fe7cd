"""Playgrounds of the catalog start, and their machines are what their manifests promise; `debian` is in a file of its own.

They boot and are not kept for later starts: that takes as long again under emulation. The rest of the catalog is in
`test_whole_catalog.py`, for `make soak`.
"""

from __future__ import annotations

import pytest
from tests.support.lab import Lab

pytestmark = pytest.mark.vm


def test_tiny(lab: Lab) -> None:
    play = lab.start("tiny")
    assert "172.16.0.2/24" in lab.run(play, "ip -o -4 addr show dev eth0")
    assert "default via 172.16.0.1 dev eth0" in lab.run(play, "ip route")
    assert lab.run(play, "hostname").strip() == "tiny-01"
    assert lab.run(play, "id -un").strip() == "root"
    assert "busybox" in lab.run(play, "readlink -f /bin/sh").strip()


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
    """Two containers of the shipped image talk, and a published port answers."""
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
