"""Every field of a manifest, seen from inside its machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.lab import Lab
from tests.support.terminal import Terminal, session

pytestmark = pytest.mark.vm

WHOLE = Path(__file__).with_name("whole.yaml")


def test_the_whole_format(lab: Lab, tmp_path: Path) -> None:
    """Where the examiner is the init; beside systemd it is in `test_whole_catalog.py`."""
    look_at_whole(lab, tmp_path, "busybox", size=1024, memory=256)


def look_at_whole(lab: Lab, tmp_path: Path, source: str, *, size: int, memory: int) -> None:
    text = WHOLE.read_text()
    for old, new in (
        ("source: busybox, mount: /, size: 1GIB", f"source: {source}, mount: /, size: {size}MIB"),
        ("ramSize: 256MiB", f"ramSize: {memory}MiB"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "whole.yaml").write_text(text)
    play = lab.start("-f", str(tmp_path / "whole.yaml"), "-i", "flavour=sour", "--cold")
    look_at_tasks(lab, play)
    look_at_networks(lab, play)
    look_at_drives(lab, play, size)
    look_at_files_and_users(lab, play, memory)
    look_at_welcome(lab, play)


def look_at_tasks(lab: Lab, play: str) -> None:
    tasks = {task["name"]: task["status"] for task in lab.json("playground", "tasks", play)}
    assert tasks == {"listen": 40, "speak": 40, "hear": 40, "sour": 40}, "the other flavour's task is not even listed"
    assert lab.run(play, "cat /flavour", machine="beta") == "sour\n"


def look_at_networks(lab: Lab, play: str) -> None:
    addresses = lab.run(play, "ip -o -4 addr | awk '{print $2, $4}'", machine="alpha").split()
    assert addresses == ["lo", "127.0.0.1/8", "eth0", "10.20.2.40/24", "eth1", "10.20.1.10/24"]
    assert "default via 10.20.1.254 dev eth1" in lab.run(play, "ip route", machine="alpha")
    assert "default" not in lab.run(play, "ip route", machine="beta")
    for name in ("beta", "beta.back", "10.20.2.2"):
        lab.run(play, f"ping -c 1 -W 5 {name}", machine="alpha", user="root")
    for name, address in (("alpha.front", "10.20.1.10"), ("alpha.back", "10.20.2.40")):
        assert lab.run(play, f"grep -w {name} /etc/hosts").split()[0] == address


def look_at_drives(lab: Lab, play: str, size: int) -> None:
    sizes = dict(
        line.split()
        for line in lab.run(
            play, "cd /sys/block; for d in vd*; do echo $d $(($(cat $d/size) / 2048)); done"
        ).splitlines()
    )
    assert list(sizes.values()) == [str(size), "64", "64", "64", "512", "256", "32", "48"]
    mounts = [line.split() for line in lab.run(play, "grep ^/dev/vd /proc/mounts").splitlines()]
    seen = {mount[1]: (mount[0], mount[2], mount[3].split(",")[0]) for mount in mounts}
    assert seen == {
        "/": ("/dev/vda", "ext4", "rw"),
        "/data/four": ("/dev/vdb", "ext4", "rw"),
        "/data/three": ("/dev/vdc", "ext3", "rw"),
        "/data/two": ("/dev/vdd", "ext2", "ro"),
        "/data/xfs": ("/dev/vde", "xfs", "rw"),
        "/data/btrfs": ("/dev/vdf", "btrfs", "rw"),
    }
    table = lab.run(play, "cat /etc/fstab")
    assert all(f" {place} " in table for place in seen if place != "/"), table
    assert int(lab.run(play, "df -m / | awk 'END { print $2 }'")) > size * 0.83, "the root file system fills its drive"
    for place in ("four", "three", "xfs", "btrfs"):
        lab.run(play, f"echo kept >/data/{place}/kept", user="root")
    lab.run(play, "! touch /data/two/no; ! dd if=/dev/zero of=/dev/vdd count=1 2>/dev/null", user="root")
    assert not lab.run(play, "blkid /dev/vdg || true", user="root").strip(), "a raw drive holds nothing"
    lab.run(play, "mkdir -p /mnt/h; mount /dev/vdh /mnt/h && umount /mnt/h", user="root")


def look_at_files_and_users(lab: Lab, play: str, memory: int) -> None:
    assert lab.run(play, "id -un").strip() == "learner"
    assert lab.run(play, "stat -c '%u:%g %a' /etc/deep/down/note; cat /etc/deep/down/note", user="root") == (
        "1234:5678 640\nwritten before boot\n"
    )
    assert lab.run(play, "stat -c '%u:%g %a' /etc/profile", user="root") == "0:0 644\n"
    profile = lab.run(play, "cat /etc/profile")
    before, added, _welcome = profile.partition("\nexport FROM_PROFILE=yes\n")
    assert "export PATH" in before and added, "what was there is kept, the rest is put behind it"
    assert lab.run(play, "cat ~/mine; stat -c %U ~/mine") == "mine\nlearner\n"
    assert lab.run(play, "nproc; uname -r").split()[0] == "2"
    assert lab.run(play, "uname -r").startswith("6.12.")
    assert lab.run(play, "uname -r; nproc", machine="beta").split()[1] == "1"
    assert lab.run(play, "uname -r", machine="beta").startswith("6.1.")
    total = int(lab.run(play, "awk '/MemTotal/ { print $2 }' /proc/meminfo"))
    assert 0.7 * memory < total >> 10 < memory
    machines = {machine["name"]: machine for machine in lab.api("GET", f"/api/plays/{play}")["machines"]}
    assert [machines[name].get("noSSH", False) for name in ("alpha", "beta")] == [False, True]


def look_at_welcome(lab: Lab, play: str) -> None:
    """Once, at the first login in a terminal; not for programs that are run. The default user's first shell waits already."""
    assert lab.run(play, "echo in", machine="alpha") == "in\n"
    for user, words in (("learner", "Hello, learner."), ("root", "Welcome to alpha.")):
        names = ("term-1" if user == "learner" else f"{user}-0", f"{user}-1")
        shown = [session(lab, play, "alpha", user, "echo $FROM_PROFILE-here; exit\n", name) for name in names]
        assert [words in each for each in shown] == [True, False], shown
        assert all("yes-here" in each for each in shown), "a login shell reads its profile"
    with Terminal(lab, play, "beta", "t", "root") as refused, pytest.raises(AssertionError, match="noSSH"):
        refused.until(None)
