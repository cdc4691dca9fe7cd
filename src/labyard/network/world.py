"""One play's sealed namespace: made from its plan, found by its mark, removed in any state."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Collection
from ipaddress import IPv4Network

from labyard.errors import NetworkError
from labyard.network import namespace
from labyard.network.apply import apply
from labyard.network.blocking import in_thread
from labyard.network.links import links
from labyard.network.plan import (
    MTU,
    UPLINK_RANGE,
    TapPlan,
    WorldPlan,
    plan_world,
    uplink_prefix,
    world_prefix,
)
from labyard.network.uplink import claim_uplink, uplinks_locked
from labyard.play.plan import PlayPlan

# linux/if_tun.h
_TUNSETIFF, _TUNSETOWNER = 0x400454CA, 0x400454CC
_IFF_TAP, _IFF_NO_PI, _IFF_VNET_HDR = 0x0002, 0x1000, 0x4000


class World:
    """A play's world as it stands on this host. All verbs are safe to repeat."""

    def __init__(self, plan: WorldPlan) -> None:
        self.plan = plan
        self.name = plan.name
        self.path = namespace.path_of(plan.name)

    @classmethod
    async def create(cls, plan: WorldPlan) -> World:
        """Make what is missing. Cut anywhere and called again, it ends in the same state. Raises NetworkError."""
        await in_thread(apply, plan.name, plan.rules, plan.steps)
        return cls(plan)

    @classmethod
    async def of_play(
        cls, *, data_mark: str, play_id: str, play: PlayPlan, uplinks: IPv4Network = UPLINK_RANGE
    ) -> World:
        """Claim an uplink where the play has a way out, plan, and create: what an engine needs for a start or to adopt.

        `host.prepare_host` comes first, once per server. Raises NetworkError, CapacityError.
        """
        slot = None
        if any(not network.private for network in play.networks):
            subnets = [network.subnet for network in play.networks]
            slot = await in_thread(claim_uplink, data_mark, play_id, avoid=subnets, within=uplinks)
        return await cls.create(plan_world(data_mark=data_mark, play_id=play_id, play=play, uplink=slot))

    @classmethod
    async def find(cls, data_mark: str) -> list[str]:
        """Names of all worlds of a data folder, half-made ones too."""
        return await in_thread(namespace.named, world_prefix(data_mark))

    def open_tap(self, machine: str, index: int, *, owner: int | None = None) -> int:
        """A machine's interface as a descriptor for QEMU (`fd=`): on its bridge, up, frames with a virtio-net header.

        The tap lives as long as the descriptor, in whatever process. `owner`: the uid that may attach to it by name.
        NetworkError when the machine has no such interface, or is still attached.
        """
        tap = self.plan.tap(machine, index)
        return namespace.inside(self.name, lambda: _open_tap(tap, owner))

    async def remove(self) -> None:
        """Everything, in any half-made state. Descriptors that somebody still holds lead nowhere afterwards."""
        await in_thread(remove_world, self.name)


def remove_world(name: str) -> None:
    """Blocking form of `World.remove`, by name: links first, so that nothing moves any more, the namespace last."""
    if namespace.is_made(name):
        namespace.inside(name, _remove_links)
    namespace.drop(name)


async def sweep(data_mark: str, keep: Collection[str]) -> list[str]:
    """Remove a data folder's worlds that no play owns; `keep`: names of those that one does. The names removed."""
    return await in_thread(_sweep, data_mark, keep)


def _sweep(data_mark: str, keep: Collection[str]) -> list[str]:
    with uplinks_locked():
        names = [name for name in namespace.named(world_prefix(data_mark)) if name not in keep]
        for name in names:
            remove_world(name)
        with links() as here:
            # An end whose namespace was forgotten but not ended: a process still sits in it.
            for link in here.all():
                if link.name.startswith(uplink_prefix(data_mark)) and link.alias not in keep:
                    here.remove(link.name)
    return names


def _remove_links() -> None:
    """Taking the uplink's end away takes the host's end with it, at once."""
    with links() as here:
        here.remove_all()


def _open_tap(tap: TapPlan, owner: int | None) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        flags = _IFF_TAP | _IFF_NO_PI | _IFF_VNET_HDR
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", tap.name.encode(), flags))
        if owner is not None:
            fcntl.ioctl(descriptor, _TUNSETOWNER, owner)
        with links() as here:
            here.plug(tap.name, tap.bridge, MTU)
    except OSError as error:
        os.close(descriptor)
        raise NetworkError(f"cannot open {tap.machine}'s interface {tap.index}: {error.strerror}") from error
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
