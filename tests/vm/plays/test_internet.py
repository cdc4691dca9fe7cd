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


def fetched(lab: Lab, play: str, machine: str, address: str, port: int = 80) -> str:
    """The last line of what answers there; empty when nothing does. (The small image's wget does not bear `-T`.)"""
    asked = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {address} {port} | tail -n 1"
    return lab.run(play, asked, machine=machine).strip()


def test_ways_out(online: Lab, tmp_path: Path) -> None:
    lab = online
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(MANIFEST)
    play = lab.start("-f", str(manifest))
    assert fetched(lab, play, "free", HOST) == f"hello from the internet to {BOX}", "masqueraded"
    assert HOST in lab.run(play, f"nslookup {NAME}", machine="free"), "names are passed on"
    assert "172.17.0.3" in lab.run(play, "nslookup shut 172.16.0.1", machine="free"), "and the play's own answered"
    lab.run(play, "! nslookup nobody.example", machine="free")

    for address in INSIDE:
        box = subprocess.run(
            ["curl", "-s", "-m", "5", f"http://{address}/"], check=True, capture_output=True, text=True
        )
        assert "hello" in box.stdout, "the box itself can, else this proves nothing"
    closed = [(address, 80) for address in INSIDE]
    closed += [(address, port) for address in (BOX, "172.16.0.1") for port in (8099, lab.port)]
    tries = "; ".join(
        f"nc -w 2 {address} {port} </dev/null && echo reached {address} {port}" for address, port in closed
    )
    assert "reached" not in lab.run(play, f"{tries}; true", machine="free")

    assert fetched(lab, play, "shut", HOST) == ""
    tries = "; ".join(f"nc -w 2 {address} 80 </dev/null && echo reached" for address in (HOST, BOX))
    way = "ip route add default via 172.17.0.1"
    assert "reached" not in lab.run(play, f"{way}; {tries}; true", machine="shut"), "not even with a route of its own"
    lab.run(play, f"! nslookup {NAME} 172.17.0.1", machine="shut")
