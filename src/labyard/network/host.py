"""What all plays of one data folder share on the host: one nft table, and IP forwarding."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Network
from pathlib import Path

from labyard.errors import NetworkError
from labyard.network import nft
from labyard.network.plan import UPLINK_RANGE, uplink_prefix
from labyard.network.rules import host_rules, host_table

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


async def prepare_host(data_mark: str, *, uplinks: IPv4Network = UPLINK_RANGE) -> None:
    """Make it so that worlds can reach out, and the host cannot be reached. Safe to repeat; raises NetworkError."""
    await asyncio.to_thread(_prepare, uplink_prefix(data_mark), uplinks)


async def remove_host(data_mark: str) -> None:
    """Take our table away. IP forwarding stays: others may have come to need it."""
    await asyncio.to_thread(nft.drop_table, "inet", host_table(uplink_prefix(data_mark)))


def _prepare(prefix: str, uplinks: IPv4Network) -> None:
    nft.load(host_rules(prefix, uplinks))
    try:
        if _FORWARDING.read_text().strip() != "1":
            _FORWARDING.write_text("1")
    except OSError as error:
        raise NetworkError(
            f"cannot switch on IP forwarding: {error.strerror}", hint="sysctl -w net.ipv4.ip_forward=1"
        ) from error
