"""A small internet in namespaces of its own: the host under test, a far side, and machines that are namespaces too.

    machine (netns) ── bridge in a play's world ── uplink ── the host (netns of this test) ── far (netns)

The pytest thread moves into the host's namespace, so the box's own network stays untouched.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from ipaddress import IPv4Interface
from typing import TypeVar

import pytest

from labyard.network import namespace
from labyard.network.host import prepare_host, remove_host
from labyard.network.world import World, sweep
from labyard.play.plan import DrivePlan, InterfacePlan, MachinePlan, NetworkPlan, PlayPlan, UserPlan

CLONE_NEWNET = 0x40000000
HOST = "198.51.100.1"  # the host's own address, on the way to the far side
INTERNET = "198.51.100.2"
PATIENCE = 2.0  # seconds until silence counts as silence
T = TypeVar("T")


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Machine:
    """A namespace plugged into a world's bridge as a machine's tap would be."""

    def __init__(
        self, name: str, world: World, interfaces: list[tuple[str, IPv4Interface]], gateway: str | None
    ) -> None:
        self.name = name
        run("ip", "netns", "add", name)
        run("ip", "-n", name, "link", "set", "lo", "up")
        for index, (network, address) in enumerate(interfaces):
            bridge = next(bridge.name for bridge in world.plan.bridges if bridge.network == network)
            port, device = f"p{secrets.token_hex(4)}", f"eth{index}"
            run("ip", "-n", world.name, "link", "add", port, "type", "veth", "peer", "name", device, "netns", name)
            run("ip", "-n", world.name, "link", "set", port, "master", bridge, "up")
            run("ip", "-n", name, "address", "add", str(address), "dev", device)
            run("ip", "-n", name, "link", "set", device, "up")
        if gateway is not None:
            run("ip", "-n", name, "route", "add", "default", "via", gateway, "dev", "eth0")

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.name, *arguments)


class Box:
    """The host under test with its far side; everything made here goes away with it."""

    def __init__(self) -> None:
        self.mark = secrets.token_hex(16)
        self.id = self.mark[:6]
        self.far = f"lt{self.id}-far"
        self._names: list[str] = [self.far]
        run("ip", "link", "set", "lo", "up")
        run("ip", "netns", "add", self.far)
        run("ip", "link", "add", "wan0", "type", "veth", "peer", "name", "eth0", "netns", self.far)
        run("ip", "address", "add", f"{HOST}/24", "dev", "wan0")
        run("ip", "link", "set", "wan0", "up")
        run("ip", "-n", self.far, "link", "set", "lo", "up")
        run("ip", "-n", self.far, "address", "add", f"{INTERNET}/24", "dev", "eth0")
        run("ip", "-n", self.far, "link", "set", "eth0", "up")
        run("ip", "route", "add", "default", "via", INTERNET)

    def machine(self, world: World, name: str) -> Machine:
        """As the world's play says it: addresses, and a default route through its first public network."""
        tail = world.name.rpartition("-")[2][-4:]
        made = Machine(f"lt{self.id}-{tail}-{name}", world, self._interfaces(world, name), self._gateway(world, name))
        self._names.append(made.name)
        return made

    def _interfaces(self, world: World, name: str) -> list[tuple[str, IPv4Interface]]:
        bridges = {bridge.name: bridge for bridge in world.plan.bridges}
        found = []
        for tap in world.plan.taps:
            if tap.machine == name:
                bridge = bridges[tap.bridge]
                address = world.plan.names[f"{name}.{bridge.network}"][0]
                found.append((bridge.network, IPv4Interface((address, bridge.subnet.prefixlen))))
        return found

    def _gateway(self, world: World, name: str) -> str | None:
        bridges = {bridge.name: bridge for bridge in world.plan.bridges}
        for tap in world.plan.taps:
            address = bridges[tap.bridge].address
            if tap.machine == name and address is not None:
                return str(address.ip)
        return None

    async def world(self, play: PlayPlan) -> World:
        return await World.of_play(data_mark=self.mark, play_id=secrets.token_hex(12), play=play)

    @asynccontextmanager
    async def listening(self, where: str | None, address: str, port: int = 80) -> AsyncIterator[list[str]]:
        """A server somewhere (None: on the host) that notes who came."""
        callers: list[str] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            callers.append(writer.get_extra_info("peername")[0])
            writer.write(b"hello")
            writer.close()

        listener = at(where, lambda: _listener(address, port))
        server = await asyncio.start_server(serve, sock=listener)
        async with server:
            yield callers

    def drop(self) -> None:
        run("ip", "link", "del", "wan0")
        for name in self._names:
            namespace.drop(name)


def at(where: str | None, work: Callable[[], T]) -> T:
    """In that namespace, or here."""
    return work() if where is None else namespace.inside(where, work)


def _listener(address: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen()
    listener.setblocking(False)
    return listener


async def reach(where: str, address: str, port: int = 80, *, source: str | None = None) -> str:
    """`open` when it was greeted, or how a TCP connection from there failed: `refused`, `unreachable`, `silence`."""

    def channel() -> socket.socket:
        made = socket.socket()
        made.setblocking(False)
        if source is not None:
            made.bind((source, 0))
        return made

    with at(where, channel) as tcp:
        try:
            async with asyncio.timeout(PATIENCE):
                loop = asyncio.get_running_loop()
                await loop.sock_connect(tcp, (address, port))
                assert await loop.sock_recv(tcp, 5) == b"hello"
        except TimeoutError:
            return "silence"
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "unreachable"
        return "open"


def play(networks: dict[str, tuple[str, bool]], machines: dict[str, list[str]]) -> PlayPlan:
    """`networks`: name → subnet, private or not; `machines`: name → networks. Gateways `.1`, machines from `.2`."""
    plans = {
        name: NetworkPlan.model_validate(
            {"name": name, "subnet": subnet, "gateway": subnet.replace(".0/24", ".1"), "private": private}
        )
        for name, (subnet, private) in networks.items()
    }
    free = dict.fromkeys(plans, 2)
    made = []
    for place, (name, where) in enumerate(machines.items()):
        interfaces = []
        for index, network in enumerate(where):
            address = IPv4Interface((plans[network].subnet[free[network]], 24))
            free[network] += 1
            interfaces.append(
                InterfacePlan(network=network, address=address, mac=f"52:54:00:00:{place:02x}:{index:02x}")
            )
        made.append(
            MachinePlan(
                name=name,
                kernel="6.1",
                users=(UserPlan(name="root"),),
                drives=(DrivePlan(mount="/"),),
                interfaces=tuple(interfaces),
            )
        )
    return PlayPlan(playground="test", title="test", networks=tuple(plans.values()), machines=tuple(made))


LAN = play({"lan": ("172.16.0.0/24", False)}, {"node-01": ["lan"], "node-02": ["lan"]})
ROUTING = play(
    {"frontend": ("172.16.0.0/24", False), "backend": ("10.0.0.0/24", True), "other": ("172.16.9.0/24", False)},
    {"web-01": ["frontend", "backend"], "db-01": ["backend"], "stranger": ["other"]},
)


@pytest.fixture
def host() -> Iterator[None]:
    """This thread in a fresh network namespace. Threads started from it are there too."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(CLONE_NEWNET) == 0
    yield
    assert libc.setns(home, CLONE_NEWNET) == 0
    os.close(home)


@pytest.fixture
async def box(host: None) -> AsyncIterator[Box]:
    made = Box()
    try:
        await prepare_host(made.mark)
        yield made
        await sweep(made.mark, keep=())
        await remove_host(made.mark)
        assert await World.find(made.mark) == []
    finally:
        made.drop()
    assert run("ip", "-o", "link").count("\n") == 1, "only the loopback link is left"
    assert run("nft", "list", "tables") == ""
    assert not namespace.named(f"lt{made.id}-")
