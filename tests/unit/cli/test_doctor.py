"""`labyard doctor`: judged from facts, for every distribution; and the facts of this box."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labyard.cli.doctor.distribution import (
    NEEDS,
    Distribution,
    Family,
    install_line,
    read_distribution,
    requirements,
)
from labyard.cli.doctor.facts import look
from labyard.cli.doctor.judge import Facts, Level, judge
from labyard.cli.exits import UsageError
from labyard.cli.listen import parse_listen
from labyard.cli.up import missing

if TYPE_CHECKING:
    from .conftest import Cli

BY_PROGRAM = {need.program: need for need in NEEDS}
GOOD = Facts(
    distribution=Distribution(name="Debian GNU/Linux 12 (bookworm)", family=Family.DEBIAN),
    root=True,
    programs=frozenset(BY_PROGRAM),
    tun=True,
    kvm_device=True,
    accelerator="kvm",
    cgroup_v2=True,
    memory_free=8 << 30,
    disk_free=80 << 30,
    data="/var/lib/labyard",
    address="127.0.0.1:8800",
    address_free=True,
    server=False,
    network=(),
)


@pytest.mark.parametrize(
    ("text", "family", "name"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n', Family.DEBIAN, "Debian GNU/Linux 12 (bookworm)"),
        ("ID=ubuntu\nID_LIKE=debian\n", Family.DEBIAN, "ubuntu"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', Family.DEBIAN, "linuxmint"),
        ("NAME=Fedora\nID=fedora\n", Family.FEDORA, "fedora"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', Family.FEDORA, "rocky"),
        ("ID=arch\n", Family.ARCH, "arch"),
        ('ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', Family.SUSE, "opensuse-tumbleweed"),
        ("# comment\nID=alpine\n", Family.ALPINE, "alpine"),
        ("ID=plan9\n", Family.UNKNOWN, "plan9"),
        ("", Family.UNKNOWN, "unknown Linux"),
        ('ID="unbalanced\n', Family.UNKNOWN, '"unbalanced'),
    ],
)
def test_distributions_are_told_apart(text: str, family: Family, name: str) -> None:
    assert read_distribution(text) == Distribution(name=name, family=family)


@pytest.mark.parametrize(
    ("family", "line"),
    [
        (
            Family.DEBIAN,
            "apt-get install --no-install-recommends qemu-system-x86 qemu-utils nftables iproute2 btrfs-progs",
        ),
        (Family.FEDORA, "dnf install qemu-system-x86-core qemu-img nftables iproute btrfs-progs"),
        (Family.ARCH, "pacman -S --needed qemu-system-x86 qemu-img nftables iproute2 btrfs-progs"),
        (Family.SUSE, "zypper install qemu-x86 qemu-img nftables iproute2 btrfsprogs"),
        (Family.ALPINE, "apk add qemu-system-x86_64 qemu-img nftables iproute2 btrfs-progs"),
    ],
)
def test_the_line_that_mends(family: Family, line: str) -> None:
    programs = ("qemu-system-x86_64", "qemu-img", "nft", "ip", "mkfs.btrfs")
    assert install_line(family, [BY_PROGRAM[program] for program in programs]) == line


def test_where_there_is_no_package_it_is_said() -> None:
    assert "no package of mmdebstrap" in install_line(Family.ARCH, [BY_PROGRAM["mmdebstrap"]])
    assert "install what brings nft" in install_line(Family.UNKNOWN, [BY_PROGRAM["nft"]])


@pytest.mark.parametrize("family", [family for family in Family if family is not Family.UNKNOWN])
def test_whatever_serving_cannot_do_without_has_a_package_everywhere(family: Family) -> None:
    assert all(family in need.packages for need in NEEDS if need.loss is None)
    assert len(requirements(family)) == len(set(requirements(family)))


def test_a_good_box_has_nothing_to_mend() -> None:
    checks = judge(GOOD)
    assert {check.level for check in checks} == {Level.OK}
    assert not any(check.mend for check in checks)


@pytest.mark.parametrize(
    ("change", "name", "level", "says"),
    [
        ({"programs": GOOD.programs - {"nft"}}, "nft", Level.ERROR, "nftables"),
        ({"programs": GOOD.programs - {"mkfs.xfs"}}, "mkfs.xfs", Level.WARNING, "xfsprogs"),
        ({"programs": GOOD.programs - {"mmdebstrap"}}, "mmdebstrap", Level.WARNING, "OCI images"),
        ({"root": False}, "root", Level.WARNING, "sudo"),
        ({"tun": False}, "tun", Level.ERROR, "modprobe tun"),
        ({"accelerator": "tcg"}, "kvm", Level.WARNING, "emulated"),
        ({"accelerator": None, "kvm_device": False}, "kvm", Level.WARNING, "no /dev/kvm"),
        ({"accelerator": None}, "kvm", Level.OK, "proves"),
        ({"cgroup_v2": False}, "cgroup", Level.WARNING, "cgroup"),
        ({"memory_free": 1 << 30}, "memory", Level.WARNING, "2.0 GiB are advisable"),
        ({"disk_free": 1 << 30}, "disk", Level.WARNING, "/var/lib/labyard"),
        ({"address_free": False}, "port", Level.ERROR, "sport = :8800"),
        ({"address_free": False, "server": True}, "port", Level.OK, "already serves"),
        ({"network": (("a chain drops", "iptables -I X"),)}, "firewall", Level.WARNING, "iptables -I X"),
    ],
)
def test_each_lack_is_told_with_what_mends_it(change: dict[str, object], name: str, level: Level, says: str) -> None:
    found = [check for check in judge(replace(GOOD, **change)) if check.name == name]  # type: ignore[arg-type]
    assert [check.level for check in found] == [level]
    assert says in f"{found[0].message} {found[0].mend}"


def test_up_installs_only_what_lacks_and_only_on_debian() -> None:
    lacking = replace(GOOD, programs=GOOD.programs - {"mke2fs", "resize2fs", "qemu-img"})
    assert missing(GOOD) == []
    assert missing(lacking) == ["qemu-utils", "e2fsprogs"]
    assert missing(replace(lacking, distribution=Distribution(name="Arch", family=Family.ARCH))) == []


def test_this_box_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "accelerator.json").write_text('{"verdict": {"accelerator": "tcg", "note": "x"}}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        facts = look(tmp_path / "not" / "yet", "127.0.0.1", port)
        assert not facts.address_free
        assert not facts.server
    assert look(tmp_path, "127.0.0.1", port).accelerator == "tcg"
    assert facts.memory_free > 0
    assert facts.disk_free > 0


def test_a_running_server_is_known(cli: Cli) -> None:
    address = cli.environment["LABYARD_URL"].removeprefix("http://")
    checks = json.loads(cli("doctor", "-o", "json", "--listen", address).stdout)
    assert [check["level"] for check in checks if check["name"] == "port"] == ["ok"]
    assert set(checks[0]) == {"name", "level", "message", "mend"}


def test_plain_text_has_no_colours_off_a_terminal(cli: Cli) -> None:
    printed = cli("doctor").stdout
    assert b"qemu-img" in printed
    assert b"\x1b" not in printed


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:8800", ("127.0.0.1", 8800)),
        ("[::1]:80", ("::1", 80)),
        (":8080", ("127.0.0.1", 8080)),
        ("9000", ("127.0.0.1", 9000)),
    ],
)
def test_where_to_listen(text: str, place: tuple[str, int]) -> None:
    assert parse_listen(text) == place


@pytest.mark.parametrize("text", ["", "host:", "host:0", "host:65536", "host:http", "1.2.3.4:-1"])
def test_where_nobody_can_listen(text: str) -> None:
    with pytest.raises(UsageError):
        parse_listen(text)
