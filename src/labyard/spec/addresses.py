"""Which address and MAC every interface gets. Pure, and the same in every play of a playground.

First the author's own wishes, then each network's gateway (the first address nobody asked for), then everybody else
in the order of the list. So by default the gateway is `.1` and the first machine `.2`, on private networks too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from labyard.play.plan import InterfacePlan, NetworkPlan
from labyard.spec.document import Loc
from labyard.spec.findings import Finding, nearest
from labyard.spec.model import Interface, Machine, Network

_NETWORKS: Loc = ("playground", "networks")
_MACHINES: Loc = ("playground", "machines")


def mac_address(network: int, machine: int, interface: int) -> str:
    """From places in the manifest's lists: locally administered, under the prefix QEMU uses."""
    return f"52:54:00:{network:02x}:{machine:02x}:{interface:02x}"


@dataclass(frozen=True, slots=True)
class Allocation:
    """`interfaces` by places of machine and interface; without those that could not be had, which `findings` tells."""

    networks: tuple[NetworkPlan, ...]
    interfaces: Mapping[tuple[int, int], InterfacePlan]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Segment:
    """One network being filled; `taken` tells by whom."""

    index: int
    network: Network
    subnet: IPv4Network
    taken: dict[IPv4Address, str] = field(default_factory=dict)
    cursor: int = 1

    def free(self) -> IPv4Address | None:
        while self.cursor < self.subnet.num_addresses - 1:
            address = self.subnet.network_address + self.cursor
            if address not in self.taken:
                return address
            self.cursor += 1
        return None

    def objection(self, address: IPv4Address) -> str | None:
        """Why nobody can have this address."""
        if address not in self.subnet:
            return f"`{address}` is outside `{self.subnet}`, the subnet of `{self.network.name}`"
        if address in (self.subnet.network_address, self.subnet.broadcast_address):
            kind = "network" if address == self.subnet.network_address else "broadcast"
            return f"`{address}` is the {kind} address of `{self.subnet}`"
        if address in self.taken:
            return f"`{address}` is taken already, by {self.taken[address]}"
        return None


@dataclass(slots=True)
class _Allocator:
    networks: Sequence[Network]
    machines: Sequence[Machine]
    known: Collection[str]
    segments: dict[str, _Segment] = field(default_factory=dict)
    gateways: dict[str, IPv4Address] = field(default_factory=dict)
    addresses: dict[tuple[int, int], IPv4Address] = field(default_factory=dict)
    chosen: dict[tuple[int, int], _Segment] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> Allocation:
        self.lay_out()
        for place, segment in self.choose().items():
            self.chosen[place] = segment
        self.written_gateways()
        self.written_addresses()
        self.other_gateways()
        self.other_addresses()
        return Allocation(self.network_plans(), self.interface_plans(), tuple(self.findings))

    def say(self, loc: Loc, message: str, hint: str | None = None) -> None:
        self.findings.append(Finding(loc=loc, message=message, hint=hint))

    def lay_out(self) -> None:
        for index, network in enumerate(self.networks):
            subnet = IPv4Network(network.subnet)
            if network.name in self.segments:
                self.say((*_NETWORKS, index, "name"), f"there are two networks named `{network.name}`")
                continue
            for other in self.segments.values():
                if subnet.overlaps(other.subnet):
                    words = f"`{subnet}` overlaps `{other.subnet}`, the subnet of `{other.network.name}`"
                    self.say((*_NETWORKS, index, "subnet"), words, "addresses must tell networks apart")
                    break
            self.segments[network.name] = _Segment(index, network, subnet)

    def choose(self) -> dict[tuple[int, int], _Segment]:
        """Which network each interface is on."""
        found: dict[tuple[int, int], _Segment] = {}
        for m, machine in enumerate(self.machines):
            used = {interface.network for interface in machine.network.interfaces}
            for i, interface in enumerate(machine.network.interfaces):
                loc: Loc = (*_MACHINES, m, "network", "interfaces", i)
                name = interface.network or self.default_network(i, used)
                if name is None:
                    self.say(loc, "this interface does not say which network it is on", "add `network: NAME`")
                elif name in self.segments:
                    found[m, i] = self.segments[name]
                elif name not in self.known:
                    self.say((*loc, "network"), f"there is no network `{name}`", nearest(name, self.known))
                used.add(name)
        return found

    def default_network(self, index: int, used: Collection[str | None]) -> str | None:
        if index == 0:
            return next(iter(self.segments)) if len(self.segments) == 1 else None
        return next((name for name in self.segments if name not in used), None)

    def written_gateways(self) -> None:
        for name, segment in self.segments.items():
            if segment.network.gateway is None:
                continue
            gateway = IPv4Address(segment.network.gateway)
            if objection := segment.objection(gateway):
                self.say((*_NETWORKS, segment.index, "gateway"), objection)
            else:
                self.gateways[name], segment.taken[gateway] = gateway, f"the gateway of `{name}`"

    def written_addresses(self) -> None:
        for (m, i), segment in self.chosen.items():
            interface = self.machines[m].network.interfaces[i]
            if interface.address is None:
                continue
            address, objection = self.wish(interface, segment)
            if objection:
                self.say((*_MACHINES, m, "network", "interfaces", i, "address"), objection)
            else:
                self.addresses[m, i], segment.taken[address] = address, f"`{self.machines[m].name}`"

    def wish(self, interface: Interface, segment: _Segment) -> tuple[IPv4Address, str | None]:
        text, slash, prefix = str(interface.address).partition("/")
        address = IPv4Address(text)
        if slash and int(prefix) != segment.subnet.prefixlen and address in segment.subnet:
            return address, f"`{interface.address}` has another prefix than `{segment.subnet}`"
        return address, segment.objection(address)

    def other_gateways(self) -> None:
        for name, segment in self.segments.items():
            if name in self.gateways:
                continue
            gateway = segment.free()
            if gateway is None:
                self.say((*_NETWORKS, segment.index), f"`{name}` has no address left for its gateway")
            else:
                self.gateways[name], segment.taken[gateway] = gateway, f"the gateway of `{name}`"

    def other_addresses(self) -> None:
        for (m, i), segment in self.chosen.items():
            if self.machines[m].network.interfaces[i].address is not None:
                continue
            address = segment.free()
            if address is None:
                loc: Loc = (*_MACHINES, m, "network", "interfaces", i)
                self.say(loc, f"`{segment.network.name}` has no address left", f"`{segment.subnet}` is too small")
            else:
                self.addresses[m, i], segment.taken[address] = address, f"`{self.machines[m].name}`"

    def network_plans(self) -> tuple[NetworkPlan, ...]:
        return tuple(
            NetworkPlan(name=name, subnet=segment.subnet, gateway=self.gateways[name], private=segment.network.private)
            for name, segment in self.segments.items()
            if name in self.gateways
        )

    def interface_plans(self) -> dict[tuple[int, int], InterfacePlan]:
        return {
            (m, i): InterfacePlan(
                network=segment.network.name,
                address=IPv4Interface((self.addresses[m, i], segment.subnet.prefixlen)),
                mac=mac_address(segment.index, m, i),
            )
            for (m, i), segment in self.chosen.items()
            if (m, i) in self.addresses
        }


def allocate(networks: Sequence[Network], machines: Sequence[Machine], known: Collection[str] = ()) -> Allocation:
    """`known`: names of networks that exist even if they could not be read."""
    return _Allocator(networks, machines, {*known, *(network.name for network in networks)}).run()
