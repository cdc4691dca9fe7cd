"""What plays reach of the world outside, and what they must not."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.internet import BOX, HOST, INSIDE, NAME, internet
from tests.support.lab import Lab, serving

pytestmark = pytest.mark.vm

MANIFEST = """\
kind: playground
name: outside
title: Somewhere to go
playground:
  networks:
    - {name: open, subnet: 172.16.0.0/24}
    - {name: closed, subnet: 172.17.0.0/24, private: true}
  machines:
    - name: free
      users: [{name: root}]
      drives: [{source: busybox, mount: /}]
      network: {interfaces: [{network: closed}, {network: open}]}
      resources: {cpuCount: 1, ramSize: 128MiB}
    - name: shut
      users: [{name: root}]
      drives: [{source: busybox, mount: /}]
      network: {interfaces: [{network: closed}]}
      resources: {cpuCount: 1, ramSize: 128MiB}
"""


@pytest.fixture
def online(own_box: None, folder: Path) -> Iterator[Lab]:
    with internet(folder) as resolv, serving(folder / "online", {"LABYARD_RESOLV_CONF": str(resolv)}) as lab:
        yield lab
        lab.destroy_all()
        assert not lab.left(), lab.left()


def fetched(lab: Lab, play: str, machine: str, url: str) -> str:
    return lab.run(play, f"wget -T 3 -qO- {url} || echo unreachable", machine=machine)


def test_ways_out(online: Lab, tmp_path: Path) -> None:
    lab = online
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(MANIFEST)
    play = lab.start("-f", str(manifest))
    assert fetched(lab, play, "free", f"http://{HOST}/") == f"hello from the internet to {BOX}\n", "masqueraded"
    assert fetched(lab, play, "free", f"http://{NAME}/") == f"hello from the internet to {BOX}\n", "names are passed on"
    assert "172.17.0.3" in lab.run(play, "nslookup shut 172.16.0.1 || true", machine="free"), (
        "and the play's own answered"
    )
    lab.run(play, "! nslookup nobody.example", machine="free")

    for address in INSIDE:
        box = subprocess.run(
            ["curl", "-s", "-m", "5", f"http://{address}/"], check=True, capture_output=True, text=True
        )
        assert "hello" in box.stdout, "the box itself can, else this proves nothing"
    closed = [f"http://{address}/" for address in INSIDE]
    closed += [
        f"http://{BOX}:8099/",
        "http://172.16.0.1:8099/",
        f"http://{BOX}:{lab.port}/",
        f"http://172.16.0.1:{lab.port}/",
    ]
    tries = "; ".join(f"wget -T 2 -qO- {url} && echo reached {url}" for url in closed)
    assert "reached" not in lab.run(play, f"{tries}; true", machine="free")

    assert fetched(lab, play, "shut", f"http://{HOST}/") == "unreachable\n"
    tries = "; ".join(f"wget -T 2 -qO- {url} && echo reached {url}" for url in (f"http://{HOST}/", closed[-1]))
    way = "ip route add default via 172.17.0.1"
    assert "reached" not in lab.run(play, f"{way}; {tries}; true", machine="shut"), "not even with a route of its own"
    lab.run(play, "! nslookup somewhere.example 172.17.0.1", machine="shut")
