"""Links, addresses and routes by netlink, in the current network namespace. Each verb makes only what is missing."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from labyard.errors import NetworkError

# Link-local multicast that a switch may pass on (LLDP and the like): all that Linux allows (net/bridge/br_private.h).
_GROUP_FORWARD = 0xFFF8
_GROUP_TO_REMOVE = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    index: int
    name: str
    alias: str


class Links:
    """One netlink socket. Use `links()`."""

    def __init__(self, route: Any) -> None:
        self._route = route

    def all(self) -> list[Link]:
        return [
            Link(
                index=link["index"],
                name=link.get_attr("IFLA_IFNAME"),
                alias=link.get_attr("IFLA_IFALIAS") or "",
            )
            for link in self._route.get_links()
        ]

    def find(self, name: str) -> int | None:
        try:
            return socket.if_nametoindex(name)
        except OSError:
            return None

    def alias(self, name: str) -> str | None:
        """What a link is marked with; None when there is no such link."""
        index = self.find(name)
        if index is None:
            return None
        (link,) = self._route.get_links(index)
        return link.get_attr("IFLA_IFALIAS") or ""

    def index(self, name: str) -> int:
        """NetworkError when there is no such link."""
        index = self.find(name)
        if index is None:
            raise NetworkError(f"there is no link {name}")
        return index

    def make_bridge(self, name: str, mac: str, mtu: int) -> None:
        with _already():
            self._route.link(
                "add",
                ifname=name,
                kind="bridge",
                address=mac,
                mtu=mtu,
                br_stp_state=0,
                br_forward_delay=0,
                br_mcast_snooping=0,
                br_group_fwd_mask=_GROUP_FORWARD,
            )

    def make_pair(self, name: str, peer: str, namespace: str, mtu: int) -> None:
        """A veth pair, the peer in another namespace from its first moment on."""
        peer_end = {"ifname": peer, "net_ns_fd": namespace, "mtu": mtu}
        self._route.link("add", ifname=name, kind="veth", mtu=mtu, peer=peer_end)

    def set_alias(self, name: str, alias: str) -> None:
        self._route.link("set", index=self.index(name), IFLA_IFALIAS=alias)

    def add_address(self, name: str, address: IPv4Interface) -> None:
        with _already():
            index = self.index(name)
            self._route.addr("add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen)

    def up(self, name: str) -> None:
        self._route.link("set", index=self.index(name), state="up")

    def plug(self, name: str, bridge: str, mtu: int) -> None:
        self._route.link("set", index=self.index(name), master=self.index(bridge), mtu=mtu, state="up")

    def default_route(self, via: IPv4Address) -> None:
        with _already():
            self._route.route("add", dst="default", gateway=str(via))

    def remove_all(self) -> None:
        """All but the loopback link, as one group: the kernel waits once for its readers, not once per link."""
        others = [link.index for link in self.all() if link.name != "lo"]
        for index in others:
            with _gone():
                self._route.link("set", index=index, group=_GROUP_TO_REMOVE)
        if others:
            with _gone():
                self._route.link("del", group=_GROUP_TO_REMOVE)

    def remove(self, name: str) -> None:
        index = self.find(name)
        if index is not None:
            with _gone():
                self._route.link("del", index=index)

    def addresses(self) -> list[tuple[int, IPv4Interface]]:
        """Every IPv4 address here with its link's index."""
        return [
            (entry["index"], IPv4Interface((entry.get_attr("IFA_LOCAL"), entry["prefixlen"])))
            for entry in self._route.get_addr(family=2)
        ]

    def routes(self) -> list[tuple[int | None, IPv4Network]]:
        """Where the routing tables here lead, without default routes, each with its link's index where it has one."""
        return [
            (entry.get_attr("RTA_OIF"), IPv4Network((entry.get_attr("RTA_DST"), entry["dst_len"]), strict=False))
            for entry in self._route.get_routes(family=2)
            if entry["dst_len"] > 0
        ]


@contextmanager
def links() -> Iterator[Links]:
    """Netlink in the current thread's network namespace; what the kernel refuses is a NetworkError."""
    try:
        with IPRoute() as route:
            yield Links(route)
    except NetlinkError as error:
        raise NetworkError(f"the kernel refused: {error}") from error


@contextmanager
def _already() -> Iterator[None]:
    try:
        yield
    except NetlinkError as error:
        if error.code != errno.EEXIST:
            raise


@contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except NetlinkError as error:
        if error.code not in (errno.ENODEV, errno.ENOENT):
            raise
