"""What one play's world will be: names, addresses, steps and rules, decided without touching anything.

A world looks the same in every instance of a playground: its bridges' MACs, taps and addresses depend on the playground
alone. Only two things differ, and no machine can see them: the name of the namespace and the uplink's two addresses.
"""

from __future__ import annotations

from hashlib import blake2s
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from labyard.errors import NetworkError
from labyard.network.rules import world_rules
from labyard.network.steps import (
    AddAddress,
    AddRoute,
    LoadRules,
    MakeBridge,
    MakeNamespace,
    MakeUplink,
    Side,
    Step,
    Sysctl,
    Up,
)
from labyard.play.plan import NetworkPlan, PlayPlan, Value

UPLINK = "uplink"  # its name inside every world
UPLINK_RANGE = IPv4Network("100.127.0.0/16")
MTU = 1500
MARK_LENGTH = 6
LONGEST_LINK_NAME = 15  # IFNAMSIZ without its closing zero, linux/if.h


class UplinkSlot(Value):
    """Two addresses of a /31 (RFC 3021), the host's first, and the name of the host's end."""

    link: str
    network: IPv4Network

    @property
    def host(self) -> IPv4Interface:
        return IPv4Interface((self.network[0], 31))

    @property
    def world(self) -> IPv4Interface:
        return IPv4Interface((self.network[1], 31))


class BridgePlan(Value):
    """`address` None: a private network, the world itself has no address there and leads nowhere."""

    name: str
    network: str
    mac: str
    subnet: IPv4Network
    address: IPv4Interface | None


class TapPlan(Value):
    """`eth<index>` of `machine`. Not a step: the tap lives as long as the descriptor that the machine holds."""

    name: str
    machine: str
    index: int
    bridge: str


class WorldPlan(Value):
    """`names`: what DNS answers by itself, every machine's addresses in the order of its interfaces."""

    name: str
    data_mark: str
    play_id: str
    bridges: tuple[BridgePlan, ...]
    taps: tuple[TapPlan, ...]
    uplink: UplinkSlot | None
    rules: str
    steps: tuple[Step, ...]
    names: dict[str, tuple[IPv4Address, ...]]

    @property
    def gateways(self) -> tuple[IPv4Interface, ...]:
        """Where the world itself has addresses: DNS answers there."""
        return tuple(bridge.address for bridge in self.bridges if bridge.address is not None)

    def tap(self, machine: str, index: int) -> TapPlan:
        """NetworkError when the machine has no such interface."""
        for tap in self.taps:
            if (tap.machine, tap.index) == (machine, index):
                return tap
        raise NetworkError(f"machine {machine!r} has no interface {index}")


def world_prefix(data_mark: str) -> str:
    """How the names of all namespaces of one data folder begin."""
    return f"labyard-{data_mark[:MARK_LENGTH]}-"


def world_name(data_mark: str, play_id: str) -> str:
    return world_prefix(data_mark) + play_id


def uplink_prefix(data_mark: str) -> str:
    """How the names of all host ends of one data folder begin."""
    return f"ly{data_mark[:MARK_LENGTH]}-"


def uplink_slot(data_mark: str, index: int, within: IPv4Network) -> UplinkSlot:
    """The `index`-th pair of addresses of a range; IndexError past its end."""
    if not 0 <= index < within.num_addresses // 2:
        raise IndexError(f"{within} has no pair of addresses {index}")
    return UplinkSlot(
        link=f"{uplink_prefix(data_mark)}{index:x}",
        network=IPv4Network((int(within.network_address) + 2 * index, 31)),
    )


def plan_world(*, data_mark: str, play_id: str, play: PlayPlan, uplink: UplinkSlot | None) -> WorldPlan:
    """Everything a world will be. `uplink` None: nothing of it reaches the outside, not even from public networks."""
    bridges = tuple(_bridge(place, network) for place, network in enumerate(play.networks))
    if uplink is not None and any(bridge.subnet.overlaps(uplink.network) for bridge in bridges):
        raise NetworkError(f"the uplink {uplink.network} lies within a network of the play")
    name = world_name(data_mark, play_id)
    doors = {bridge.name: bridge.address for bridge in bridges if bridge.address is not None}
    private = tuple(bridge.name for bridge in bridges if bridge.address is None)
    return WorldPlan(
        name=name,
        data_mark=data_mark,
        play_id=play_id,
        bridges=bridges,
        taps=_taps(play, {bridge.network: bridge.name for bridge in bridges}),
        uplink=uplink,
        rules=world_rules(doors=doors, private=private, uplink=UPLINK if uplink else None),
        steps=_steps(name, bridges, uplink),
        names=_names(play),
    )


def _bridge(place: int, network: NetworkPlan) -> BridgePlan:
    address = None if network.private else IPv4Interface((network.gateway, network.subnet.prefixlen))
    return BridgePlan(
        name=f"br{place}", network=network.name, mac=_mac(network.name), subnet=network.subnet, address=address
    )


def _mac(network: str) -> str:
    """Locally administered, and never one of the machines' 52:54:00."""
    tail = blake2s(network.encode(), digest_size=5).digest()
    return ":".join(f"{byte:02x}" for byte in b"\x0a" + tail)


def _taps(play: PlayPlan, bridges: dict[str, str]) -> tuple[TapPlan, ...]:
    return tuple(
        TapPlan(name=f"tap{place}-{index}", machine=machine.name, index=index, bridge=bridges[interface.network])
        for place, machine in enumerate(play.machines)
        for index, interface in enumerate(machine.interfaces)
    )


def _names(play: PlayPlan) -> dict[str, tuple[IPv4Address, ...]]:
    names: dict[str, list[IPv4Address]] = {}
    for machine in play.machines:
        for interface in machine.interfaces:
            for name in (machine.name, f"{machine.name}.{interface.network}"):
                names.setdefault(name.lower(), []).append(interface.address.ip)
    return {name: tuple(addresses) for name, addresses in names.items()}


def _steps(name: str, bridges: tuple[BridgePlan, ...], uplink: UplinkSlot | None) -> tuple[Step, ...]:
    """In an order in which nothing is ever open before it is closed: rules come before the first link is up."""
    steps: list[Step] = [MakeNamespace(name=name), *_SYSCTLS, LoadRules(), Up(link="lo")]
    if uplink is not None:
        steps.append(Sysctl(key="net.ipv4.ip_forward", value="1"))
    steps += _SYSCTLS_AFTER_FORWARDING
    for bridge in bridges:
        steps.append(MakeBridge(link=bridge.name, mac=bridge.mac, mtu=MTU))
        if bridge.address is not None:
            steps.append(AddAddress(link=bridge.name, address=bridge.address))
        steps.append(Up(link=bridge.name))
    if uplink is not None:
        steps += _uplink_steps(uplink)
    return tuple(steps)


def claim_steps(name: str, uplink: UplinkSlot) -> tuple[Step, ...]:
    """What holds an uplink's addresses, so that nobody else takes them. Also part of every world's steps."""
    return (MakeNamespace(name=name), *_claim_steps(uplink))


def _claim_steps(uplink: UplinkSlot) -> tuple[Step, ...]:
    return (
        MakeUplink(link=uplink.link, peer=UPLINK, mtu=MTU),
        AddAddress(link=uplink.link, address=uplink.host, side=Side.HOST),
    )


def _uplink_steps(uplink: UplinkSlot) -> tuple[Step, ...]:
    host = f"net.ipv4.conf.{uplink.link}"
    return (
        *_claim_steps(uplink),
        Sysctl(key=f"{host}.rp_filter", value="1", side=Side.HOST),
        Sysctl(key=f"{host}.send_redirects", value="0", side=Side.HOST),
        Sysctl(key=f"net.ipv6.conf.{uplink.link}.disable_ipv6", value="1", optional=True, side=Side.HOST),
        AddAddress(link=UPLINK, address=uplink.world),
        Up(link=UPLINK),
        Up(link=uplink.link, side=Side.HOST),
        AddRoute(via=uplink.host.ip),
    )


# br_netfilter, where Docker has loaded it, would push frames between machines through the world's own rules.
# Machines speak IPv6 among themselves; the world has none. Keys are missing where the kernel lacks the subject.
_SYSCTLS: tuple[Step, ...] = (
    Sysctl(key="net.ipv6.conf.all.disable_ipv6", value="1", optional=True),
    Sysctl(key="net.ipv6.conf.default.disable_ipv6", value="1", optional=True),
    Sysctl(key="net.bridge.bridge-nf-call-iptables", value="0", optional=True),
    Sysctl(key="net.bridge.bridge-nf-call-ip6tables", value="0", optional=True),
    Sysctl(key="net.bridge.bridge-nf-call-arptables", value="0", optional=True),
)
# Linux puts some of these back when forwarding is switched (Documentation/networking/ip-sysctl.rst): they come after.
# `default` is what links made later begin with; an effective value mixes `all` and the link's own.
_SYSCTLS_AFTER_FORWARDING: tuple[Step, ...] = tuple(
    Sysctl(key=f"net.ipv4.conf.{scope}.{key}", value=value)
    for scope in ("all", "default")
    for key, value in (
        ("rp_filter", "1"),
        ("arp_ignore", "1"),  # a gateway answers on its own network only
        ("arp_announce", "2"),
        ("accept_redirects", "0"),
        ("send_redirects", "0"),
        ("accept_source_route", "0"),
    )
)
