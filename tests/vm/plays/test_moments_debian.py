"""Forks of a full system: whose identity they have, and a program on a terminal that goes on after a stop."""

from __future__ import annotations

import pytest
from tests.support.lab import Lab
from tests.support.terminal import Terminal

pytestmark = pytest.mark.vm

IDENTITY = "cat /etc/machine-id /etc/ssh/ssh_host_*_key.pub"
SHOWN = "ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null | cut -d' ' -f2-"


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
