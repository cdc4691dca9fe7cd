"""What goes wrong says so, and leaves nothing behind."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.support.lab import Lab

pytestmark = pytest.mark.vm

MANIFEST = """\
kind: playground
name: bad
title: Something is wrong here
playground:
  networks:
    - name: local
      subnet: 172.16.0.0/24
  machines:
    - name: one
      users: [{name: root}]
      drives: [{source: SOURCE, mount: /}]
      network: {interfaces: [{network: local}]}
      resources: {cpuCount: 1, ramSize: MEMORY}
  initTasks:
    prepare:
      init: true
      machine: one
      timeout_seconds: 5
      run: |
        RUN
"""


def written(folder: Path, *, source: str = "busybox", memory: str = "128MiB", run: str = "true") -> str:
    path = folder / "manifest.yaml"
    path.write_text(MANIFEST.replace("SOURCE", source).replace("MEMORY", memory).replace("RUN", run))
    return str(path)


def refused(lab: Lab, path: str) -> str:
    """What the CLI says; no play may exist afterwards beyond its record."""
    done = lab.cli("playground", "start", "-f", path, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_a_manifest_with_mistakes_is_refused_with_all_of_them(lab: Lab, tmp_path: Path) -> None:
    path = Path(written(tmp_path))
    text = path.read_text().replace("mount: /}", "mount: /, colour: red}").replace("machine: one", "machine: two")
    path.write_text(text)
    said = refused(lab, str(path))
    assert "manifest.yaml:11:" in said
    assert "colour" in said
    assert "manifest.yaml:17:" in said
    assert "two" in said
    assert not lab.left()


def test_an_image_that_nobody_has(lab: Lab, tmp_path: Path) -> None:
    said = refused(lab, written(tmp_path, source="oci://127.0.0.1:1/nobody/has:this"))
    assert "127.0.0.1:1" in said
    left = lab.left()
    assert not left.processes
    assert not left.namespaces


def test_more_memory_than_the_box_can_ever_have(lab: Lab, tmp_path: Path) -> None:
    said = refused(lab, written(tmp_path, memory="4000GiB"))
    assert "memory" in said.lower()
    assert not lab.left()


TASKS = """\
    fails: {init: true, machine: one, timeout_seconds: 60, run: "echo because; echo why >&2; exit 3"}
    loops: {init: true, machine: one, timeout_seconds: 5, run: "while :; do :; done"}
    floods: {init: true, machine: one, timeout_seconds: 300, run: "dd if=/dev/zero bs=1M count=50 2>&-; echo end >&2; exit 4"}
"""


def test_init_tasks_that_fail_each_in_its_way(lab: Lab, tmp_path: Path) -> None:
    """The play says which task on which machine; its machines stay reachable until it is destroyed."""
    path = Path(written(tmp_path))
    text = path.read_text()
    path.write_text(text[: text.index("    prepare:")] + TASKS)
    said = refused(lab, str(path))
    assert "on one" in said
    play = lab.cli("playground", "list", "-q").stdout.split()[0]
    lab.until(play, "FAILED")
    tasks = {task["name"]: task for task in lab.json("playground", "tasks", play)}
    assert {task["status"] for task in tasks.values()} == {35}
    assert (tasks["fails"]["exitCode"], tasks["fails"]["stdout"], tasks["fails"]["stderr"]) == (3, "because", "why")
    assert (tasks["floods"]["exitCode"], tasks["floods"]["stderr"]) == (4, "end")
    assert 0 < len(tasks["floods"]["stdout"]) <= 128 << 10
    assert tasks["loops"]["exitCode"] == 137, "its time ran out: killed"
    assert lab.run(play, "echo reachable").strip() == "reachable"


def test_exec_of_what_is_not_there_or_off(lab: Lab) -> None:
    play = lab.start("tiny")
    for program, status in (("no-such-program", 127), ("/etc/passwd", 126)):
        assert lab.cli("exec", play, "--", program, check=False).returncode == status
    lab.cli("playground", "machine", "stop", play, "tiny-01")
    done = lab.cli("exec", play, "--", "true", check=False)
    assert done.returncode != 0
    assert "off" in done.stderr


def test_a_machine_that_never_boots(lab: Lab, tmp_path: Path) -> None:
    """An image without an init whose author insists on one: the examiner says why at once."""
    path = Path(written(tmp_path))
    path.write_text(path.read_text().replace("    - name: one\n", "    - name: one\n      init: image\n"))
    began = time.monotonic()
    said = refused(lab, str(path))
    assert "one" in said
    assert "init" in said
    assert time.monotonic() - began < 200, "it was told, not timed out"
    assert lab.json("playground", "list", "-a")[0]["status"]["stateEvents"][-1]["state"] == "FAILED"
