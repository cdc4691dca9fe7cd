"""From facts about a box to what is wrong with it and the line that mends it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from labyard.cli.doctor.distribution import NEEDS, Distribution, install_line
from labyard.cli.stock import show_size

_LEAST_MEMORY = 2 << 30  # bytes: one machine with an init, and the server
_LEAST_DISK = 10 << 30  # bytes: the shipped images and a few plays


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What was seen. Sizes in bytes. `accelerator`: what the probe boot said (None before the first),
    and its sentence on why. `network`: (what
    keeps plays from the outside, the line that mends it). `server`: whether ours already listens at the address."""

    distribution: Distribution
    root: bool
    programs: frozenset[str]
    tun: bool
    kvm_device: bool
    accelerator: str | None
    accelerator_note: str = ""
    cgroup_v2: bool
    memory_free: int
    disk_free: int
    data: str
    address: str
    address_free: bool
    server: bool
    network: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """`mend`: the line to type, empty where nothing is to be done."""

    name: str
    level: Level
    message: str
    mend: str = ""


def judge(facts: Facts) -> tuple[Check, ...]:
    """Every check, good ones too, in the order a person would look."""
    return (*_rights(facts), *_programs(facts), *_kernel(facts), *_room(facts), *_network(facts))


def _rights(facts: Facts) -> Iterator[Check]:
    if facts.root:
        yield Check(name="root", level=Level.OK, message="root, as serving needs")
    else:
        yield Check(
            name="root", level=Level.WARNING, message="you are not root; only serving needs it", mend="sudo labyard up"
        )


def _programs(facts: Facts) -> Iterator[Check]:
    for need in NEEDS:
        if need.program in facts.programs:
            yield Check(name=need.program, level=Level.OK, message=need.purpose)
            continue
        level = Level.ERROR if need.loss is None else Level.WARNING
        message = f"missing: {need.purpose}" + (f"; without it: {need.loss}" if need.loss else "")
        yield Check(
            name=need.program, level=level, message=message, mend=install_line(facts.distribution.family, [need])
        )


def _kernel(facts: Facts) -> Iterator[Check]:
    if facts.tun:
        yield Check(name="tun", level=Level.OK, message="/dev/net/tun is there")
    else:
        yield Check(name="tun", level=Level.ERROR, message="there is no /dev/net/tun", mend="modprobe tun")
    yield _accelerator(facts)
    if facts.cgroup_v2:
        yield Check(name="cgroup", level=Level.OK, message="cgroup v2 limits CPU, memory and processes of machines")
    else:
        yield Check(
            name="cgroup",
            level=Level.WARNING,
            message="no cgroup v2 with cpu, memory and pids: machines are limited by their jail alone, each resource by itself",
            mend="boot with systemd.unified_cgroup_hierarchy=1",
        )


def _accelerator(facts: Facts) -> Check:
    if facts.accelerator == "kvm":
        return Check(name="kvm", level=Level.OK, message="a kernel was seen to boot with KVM")
    if facts.accelerator is not None:
        message = (
            facts.accelerator_note or "a kernel did not boot with KVM here: machines are emulated, several times slower"
        )
        return Check(name="kvm", level=Level.WARNING, message=message)
    if facts.kvm_device:
        return Check(name="kvm", level=Level.OK, message="/dev/kvm is there; the first start proves whether it works")
    return Check(
        name="kvm",
        level=Level.WARNING,
        message="there is no /dev/kvm: machines are emulated, several times slower",
        mend="switch on virtualization in the firmware, then: modprobe kvm_intel || modprobe kvm_amd",
    )


def _room(facts: Facts) -> Iterator[Check]:
    for name, free, least, where in (
        ("memory", facts.memory_free, _LEAST_MEMORY, "of memory"),
        ("disk", facts.disk_free, _LEAST_DISK, f"for {facts.data}"),
    ):
        enough = free >= least
        message = f"{show_size(free)} {where} free" + ("" if enough else f"; {show_size(least)} are advisable")
        yield Check(name=name, level=Level.OK if enough else Level.WARNING, message=message)


def _network(facts: Facts) -> Iterator[Check]:
    if facts.server:
        yield Check(name="port", level=Level.OK, message=f"Labyard already serves at {facts.address}")
    elif facts.address_free:
        yield Check(name="port", level=Level.OK, message=f"{facts.address} is free")
    else:
        port = facts.address.rpartition(":")[2]
        yield Check(
            name="port",
            level=Level.ERROR,
            message=f"something else listens at {facts.address}",
            mend=f"ss -tlnp 'sport = :{port}'  # or serve elsewhere: labyard up --listen 127.0.0.1:8801",
        )
    if not facts.network:
        yield Check(name="firewall", level=Level.OK, message="nothing keeps plays from the outside")
    for message, mend in facts.network:
        yield Check(name="firewall", level=Level.WARNING, message=message, mend=mend)
