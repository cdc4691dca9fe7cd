"""Servers end, are killed, come back: plays live on, and nothing is lost or left."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from tests.support.lab import Lab

pytestmark = pytest.mark.vm


def test_a_killed_server_finds_its_plays_again(lab: Lab) -> None:
    play = lab.start("tiny")
    lab.run(play, "echo kept >/tmp/kept; (while :; do echo tick >>/tmp/ticks; sleep 1; done) >/dev/null 2>&1 &")
    boot = lab.run(play, "cat /proc/sys/kernel/random/boot_id")
    lab.end_server(signal.SIGKILL)
    lab.start_server()
    assert lab.run(play, "cat /tmp/kept; cat /proc/sys/kernel/random/boot_id") == f"kept\n{boot}"
    assert lab.json("playground", "status", play)["status"]["stateEvents"][-1]["state"] == "RUNNING"


def test_a_server_killed_during_a_start_finishes_it(lab: Lab) -> None:
    play = lab.api("POST", "/api/plays", {"manifest": SLOW})["id"]
    while not any(task["status"] == 30 for task in lab.json("playground", "tasks", play)):
        time.sleep(0.1)
    lab.end_server(signal.SIGKILL)
    lab.start_server()
    lab.cli("playground", "wait", play)
    tasks = {task["name"]: task for task in lab.json("playground", "tasks", play)}
    assert {task["status"] for task in tasks.values()} == {40}
    assert lab.run(play, "cat /order") == "first\nsecond\n", "each ran once, in order"


def test_a_machine_that_is_killed_is_seen_and_can_be_started_again(lab: Lab) -> None:
    play = lab.start("tiny")
    lab.run(play, "echo kept >/kept; sync")
    pid = next(int(line.split()[0]) for line in lab.left().processes)
    os.kill(pid, signal.SIGKILL)
    lab.cli("playground", "machine", "restart", play, "tiny-01")
    lab.cli("playground", "wait", play)
    assert lab.run(play, "cat /kept").strip() == "kept"


def test_stop_keeps_the_disks_and_restart_boots_them(lab: Lab) -> None:
    play = lab.start("tiny")
    lab.run(play, "echo kept >/kept; sync")
    lab.cli("playground", "stop", play)
    left = lab.left()
    assert not left.processes
    assert not left.namespaces
    assert not left.links
    refused = lab.cli("exec", play, "--", "true", check=False)
    assert refused.returncode != 0
    assert "STOPPED" in refused.stderr
    assert "restart" in refused.stderr
    lab.cli("playground", "restart", play)
    assert lab.run(play, "cat /kept").strip() == "kept"


def test_reboot_from_inside_keeps_the_play_and_runs_no_task_again(lab: Lab, tmp_path: Path) -> None:
    manifest = tmp_path / "slow.yaml"
    manifest.write_text(SLOW)
    play = lab.start("-f", str(manifest))
    before = lab.run(play, "cat /proc/sys/kernel/random/boot_id")
    lab.cli("playground", "machine", "reboot", play, "slow-01")
    lab.cli("playground", "wait", play)
    assert lab.run(play, "cat /proc/sys/kernel/random/boot_id") != before
    assert lab.run(play, "cat /order") == "first\nsecond\n"
    assert "slow-01" in lab.run(play, "hostname")


SLOW = """\
kind: playground
name: slow
title: Slow to prepare
playground:
  networks:
    - name: local
      subnet: 172.16.0.0/24
  machines:
    - name: slow-01
      users: [{name: root}]
      drives: [{source: busybox, mount: /}]
      network: {interfaces: [{network: local}]}
  initTasks:
    first:
      init: true
      machine: slow-01
      run: |
        sleep 5
        echo first >>/order
    second:
      init: true
      machine: slow-01
      needs: [first]
      run: echo second >>/order
"""
