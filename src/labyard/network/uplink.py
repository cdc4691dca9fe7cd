"""Which of the box's uplink addresses a play gets. The kernel's state is the register, so it is never out of date."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network
from pathlib import Path

from labyard.errors import CapacityError
from labyard.network.apply import apply
from labyard.network.links import Link, links
from labyard.network.namespace import is_made
from labyard.network.plan import UPLINK_RANGE, UplinkSlot, claim_steps, uplink_prefix, uplink_slot, world_name

# One for all data folders on the box: who holds it may look for a free pair and take it.
_LOCK = Path("/run/labyard-uplinks.lock")


def claim_uplink(
    data_mark: str, play_id: str, *, avoid: Iterable[IPv4Network] = (), within: IPv4Network = UPLINK_RANGE
) -> UplinkSlot:
    """The play's uplink: the one it has, else the first free one, taken at once (its namespace is made for that).

    Blocking: call it in a thread. `avoid`: the play's own networks. CapacityError when all are taken.
    """
    world = world_name(data_mark, play_id)
    with uplinks_locked():
        if is_made(world):
            with links() as here:
                held = _held(here.all(), world, data_mark, within)
            if held is not None:
                return held
        names = _names()
        taken = [*_box.taken(), *_of_uplinks(names, within)]
        slot = first_free(data_mark, within, taken=taken, avoid=avoid, names=names)
        apply(world, "", claim_steps(world, slot))
        return slot


class _Box:
    """The addresses and routes of the box, less those of uplinks, which are known by their names.

    With many plays there are many links, and asking for all takes long: what was heard is good for some seconds.
    """

    def __init__(self) -> None:
        self._heard: tuple[float, int, list[IPv4Network]] = (float("-inf"), 0, [])

    def taken(self) -> list[IPv4Network]:
        at, place, heard = self._heard
        here = Path("/proc/thread-self/ns/net").stat().st_ino
        if place != here or time.monotonic() - at > _GOOD_FOR:
            heard = _foreign()
            self._heard = (time.monotonic(), here, heard)
        return heard


def _foreign() -> list[IPv4Network]:
    with links() as here:
        uplinks = {link.index for link in here.all() if _UPLINK.fullmatch(link.name)}
        addresses = [address.network for index, address in here.addresses() if index not in uplinks]
        return addresses + [network for index, network in here.routes() if index not in uplinks]


def _of_uplinks(names: Iterable[str], within: IPv4Network) -> list[IPv4Network]:
    """What the uplinks of all data folders on the box have taken of a range, by their names."""
    found = (int(match[1], 16) for name in names if (match := _UPLINK.fullmatch(name)))
    return [uplink_slot("", index, within).network for index in found if index < within.num_addresses // 2]


_box = _Box()
_GOOD_FOR = 5.0
_UPLINK = re.compile(r"ly[0-9a-z]{6}-([0-9a-f]+)")  # `uplink_prefix` and `uplink_slot`


def _names() -> set[str]:
    """Links of the namespace that this thread is in (proc_pid_net(5), `dev`): cheaper than asking for all there is of each."""
    lines = Path("/proc/thread-self/net/dev").read_text().splitlines()[2:]
    return {line.partition(":")[0].strip() for line in lines}


@contextmanager
def uplinks_locked() -> Iterator[None]:
    """While held, no data folder on this box takes or sweeps an uplink."""
    descriptor = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def first_free(
    data_mark: str,
    within: IPv4Network,
    *,
    taken: Iterable[IPv4Network],
    avoid: Iterable[IPv4Network],
    names: Collection[str],
) -> UplinkSlot:
    """The first pair of a range that touches nothing `taken` and nothing to `avoid`, under a name not in `names`. Pure.

    What is taken in blocks as wide as the range (a VPN's route) does not matter: a pair's own route is narrower.
    """
    walls = sorted(
        (int(wall.network_address), int(wall.broadcast_address))
        for wall in [*avoid, *(network for network in taken if network.prefixlen > within.prefixlen)]
    )
    address, last = int(within.network_address), int(within.broadcast_address)
    while address < last:
        slot = uplink_slot(data_mark, (address - int(within.network_address)) // 2, within)
        blocking = [end for start, end in walls if start <= address + 1 and end >= address]
        if not blocking and slot.link not in names:
            return slot
        address = max([address + 1, *blocking]) // 2 * 2 + 2
    raise CapacityError(f"all uplink addresses of {within} are taken", hint="give the server a wider uplink range")


def _held(here: list[Link], world: str, data_mark: str, within: IPv4Network) -> UplinkSlot | None:
    prefix = uplink_prefix(data_mark)
    for link in here:
        if link.alias == world and link.name.startswith(prefix):
            return uplink_slot(data_mark, int(link.name.removeprefix(prefix), 16), within)
    return None
