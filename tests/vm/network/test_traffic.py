"""Who reaches whom. Machines are namespaces plugged into a play's bridges; the internet is one more."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import pytest
from tests.vm.network.conftest import HOST, INTERNET, LAN, ROUTING, Box, Machine, at, reach, run

from labyard.network import namespace

pytestmark = pytest.mark.root

CLOSED = ["10.9.9.9", "172.20.0.9", "192.168.77.9", "169.254.169.254", "100.64.5.5", "198.18.0.9", "224.0.0.9"]


async def test_machines_of_one_network_talk(box: Box) -> None:
    world = await box.world(LAN)
    one, two = box.machine(world, "node-01"), box.machine(world, "node-02")
    async with box.listening(two.name, "172.16.0.3") as callers:
        assert await reach(one.name, "172.16.0.3") == "open"
        assert callers == ["172.16.0.2"]


async def test_networks_of_one_play_are_apart(box: Box) -> None:
    world = await box.world(ROUTING)
    web, stranger = box.machine(world, "web-01"), box.machine(world, "stranger")
    async with box.listening(web.name, "172.16.0.2") as callers:
        assert await reach(stranger.name, "172.16.0.2") == "unreachable"
        assert await reach(stranger.name, "172.16.0.1", 53) != "open"
        assert await reach(stranger.name, "10.0.0.2") == "unreachable"
    assert callers == []


async def test_a_private_network_has_no_way_out(box: Box) -> None:
    """Not by its reserved gateway, and not by handing packets to the bridge itself."""
    world = await box.world(ROUTING)
    web, db = box.machine(world, "web-01"), box.machine(world, "db-01")
    async with (
        box.listening(box.far, INTERNET) as far,
        box.listening(None, HOST, 81) as near,
        box.listening(web.name, "0.0.0.0") as neighbour,
    ):
        assert await reach(db.name, INTERNET) == "unreachable", "it has no route at all"
        db.ip("route", "add", "default", "via", "10.0.0.1", "dev", "eth0")
        assert await reach(db.name, INTERNET) != "open", "nobody has the gateway's address"
        bridge = next(bridge for bridge in world.plan.bridges if bridge.network == "backend")
        db.ip("neighbour", "replace", "10.0.0.1", "lladdr", bridge.mac, "dev", "eth0")
        assert {await reach(db.name, target, port) for target, port in ((INTERNET, 80), (HOST, 81))} == {"silence"}
        assert await reach(db.name, "172.16.0.1", 53) == "silence"
        assert await reach(db.name, "10.0.0.2") == "open"
        assert (far, near, neighbour) == ([], [], ["10.0.0.3"])


async def test_a_multi_homed_machine_routes_for_a_private_network(box: Box) -> None:
    """The nat-gateway lab: web-01 forwards and translates for backend."""
    world = await box.world(ROUTING)
    web, db = box.machine(world, "web-01"), box.machine(world, "db-01")
    db.ip("route", "add", "default", "via", "10.0.0.2", "dev", "eth0")
    namespace.inside(web.name, lambda: _write("/proc/sys/net/ipv4/ip_forward", "1"))
    async with box.listening(box.far, INTERNET) as callers:
        assert await reach(db.name, INTERNET) == "silence", "senders that are not of the network do not leave"
        rules = "table ip nat { chain post { type nat hook postrouting priority 100; oifname eth0 masquerade; }; }"
        run("ip", "netns", "exec", web.name, "nft", rules)
        assert await reach(db.name, INTERNET) == "open"
        assert callers == [HOST]


async def test_the_way_out_is_open_to_the_world_and_closed_to_the_host(box: Box) -> None:
    world = await box.world(LAN)
    node = box.machine(world, "node-01")
    assert world.plan.uplink is not None
    for address in CLOSED[:-1]:
        run("ip", "-n", box.far, "address", "add", f"{address}/32", "dev", "lo")
    async with box.listening(box.far, "0.0.0.0") as far, box.listening(None, "0.0.0.0") as near:
        assert await reach(node.name, INTERNET) == "open"
        assert far == [HOST], "the far side sees the host's address"
        assert {address: await reach(node.name, address) for address in CLOSED} == dict.fromkeys(CLOSED, "unreachable")
        assert await reach(node.name, HOST) == "silence"
        assert await reach(node.name, str(world.plan.uplink.host.ip)) == "unreachable"
        assert await reach(node.name, str(world.plan.uplink.world.ip)) != "open"
        assert (far, near) == ([HOST], [])


async def test_the_gateway_answers_pings_and_refuses_the_rest(box: Box) -> None:
    world = await box.world(LAN)
    node = box.machine(world, "node-01")
    assert await reach(node.name, "172.16.0.1", 22) == "refused"
    assert await reach(node.name, "172.16.0.1", 53) == "refused", "nobody listens yet"
    with at(node.name, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)) as ping:
        ping.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(ping, _echo_request(), ("172.16.0.1", 0))
        async with asyncio.timeout(5):
            reply = await loop.sock_recv(ping, 200)
    assert (reply[20], reply[-4:]) == (0, b"ping")


async def test_the_world_is_unreachable_from_outside(box: Box) -> None:
    """Somebody on the host's own network who routes through it, and the host itself towards machines."""
    world = await box.world(LAN)
    node = box.machine(world, "node-01")
    assert world.plan.uplink is not None
    uplink = world.plan.uplink
    run("ip", "-n", box.far, "route", "add", str(uplink.network), "via", HOST)
    run("ip", "-n", box.far, "route", "add", "172.16.0.0/24", "via", HOST)
    run("ip", "route", "add", "172.16.0.0/24", "via", str(uplink.world.ip))
    async with box.listening(node.name, "172.16.0.2") as callers:
        assert await reach(box.far, "172.16.0.2") == "silence"
        assert await reach(box.far, str(uplink.world.ip)) == "silence"
        with pytest.raises(OSError, match="timed out"):
            socket.create_connection(("172.16.0.2", 80), timeout=0.5)
    assert callers == []


async def test_forged_senders_do_not_leave(box: Box) -> None:
    world = await box.world(LAN)
    node = box.machine(world, "node-01")
    with (
        at(box.far, lambda: _datagrams("0.0.0.0", 9)) as far,
        at(node.name, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)) as forger,
        at(node.name, lambda: _datagrams("172.16.0.2", 0)) as honest,
    ):
        for source in ("203.0.113.7", "100.127.0.1", "100.127.0.0", INTERNET, HOST, "127.0.0.1", "172.16.1.2"):
            forger.sendto(_udp(source, INTERNET, 9, source.encode()), (INTERNET, 0))
        honest.sendto(b"honest", (INTERNET, 9))
        async with asyncio.timeout(5):
            # Frames keep their order, so had a forged one been let through it would come first.
            data, sender = await asyncio.get_running_loop().sock_recvfrom(far, 100)
    assert (data, sender[0]) == (b"honest", HOST)


async def test_two_plays_with_the_same_addresses_side_by_side(box: Box) -> None:
    first, second = await box.world(LAN), await box.world(LAN)
    one, other = box.machine(first, "node-01"), box.machine(second, "node-01")
    assert first.plan.bridges == second.plan.bridges
    assert first.plan.uplink is not None
    assert second.plan.uplink is not None
    twin = box.machine(second, "node-02")
    async with box.listening(box.far, INTERNET) as far, box.listening(twin.name, "172.16.0.3") as neighbours:
        assert set(await asyncio.gather(reach(one.name, INTERNET), reach(other.name, INTERNET))) == {"open"}
        assert await reach(one.name, "172.16.0.3") != "open", "that machine is of the other play"
        assert await reach(other.name, "172.16.0.3") == "open"
        assert len(far) == 2
        assert neighbours == ["172.16.0.2"]
    # Even from inside the world itself, where no program of ours runs, nothing leaves.
    with at(first.name, lambda: _datagrams("0.0.0.0", 0)) as escaped:
        for target in (str(second.plan.uplink.world.ip), INTERNET, HOST, "172.16.0.2"):
            with pytest.raises(PermissionError):
                escaped.sendto(b"x", (target, 9))
    run("ip", "netns", "exec", first.name, "nft", "flush", "ruleset")
    assert await reach(first.name, str(second.plan.uplink.world.ip)) == "silence", "the host's table is a second fence"
    assert await reach(first.name, HOST) == "silence"


async def test_machines_may_speak_anything_to_each_other(box: Box) -> None:
    """IPv6, other Ethernet types, VLAN tags, neighbours' protocols, addresses of their own choice, GRE."""
    world = await box.world(LAN)
    one, two = box.machine(world, "node-01"), box.machine(world, "node-02")
    # As if br_netfilter were loaded after the world was made: it begins switched on.
    namespace.inside(world.name, lambda: _write("/proc/sys/net/bridge/bridge-nf-call-iptables", "1"))
    namespace.inside(world.name, lambda: _write("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "1"))
    for machine, last in ((one, 1), (two, 2)):
        machine.ip("address", "add", f"fd00::{last}/64", "dev", "eth0", "nodad")
        machine.ip("address", "add", f"203.0.113.{last}/24", "dev", "eth0")
    async with box.listening(two.name, "203.0.113.2") as callers:
        assert await reach(one.name, "203.0.113.2", source="203.0.113.1") == "open"
        assert callers == ["203.0.113.1"]
    with at(two.name, lambda: _datagrams6("fd00::2", 7)) as six, at(one.name, lambda: _datagrams6("fd00::1", 0)) as us:
        us.sendto(b"six", ("fd00::2", 7))
        async with asyncio.timeout(5):
            assert await asyncio.get_running_loop().sock_recv(six, 100) == b"six"
    for destination, kind in (
        ("ff:ff:ff:ff:ff:ff", "88b5"),
        ("01:80:c2:00:00:0e", "88cc"),
        ("02:00:00:00:00:99", "81000005" + "88b5"),
        ("01:00:5e:00:00:05", "88b5"),
    ):
        await _frame_passes(one, two, bytes.fromhex(destination.replace(":", "") + "020000000042" + kind) + b"x" * 60)
    with at(two.name, _gre) as into, at(one.name, _gre) as out:
        out.sendto(b"\0\0\x65\x58tunnel", ("203.0.113.2", 0))
        async with asyncio.timeout(5):
            assert (await asyncio.get_running_loop().sock_recv(into, 200)).endswith(b"tunnel")


async def test_a_machine_cannot_fill_the_switch_or_the_connection_table(box: Box) -> None:
    world = await box.world(LAN)
    node = box.machine(world, "node-01")
    with at(node.name, lambda: _raw("eth0")) as raw:
        for sender in range(6000):
            raw.send(b"\xff" * 6 + b"\x02\0\0\0" + struct.pack("!H", sender) + b"\x88\xb5" + bytes(50))
    assert 1000 < run("bridge", "-n", world.name, "fdb", "show", "br", "br0", "dynamic").count("\n") <= 4200
    with at(node.name, lambda: _datagrams("172.16.0.2", 0)) as sender_socket:
        for port in range(1, 8000):
            sender_socket.sendto(b"x", (INTERNET, port))
            sender_socket.sendto(b"x", ("172.16.0.1", port))
    count = int(namespace.inside(world.name, lambda: _read("/proc/sys/net/netfilter/nf_conntrack_count")))
    assert 0 < count <= 4096


async def _frame_passes(one: Machine, two: Machine, frame: bytes) -> None:
    loop = asyncio.get_running_loop()
    with at(one.name, lambda: _raw("eth0")) as out, at(two.name, lambda: _raw("eth0")) as into:
        out.send(frame)
        async with asyncio.timeout(5):
            while True:
                got = await loop.sock_recv(into, 2000)
                # A received tag is taken off the frame into packet metadata.
                if got == frame or got == frame[:12] + frame[16:]:
                    return


def _raw(device: str) -> socket.socket:
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    made.bind((device, 3))
    made.setblocking(False)
    return made


def _gre() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    made.setblocking(False)
    return made


def _datagrams(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    made.setblocking(False)
    return made


def _datagrams6(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    made.bind((address, port))
    made.setblocking(False)
    return made


def _udp(source: str, target: str, port: int, data: bytes) -> bytes:
    """An IPv4 packet; the kernel fills in its checksum, and UDP needs none."""
    length = 8 + len(data)
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, 17, 0) + addresses
    return header + struct.pack("!4H", 5353, port, length, 0) + data


def _echo_request() -> bytes:
    body = struct.pack("!2H", 1, 1) + b"ping"
    total = 0x0800 + sum(struct.unpack("!4H", body))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!BBH", 8, 0, ~(total + (total >> 16)) & 0xFFFF) + body


def _write(path: str, text: str) -> None:
    Path(path).write_text(text)


def _read(path: str) -> str:
    return Path(path).read_text()
