"""Bots on real machines: a playground is proven, also by a server that is killed and started again meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.lab import Lab

from labyard.bots.chunks import parse
from labyard.bots.evidence import Evidence
from labyard.bots.lab import Standing
from labyard.bots.limits import Limits
from labyard.bots.solving import Solver
from labyard.bots.watch import watching
from labyard.cli.client import opened
from labyard.cli.lab import HttpLab
from labyard.cli.target import from_environment

pytestmark = pytest.mark.vm


def test_a_playground_is_proven_while_its_server_is_killed(lab: Lab, tmp_path: Path) -> None:
    report = tmp_path / "report"
    command = [sys.executable, "-m", "labyard.cli", "bot", "run", "tiny", "--parallel", "1", "--report", str(report)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=lab.environ()
    ) as bots:
        try:
            while not lab.cli("playground", "list", "-q").stdout:
                time.sleep(0.2)
            lab.end_server(signal.SIGKILL)
            lab.start_server()
            stdout, stderr = bots.communicate(timeout=400)
        finally:
            bots.kill()
    assert bots.returncode == 0, stdout + stderr + lab.evidence()
    assert [line.split()[:4] for line in stdout.splitlines()[1:]] == [
        ["playground", "tiny", "cold", "passed"],
        ["playground", "tiny", "warm", "passed"],
    ]
    kept = report / "playground" / "tiny" / "cold-1"
    assert (kept / "console-tiny-01.txt").is_file()
    events = json.loads((kept / "diary.json").read_text())["play"]["status"]["stateEvents"]
    assert [event["state"] for event in events][-1] == "RUNNING"
    assert lab.cli("playground", "list", "-q").stdout == ""


SOLUTION = """echo kept >/kept
sync
(sleep 600; true) &
# session: root@tiny-01
reboot
# session: tiny-01 retry=1
test "$(cat /kept)" = kept
test "$(cut -d. -f1 /proc/uptime)" -lt 120
"""


async def test_chunks_run_in_machines_that_reboot_and_keep_what_runs_behind(lab: Lab, tmp_path: Path) -> None:
    async with opened(from_environment(lab.environ())) as api:
        http = HttpLab(api)
        play = await http.start("playground", "tiny", cold=False, title="")
        evidence = Evidence(tmp_path)
        async with watching(http, play, evidence, look_every=0.5, note_every=15) as watch:
            await watch.until(lambda seen: seen if seen.play.standing is Standing.READY else None)
            solver = Solver(http, play, watch, Limits(), evidence, print)
            assert await solver.solve(parse(SOLUTION, file="x")) == ""
            failed = await solver.solve(parse("echo first\n(exit 3)\necho never\n", file="x"))
            assert failed.startswith("chunk 1 (line 1) ended with exit status 3")
            assert b"never" not in (tmp_path / "chunk-01.log").read_bytes()
            hangs = Solver(http, play, watch, Limits(work=5), evidence, print)
            assert await hangs.solve(parse("sleep 60\n", file="x")) == "chunk 1 (line 1) did not end in time"
