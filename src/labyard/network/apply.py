"""Carrying out a world's steps. Every step may have been done before, wholly or in part."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from labyard.errors import NetworkError
from labyard.network import namespace, nft
from labyard.network.links import Links, links
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

_SYSCTLS = Path("/proc/sys")


def apply(world: str, rules: str, steps: Iterable[Step]) -> None:
    """Blocking: call it in a thread. Cut anywhere and repeated it ends in the same state. Raises NetworkError."""
    for place, group in groupby(steps, key=_place):
        run = list(group)
        if place is None:
            namespace.make(world)
        elif place is Side.HOST:
            _all(world, rules, run)
        else:
            namespace.inside(world, lambda run=run: _all(world, rules, run))  # type: ignore[misc]


def _place(step: Step) -> Side | None:
    """Where a step is done; None: it makes that place."""
    match step:
        case MakeNamespace():
            return None
        case MakeUplink():
            return Side.HOST
        case AddAddress(side=side) | Up(side=side) | Sysctl(side=side):
            return side
        case _:
            return Side.WORLD


def _all(world: str, rules: str, steps: list[Step]) -> None:
    with links() as here:
        for step in steps:
            _one(here, world, rules, step)


def _one(here: Links, world: str, rules: str, step: Step) -> None:
    match step:
        case Sysctl():
            _sysctl(step)
        case LoadRules():
            nft.load(rules)
        case MakeBridge(link=link, mac=mac, mtu=mtu):
            here.make_bridge(link, mac, mtu)
        case MakeUplink():
            _uplink(here, world, step)
        case AddAddress(link=link, address=address):
            here.add_address(link, address)
        case Up(link=link):
            here.up(link)
        case AddRoute(via=via):
            here.default_route(via)


def _uplink(here: Links, world: str, step: MakeUplink) -> None:
    """A pair without its mark was cut between two steps and belongs to a slot nobody holds: made anew."""
    if here.alias(step.link) == world:
        return
    namespace.inside(world, lambda: forget(step.peer))
    here.make_pair(step.link, step.peer, world, step.mtu)
    here.set_alias(step.link, world)


def forget(link: str) -> None:
    """Remove a link of the current namespace, if it is there."""
    with links() as here:
        here.remove(link)


def _sysctl(step: Sysctl) -> None:
    path = _SYSCTLS.joinpath(*step.key.split("."))
    try:
        if path.read_text().strip() != step.value:
            path.write_text(step.value)
    except FileNotFoundError:
        if not step.optional:
            raise NetworkError(f"this kernel knows no {step.key}") from None
    except OSError as error:
        raise NetworkError(f"cannot set {step.key}: {error.strerror}", hint="/proc/sys must be writable") from error
