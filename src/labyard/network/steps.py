"""The steps that make a world. Each says what shall be, so a step that is done already changes nothing."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated, Literal

from pydantic import Field

from labyard.play.plan import Value


class Side(StrEnum):
    WORLD = "world"
    HOST = "host"


class MakeNamespace(Value):
    op: Literal["namespace"] = "namespace"
    name: str


class Sysctl(Value):
    """`optional`: no such key means the kernel lacks the whole subject, and that is as good."""

    op: Literal["sysctl"] = "sysctl"
    key: str
    value: str
    optional: bool = False
    side: Side = Side.WORLD


class LoadRules(Value):
    """The world's own rules, all of them in one transaction."""

    op: Literal["rules"] = "rules"


class MakeBridge(Value):
    """A plain learning switch: no spanning tree, no delay, no multicast filtering, no frame kept from the machines."""

    op: Literal["bridge"] = "bridge"
    link: str
    mac: str
    mtu: int


class MakeUplink(Value):
    """A veth pair: `link` on the host, marked with the world's name; `peer` in the world."""

    op: Literal["uplink"] = "uplink"
    link: str
    peer: str
    mtu: int


class AddAddress(Value):
    op: Literal["address"] = "address"
    link: str
    address: IPv4Interface
    side: Side = Side.WORLD


class Up(Value):
    op: Literal["up"] = "up"
    link: str
    side: Side = Side.WORLD


class AddRoute(Value):
    """The world's default route."""

    op: Literal["route"] = "route"
    via: IPv4Address


Step = Annotated[
    MakeNamespace | Sysctl | LoadRules | MakeBridge | MakeUplink | AddAddress | Up | AddRoute,
    Field(discriminator="op"),
]
