"""Distributions and what our needs are called there. Pure.

Names are those of each distribution's own package index (packages.debian.org, packages.fedoraproject.org,
archlinux.org/packages, software.opensuse.org, pkgs.alpinelinux.org).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    DEBIAN = "debian"
    FEDORA = "fedora"
    ARCH = "arch"
    SUSE = "suse"
    ALPINE = "alpine"
    UNKNOWN = "unknown"

    @property
    def install(self) -> str:
        """The line that installs, less the packages."""
        return _INSTALL[self]


_INSTALL = {
    Family.DEBIAN: "apt-get install --no-install-recommends",
    Family.FEDORA: "dnf install",
    Family.ARCH: "pacman -S --needed",
    Family.SUSE: "zypper install",
    Family.ALPINE: "apk add",
    Family.UNKNOWN: "",
}
_KIN = {
    "debian": Family.DEBIAN,
    "ubuntu": Family.DEBIAN,
    "fedora": Family.FEDORA,
    "rhel": Family.FEDORA,
    "centos": Family.FEDORA,
    "arch": Family.ARCH,
    "suse": Family.SUSE,
    "opensuse": Family.SUSE,
    "opensuse-leap": Family.SUSE,
    "opensuse-tumbleweed": Family.SUSE,
    "alpine": Family.ALPINE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A program. `packages`: by family, absent where there is none. `loss`: what fails without it, None: all."""

    program: str
    purpose: str
    packages: dict[Family, str]
    loss: str | None = None


def _everywhere(name: str, **other: str) -> dict[Family, str]:
    families: dict[Family, str] = {family: name for family in Family if family is not Family.UNKNOWN}
    return {**families, **{Family(family): package for family, package in other.items()}}


_RECIPES = "recipes cannot be built; OCI images can still be used"
NEEDS = (
    Need(
        program="qemu-system-x86_64",
        purpose="runs the machines",
        packages=_everywhere(
            "qemu-system-x86", fedora="qemu-system-x86-core", suse="qemu-x86", alpine="qemu-system-x86_64"
        ),
    ),
    Need(program="qemu-img", purpose="makes drives", packages=_everywhere("qemu-img", debian="qemu-utils")),
    Need(program="nft", purpose="firewall of plays", packages=_everywhere("nftables")),
    Need(program="ip", purpose="looks at worlds", packages=_everywhere("iproute2", fedora="iproute")),
    Need(program="mke2fs", purpose="formats ext2, ext3, ext4", packages=_everywhere("e2fsprogs")),
    Need(
        program="debugfs",
        purpose="puts kernel modules on disks",
        packages=_everywhere("e2fsprogs", alpine="e2fsprogs-extra"),
    ),
    Need(
        program="resize2fs",
        purpose="grows file systems",
        packages=_everywhere("e2fsprogs", alpine="e2fsprogs-extra"),
    ),
    Need(
        program="git",
        purpose="fetches repositories",
        packages=_everywhere("git"),
        loss="no starts from Git repositories",
    ),
    Need(program="depmod", purpose="sorts kernel modules", packages=_everywhere("kmod")),
    Need(program="mkfs.xfs", purpose="formats xfs", packages=_everywhere("xfsprogs"), loss="no xfs drives"),
    Need(
        program="mkfs.btrfs",
        purpose="formats btrfs",
        packages=_everywhere("btrfs-progs", suse="btrfsprogs"),
        loss="no btrfs drives",
    ),
    Need(program="dpkg-deb", purpose="unpacks kernels", packages=_everywhere("dpkg"), loss="only the kernel `host`"),
    Need(
        program="apt-get",
        purpose="fetches kernels and packages of recipes",
        packages={Family.DEBIAN: "apt", Family.FEDORA: "apt"},
        loss="only the kernel `host`, and no recipes; OCI images can still be used",
    ),
    Need(
        program="mmdebstrap",
        purpose="builds recipes",
        packages={Family.DEBIAN: "mmdebstrap", Family.FEDORA: "mmdebstrap"},
        loss=_RECIPES,
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    name: str
    family: Family


def read_distribution(os_release: str) -> Distribution:
    """From the text of /etc/os-release (os-release(5)): its own ID first, then those it says it is like."""
    fields = {}
    for line in os_release.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            fields[key.strip()] = _unquoted(value)
    kin = [fields.get("ID", ""), *fields.get("ID_LIKE", "").split()]
    family = next((_KIN[name] for name in kin if name in _KIN), Family.UNKNOWN)
    return Distribution(name=fields.get("PRETTY_NAME") or fields.get("ID") or "unknown Linux", family=family)


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value.strip()


def install_line(family: Family, needs: Iterable[Need]) -> str:
    """The exact line that installs them; for an unknown distribution a sentence."""
    wanted = list(needs)
    packages = list(dict.fromkeys(need.packages[family] for need in wanted if family in need.packages))
    if packages:
        return f"{family.install} {' '.join(packages)}"
    programs = ", ".join(need.program for need in wanted)
    if family is Family.UNKNOWN:
        return f"install what brings {programs}"
    return f"this distribution has no package of {programs}"


def requirements(family: Family) -> list[str]:
    """Every package that serving wants on such a box."""
    return list(dict.fromkeys(need.packages[family] for need in NEEDS if family in need.packages))
