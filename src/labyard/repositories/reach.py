"""Where a repository's host may be: at addresses that everybody reaches, never inside of the box or the house it stands in.

A name is resolved once; Git is told the addresses that were looked at, so a second answer of the name server changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

from labyard.errors import RepositoryError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MOST: Final = 16
_PATIENCE: Final = 10.0  # seconds
# IPv6 that means an IPv4 address: it would be led to one that is not ours to reach (RFC 6052, 8215, 3056, 4380).
_TRANSLATED: Final = tuple(
    ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
)


async def reachable(host: str, port: int, inside: Sequence[Network]) -> tuple[str, ...]:
    """The addresses of a host. RepositoryError when there are none, or one is private and not of the networks `inside`."""
    try:
        async with asyncio.timeout(_PATIENCE):
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError, TimeoutError):
        raise RepositoryError(f"the name {host} has no address", hint="is it written as it should be?") from None
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))[:_MOST]
    if not addresses:
        raise RepositoryError(f"the name {host} has no address")
    for text in addresses:
        address = ipaddress.ip_address(text)
        allowed = any(address in network for network in inside)
        if not allowed and (not is_public(address) or await asyncio.to_thread(_is_ours, address)):
            raise RepositoryError(
                f"{host} is not on the public internet",
                hint="whoever operates this server may allow its network (`git_networks`)",
            )
    return addresses


def is_public(address: Address) -> bool:
    """Whether it is everybody's, as IANA's registries say."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _is_ours(address: Address) -> bool:
    """Whether this box has it: what listens here for nobody else must not be reached through us."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
