"""The unit of `labyard service`, booted in one of our own machines: systemd starts the server, restarts it, and leaves what it
began alone. Nested machines are beyond what an emulated machine's time allows here; their place takes a process of the unit's.
"""

from __future__ import annotations

import json
import time

import pytest
from tests.support import installed
from tests.support.lab import Lab

pytestmark = pytest.mark.vm

PATIENCE = 600.0

INSTALL = """
export PYTHONPATH=/opt/labyard
python3 -m labyard.cli service > /etc/systemd/system/labyard.service
mkdir -p /etc/systemd/system/labyard.service.d /etc/labyard
printf '[Service]\\nEnvironment=PYTHONPATH=/opt/labyard\\n' > /etc/systemd/system/labyard.service.d/here.conf
printf 'log_format = "json"\\nprepare = false\\nbot_at = "off"\\n' > /etc/labyard/labyard.toml
systemd-analyze verify labyard.service
systemctl daemon-reload
"""

STAND_IN = """
group=/sys/fs/cgroup/system.slice/labyard.service/cgroup.procs
sh -c 'echo $$ > "$1"; exec setsid sleep 100000' - $group </dev/null >/dev/null 2>&1 &
echo $!
"""


def test_systemd_starts_it_restarts_it_and_leaves_machines_alone(lab: Lab) -> None:
    play = lab.start("debian", "--cold")
    lab.cli("exec", play, "-u", "root", "--", "tar", "xzC", "/", stdin=installed.archive())
    as_root(lab, play, INSTALL)
    again(lab, play, "start")
    assert json.loads(as_root(lab, play, "curl -s http://127.0.0.1:8800/healthz")) == {"status": "ok"}
    first = main_process(lab, play)
    machine = as_root(lab, play, STAND_IN).strip()
    again(lab, play, "restart", before=first)
    as_root(lab, play, f"kill -0 {machine}; kill -9 {main_process(lab, play)}")
    restarted = "until curl -sf http://127.0.0.1:8800/healthz; do sleep 1; done; systemctl show labyard -p NRestarts"
    assert "NRestarts=1" in as_root(lab, play, restarted)
    as_root(lab, play, f"kill -0 {machine}; systemctl stop labyard; kill -0 {machine}")
    journal = as_root(lab, play, "journalctl -u labyard -o cat --no-pager")
    assert "`labyard signin-link` lets a browser in" in journal and "/signin?token=" not in journal
    shown = as_root(lab, play, "PYTHONPATH=/opt/labyard python3 -m labyard.cli config -o json | grep -c labyard.toml")
    assert shown.strip() == "3"


def as_root(lab: Lab, play: str, script: str) -> str:
    return lab.run(play, f"set -e\n{script}", user="root")


def again(lab: Lab, play: str, verb: str, *, before: str = "0") -> None:
    """`before`: the main process until then. Ready comes after a minute or two in an emulated machine."""
    as_root(lab, play, f"systemctl {verb} --no-block labyard")
    deadline = time.monotonic() + PATIENCE
    while True:
        state = as_root(lab, play, "systemctl is-active labyard || true").strip()
        if state == "active" and main_process(lab, play) != before:
            return
        assert state in ("active", "activating", "deactivating") and time.monotonic() < deadline, state
        time.sleep(1)


def main_process(lab: Lab, play: str) -> str:
    return as_root(lab, play, "systemctl show labyard -p MainPID --value").strip()
