"""Firewall text for `nft -f -`, pure. Each text replaces its whole table in one transaction."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network

# Nobody's way to the world wide net leads there: IANA's special-purpose registry (RFC 6890) without the documentation
# ranges, which nobody routes. 169.254/16 holds the clouds' metadata services, 100.64/10 carriers' and our uplinks.
CLOSED = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
)
# What one play may hold of the host's connection table, and how fast it may fill it.
MOST_CONNECTIONS = 4096
CONNECTIONS_PER_SECOND = 200
# A machine that invents senders would let a bridge learn without end; older kernels have no bound of their own.
MOST_MACS = 4096


def world_rules(*, doors: dict[str, IPv4Interface], private: tuple[str, ...], uplink: str | None) -> str:
    """For inside one world. `doors`: bridge → the world's own address there; `private`: bridges without."""
    bridges = sorted((*doors, *private))
    return "\n".join(
        [
            *_fresh("bridge", "labyard"),
            *_switch(),
            "}",
            *_fresh("inet", "labyard"),
            *_closed_set(),
            *_untracked(doors),
            *_input(doors),
            *_output(doors),
            *_forward(bridges, doors if uplink else {}, uplink),
            *(_nat(doors, uplink) if uplink and doors else ()),
            "}",
            "",
        ]
    )


def host_table(prefix: str) -> str:
    return "labyard_" + prefix.removeprefix("ly").rstrip("-")


def host_rules(prefix: str, uplinks: IPv4Network) -> str:
    """For the host, for all plays of one data folder. `prefix`: how the names of their links begin."""
    ours = f'"{prefix}*"'
    return "\n".join(
        [
            *_fresh("inet", host_table(prefix)),
            *_closed_set(),
            "  chain input {",
            "    type filter hook input priority filter - 10; policy accept;",
            f"    iifname {ours} counter drop",
            "  }",
            "  chain forward {",
            "    type filter hook forward priority filter - 10; policy accept;",
            f"    iifname {ours} jump from_plays",
            f"    oifname {ours} jump to_plays",
            "  }",
            "  chain from_plays {",
            '    oifname "ly*" counter drop',
            f"    ip saddr != {uplinks} counter drop",
            "    meta nfproto != ipv4 counter drop",
            "    ip daddr @closed counter drop",
            "    tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu",
            "    accept",
            "  }",
            "  chain to_plays {",
            "    tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu",
            "    ct state established,related accept",
            "    counter drop",
            "  }",
            "  chain postrouting {",
            "    type nat hook postrouting priority srcnat; policy accept;",
            f"    iifname {ours} ip saddr {uplinks} masquerade",
            "  }",
            "}",
            "",
        ]
    )


def _fresh(family: str, table: str) -> list[str]:
    """Declared first, so that deleting it cannot fail."""
    return [f"table {family} {table}", f"delete table {family} {table}", f"table {family} {table} {{"]


def _closed_set() -> list[str]:
    return [
        "  set closed {",
        "    type ipv4_addr; flags interval;",
        f"    elements = {{ {', '.join(CLOSED)} }}",
        "  }",
    ]


def _switch() -> list[str]:
    """`update` breaks the rule off when the set is full, so the policy takes strangers beyond the bound."""
    return [
        "  set senders {",
        f"    type ether_addr; size {MOST_MACS}; flags dynamic, timeout; timeout 5m;",
        "  }",
        "  chain prerouting {",
        "    type filter hook prerouting priority filter; policy drop;",
        "    update @senders { ether saddr } accept",
        "  }",
    ]


def _untracked(doors: dict[str, IPv4Interface]) -> list[str]:
    """What machines ask of their gateway leaves no trace in the connection table: nothing to fill."""
    if not doors:
        return []
    gateways = ", ".join(str(address.ip) for address in doors.values())
    return [
        "  chain prerouting {",
        "    type filter hook prerouting priority raw; policy accept;",
        f"    ip daddr {{ {gateways} }} notrack",
        "  }",
        "  chain answers_untracked {",
        "    type filter hook output priority raw; policy accept;",
        f"    ip saddr {{ {gateways} }} notrack",
        "  }",
    ]


def _input(doors: dict[str, IPv4Interface]) -> list[str]:
    return [
        "  chain gateway {",
        "    udp dport 53 limit rate 500/second burst 1000 packets accept",
        "    udp dport 53 drop",
        "    tcp dport 53 tcp flags & (syn | ack) == syn limit rate over 50/second burst 100 packets drop",
        "    tcp dport 53 accept",
        "    icmp type echo-request limit rate 100/second burst 200 packets accept",
        "    meta l4proto icmp drop",
        "    meta l4proto tcp reject with tcp reset",
        "    reject with icmpx type port-unreachable",
        "  }",
        "  chain input {",
        "    type filter hook input priority filter; policy drop;",
        '    iifname "lo" accept',
        *(
            f'    iifname "{bridge}" ip saddr {address.network} ip daddr {address.ip} jump gateway'
            for bridge, address in doors.items()
        ),
        "  }",
    ]


def _output(doors: dict[str, IPv4Interface]) -> list[str]:
    """The world itself only ever answers: a program that got into it finds no way out."""
    return [
        "  chain answers {",
        "    udp sport 53 accept",
        "    tcp sport 53 accept",
        "    tcp flags & rst == rst accept",
        "    icmp type { echo-reply, destination-unreachable, time-exceeded } accept",
        "  }",
        "  chain output {",
        "    type filter hook output priority filter; policy drop;",
        '    oifname "lo" accept',
        *(
            f'    oifname "{bridge}" ip saddr {address.ip} ip daddr {address.network} jump answers'
            for bridge, address in doors.items()
        ),
        "  }",
    ]


def _forward(bridges: list[str], doors: dict[str, IPv4Interface], uplink: str | None) -> list[str]:
    leave = [
        "  chain leave {",
        f'    oifname != "{uplink}" reject with icmpx type admin-prohibited',
        "    ip daddr @closed reject with icmpx type admin-prohibited",
        "    ct state established,related accept",
        "    ct state != new drop",
        f"    limit rate over {CONNECTIONS_PER_SECOND}/second burst {5 * CONNECTIONS_PER_SECOND} packets drop",
        f"    ct count over {MOST_CONNECTIONS} drop",
        "    accept",
        "  }",
    ]
    return [
        *(leave if doors else ()),
        "  chain forward {",
        "    type filter hook forward priority filter; policy drop;",
        # Only frames that br_netfilter drags here although a bridge carries them: loaded later, it begins switched on.
        *(f'    iifname "{bridge}" oifname "{bridge}" accept' for bridge in bridges),
        *([f'    iifname "{uplink}" ct state established,related accept'] if doors else ()),
        *(f'    iifname "{bridge}" ip saddr {address.network} jump leave' for bridge, address in doors.items()),
        "  }",
    ]


def _nat(doors: dict[str, IPv4Interface], uplink: str) -> list[str]:
    subnets = ", ".join(str(address.network) for address in doors.values())
    return [
        "  chain postrouting {",
        "    type nat hook postrouting priority srcnat; policy accept;",
        f'    oifname "{uplink}" ip saddr {{ {subnets} }} masquerade',
        "  }",
    ]
