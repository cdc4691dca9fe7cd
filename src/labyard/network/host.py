"""What all plays of one data folder share on the host: one nft table, and IP forwarding."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from labyard.errors import NetworkError
from labyard.network import nft
from labyard.network.blocking import in_thread
from labyard.network.plan import UPLINK_RANGE, uplink_prefix
from labyard.network.rules import host_rules, host_table

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


_TUN = Path("/dev/net/tun")
_LETS_US_THROUGH = "iptables -I {chain} -i 'ly+' -j ACCEPT; iptables -I {chain} -o 'ly+' -j ACCEPT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """What keeps plays from working on this box, and the line that mends it."""

    message: str
    hint: str


async def prepare_host(data_mark: str, *, uplinks: IPv4Network = UPLINK_RANGE) -> None:
    """Make it so that worlds can reach out, and the host cannot be reached. Safe to repeat; raises NetworkError."""
    await in_thread(_prepare, uplink_prefix(data_mark), uplinks)


async def remove_host(data_mark: str) -> None:
    """Take our table away. IP forwarding stays: others may have come to need it."""
    await in_thread(nft.drop_table, "inet", host_table(uplink_prefix(data_mark)))


def _prepare(prefix: str, uplinks: IPv4Network) -> None:
    nft.load(host_rules(prefix, uplinks))
    try:
        if _FORWARDING.read_text().strip() != "1":
            _FORWARDING.write_text("1")
    except OSError as error:
        raise NetworkError(
            f"cannot switch on IP forwarding: {error.strerror}", hint="sysctl -w net.ipv4.ip_forward=1"
        ) from error


async def diagnose() -> tuple[Diagnosis, ...]:
    """What `labyard doctor` says of this box's network; nothing when all is well. Looks only, changes nothing."""
    found = [] if _TUN.exists() else [Diagnosis(message="there is no /dev/net/tun", hint="modprobe tun")]
    try:
        found += closed_forwarding(await in_thread(nft.chains))
    except NetworkError as error:
        found.append(Diagnosis(message=error.message, hint=error.hint or "nft must work: serving needs root"))
    return tuple(found)


def closed_forwarding(chains: str) -> list[Diagnosis]:
    """Chains of others that drop what we forward, from `nft -j list chains`: a drop there overrules our accept. Pure.

    Docker makes one, and leaves DOCKER-USER for people's own rules (docs.docker.com, "Packet filtering and firewalls").
    """
    listed = [entry["chain"] for entry in json.loads(chains).get("nftables", []) if "chain" in entry]
    docker = any(chain["name"] == "DOCKER-USER" for chain in listed)
    found = []
    for chain in listed:
        ours = chain["table"].startswith("labyard")
        closed = chain.get("hook") == "forward" and chain.get("policy") == "drop" and chain["family"] in ("ip", "inet")
        if closed and not ours:
            where = f"{chain['family']} {chain['table']} {chain['name']}"
            if chain["family"] == "ip" and chain["table"] == "filter":
                hint = _LETS_US_THROUGH.format(chain="DOCKER-USER" if docker else chain["name"])
            else:
                hint = f"nft insert rule {where} iifname 'ly*' accept; nft insert rule {where} oifname 'ly*' accept"
            found.append(
                Diagnosis(message=f"the firewall chain {where} drops what plays send to the outside", hint=hint)
            )
    return found
