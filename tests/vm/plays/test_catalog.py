"""The smallest playground of the catalog is what its manifest promises; `debian` is in a file of its own.

The others boot full systems, for minutes under emulation: `test_whole_catalog.py` has them, for `make soak`, bots start all.
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
