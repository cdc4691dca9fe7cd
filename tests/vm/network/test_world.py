"""Making and removing worlds: cut anywhere, repeated, beside others, and what is left behind (nothing)."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest
from tests.vm.network.conftest import LAN, ROUTING, Box, run

from labyard.errors import NetworkError
from labyard.network import apply, namespace, nft
from labyard.network.blocking import in_thread
from labyard.network.host import diagnose, prepare_host, remove_host
from labyard.network.plan import WorldPlan, plan_world, uplink_prefix, world_name
from labyard.network.uplink import claim_uplink
from labyard.network.world import World, remove_world, sweep

pytestmark = pytest.mark.root


async def planned(box: Box) -> WorldPlan:
    play_id = secrets.token_hex(12)
    slot = await in_thread(claim_uplink, box.mark, play_id)
    return plan_world(data_mark=box.mark, play_id=play_id, play=ROUTING, uplink=slot)


def state(plan: WorldPlan) -> str:
    """Everything of a world that shall be the same, however it came to be."""
    show = "ip -4 address; ip route; nft list ruleset; sysctl -a -r 'net.ipv4.conf|net.bridge|ip_forward|disable_ipv6'"
    words = run("ip", "netns", "exec", plan.name, "sh", "-c", show)
    host = run("ip", "-o", "-4", "address") + run("sysctl", "-a", "-r", plan.uplink.link if plan.uplink else "-")
    links = json.loads(run("ip", "-n", plan.name, "-j", "-d", "link"))
    lasting = sorted(json.dumps(_lasting(link)) for link in links)
    up = sorted(link["ifname"] for link in links if "UP" in link["flags"])
    return "\n".join([*up, *lasting, *sorted(_NUMBERS.sub("", f"{words}\n{host}").splitlines())])


_NUMBERS = re.compile(r"^\d+: |@if\d+|<[A-Z,_-]*>| state [A-Z]+| linkdown", re.MULTILINE)
_PASSING = {"ifindex", "link_index", "link_netnsid", "bridge_id", "root_id", "operstate", "flags"}


def _lasting(link: object) -> object:
    """Without what depends on the order of making or on the moment, and without the uplink's own random MAC."""
    if not isinstance(link, dict):
        return link
    dropped = _PASSING | ({"address"} if link.get("ifname") == "uplink" else set())
    return {key: _lasting(value) for key, value in link.items() if key not in dropped and not key.endswith("_timer")}


def traces(box: Box) -> list[str]:
    """What is left of this test's data folder on the host."""
    links = [line for line in run("ip", "-o", "link").splitlines() if uplink_prefix(box.mark) in line]
    return links + namespace.named(f"labyard-{box.id}-")


async def test_a_cut_anywhere_converges_and_leaves_nothing(box: Box) -> None:
    """After every step: going on ends where an uncut making ends, and removing leaves nothing."""
    whole = await planned(box)
    await World.create(whole)
    wanted = state(whole)
    await World(whole).remove()
    assert traces(box) == []
    for cut in range(len(whole.steps) + 1):
        await in_thread(apply.apply, whole.name, whole.rules, whole.steps[:cut])
        if cut % 2:
            world = await World.create(whole)
            assert state(whole) == wanted, f"cut after step {cut}"
            await world.remove()
        else:
            await in_thread(remove_world, whole.name)
        assert traces(box) == [], f"cut after step {cut}"


async def test_creating_twice_changes_nothing(box: Box) -> None:
    plan = await planned(box)
    await World.create(plan)
    before = state(plan)
    await World.create(plan)
    assert state(plan) == before
    again = await in_thread(claim_uplink, box.mark, plan.play_id)
    assert again == plan.uplink, "the play keeps its uplink"


async def test_a_file_without_a_namespace_is_mended_or_removed(box: Box) -> None:
    """As a power cut between two system calls would leave it."""
    play_id = secrets.token_hex(12)
    path = namespace.path_of(world_name(box.mark, play_id))
    path.touch()
    assert await World.find(box.mark) == [path.name]
    world = await World.of_play(data_mark=box.mark, play_id=play_id, play=LAN)
    assert namespace.is_made(world.name)
    await world.remove()
    path.touch()
    await sweep(box.mark, keep=())
    assert not path.exists()


async def test_an_uplink_cut_before_its_mark_is_made_anew(box: Box) -> None:
    plan = await planned(box)
    assert plan.uplink is not None
    run("ip", "link", "set", plan.uplink.link, "alias", "")
    second = await in_thread(claim_uplink, box.mark, plan.play_id)
    assert second != plan.uplink
    world = await World.create(plan_world(data_mark=box.mark, play_id=plan.play_id, play=ROUTING, uplink=second))
    assert len([line for line in traces(box) if "ly" in line.split("@")[0]]) == 1
    await world.remove()


async def test_removing_what_is_not_there_is_no_error(box: Box) -> None:
    plan = await planned(box)
    world = await World.create(plan)
    await asyncio.gather(world.remove(), world.remove())
    await world.remove()
    assert traces(box) == []
    with pytest.raises(NetworkError, match="is gone"):
        world.open_tap("web-01", 0)


async def test_removing_under_a_process_that_stays(box: Box) -> None:
    """A process in the world keeps the namespace alive; no link of it is left to anybody."""
    world = await box.world(LAN)
    descriptor = world.open_tap("node-01", 0)
    stay = _inhabitant(world)
    await world.remove()
    assert traces(box) == []
    with pytest.raises(OSError, match="descriptor in bad state"):
        os.write(descriptor, bytes(80))
    assert run("nsenter", f"--net=/proc/{stay.pid}/ns/net", "ip", "-o", "link").count("\n") == 1
    os.close(descriptor)
    stay.communicate(timeout=5)


def _inhabitant(world: World) -> subprocess.Popen[bytes]:
    """A process that is in the world, and answers once it is."""
    command = ["ip", "netns", "exec", world.name, "sh", "-c", "echo here; exec cat"]
    stay = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert stay.stdout is not None
    assert stay.stdout.readline() == b"here\n"
    return stay


async def test_a_tap_is_there_as_long_as_its_descriptor(box: Box) -> None:
    world = await box.world(ROUTING)
    descriptor = world.open_tap("web-01", 1, owner=65534)
    link = run("ip", "-n", world.name, "-o", "-d", "link", "show", "tap0-1")
    assert "master br1" in link
    assert "vnet_hdr on" in link
    assert "user nobody" in link
    with pytest.raises(NetworkError, match="cannot open web-01's interface 1"):
        world.open_tap("web-01", 1)
    with pytest.raises(NetworkError, match="no interface 2"):
        world.open_tap("web-01", 2)
    os.close(descriptor)
    os.close(world.open_tap("web-01", 1))
    assert "tap0-1" not in run("ip", "-n", world.name, "-o", "link")


async def test_frames_pass_from_tap_to_tap(box: Box) -> None:
    world = await box.world(LAN)
    one, two = world.open_tap("node-01", 0), world.open_tap("node-02", 0)
    readable = asyncio.Event()
    asyncio.get_running_loop().add_reader(two, readable.set)
    frame = b"\xff" * 6 + b"\x52\x54\0\0\0\1" + b"\x88\xb5" + b"hello" * 12
    os.write(one, bytes(10) + frame)
    async with asyncio.timeout(5):
        await readable.wait()
    asyncio.get_running_loop().remove_reader(two)
    assert os.read(two, 2000) == bytes(10) + frame
    for descriptor in (one, two):
        os.close(descriptor)


async def test_many_plays_of_two_data_folders_at_once(box: Box) -> None:
    """No two of them get the same uplink, and sweeping one folder leaves the other's worlds alone."""
    other = secrets.token_hex(16)
    await prepare_host(other)
    made = await asyncio.gather(
        *(
            World.of_play(data_mark=mark, play_id=secrets.token_hex(12), play=LAN)
            for mark in (box.mark, other)
            for _ in range(4)
        )
    )
    uplinks = {world.plan.uplink.network for world in made if world.plan.uplink}
    assert len(uplinks) == 8
    keep = made[0].name
    assert set(await sweep(box.mark, keep=[keep])) == {world.name for world in made[1:4]}
    assert await World.find(box.mark) == [keep]
    assert set(await World.find(other)) == {world.name for world in made[4:]}
    await made[0].remove()
    assert await sweep(box.mark, keep=()) == []
    assert len(await sweep(other, keep=())) == 4
    await remove_host(other)


async def test_preparing_and_removing_the_host_twice(box: Box) -> None:
    before = run("nft", "list", "ruleset")
    await prepare_host(box.mark)
    assert run("nft", "list", "ruleset") == before
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == "1\n"
    await remove_host(box.mark)
    await remove_host(box.mark)
    assert nft.tables() == []


async def test_a_firewall_that_drops_is_diagnosed(box: Box) -> None:
    assert await diagnose() == ()
    rules = "table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }"
    nft.load(rules)
    (found,) = await diagnose()
    assert "iptables -I FORWARD" in found.hint
    nft.drop_table("ip", "filter")


async def test_rules_that_nft_refuses_are_an_error(box: Box) -> None:
    with pytest.raises(NetworkError, match="nft refused"):
        nft.load("table inet x { chain y { nonsense } }")


def test_a_box_without_a_namespace_directory() -> None:
    """In mounts of its own, with an empty /run, as a container or a fresh box without systemd has it."""
    script = """
import asyncio, secrets
from pathlib import Path
from tests.vm.network.conftest import LAN
from labyard.network.blocking import in_thread
from labyard.network.host import prepare_host
from labyard.network.world import World, sweep

def shared():
    return Path("/proc/self/mountinfo").read_text().count(" /run/netns ")

async def main():
    before = shared()
    mark = secrets.token_hex(16)
    assert await World.find(mark) == [] and await sweep(mark, ()) == []
    await prepare_host(mark)
    worlds = [await World.of_play(data_mark=mark, play_id=secrets.token_hex(12), play=LAN) for _ in range(3)]
    assert len(await World.find(mark)) == 3
    assert shared() == before + 1
    for world in worlds:
        await world.remove()
    assert list(Path("/run/netns").iterdir()) == []

asyncio.run(main())
"""
    prepare = 'mount -t tmpfs none /run && exec "$@"'
    command = ["unshare", "--mount", "--net", "sh", "-c", prepare, "sh", sys.executable, "-W", "error", "-c", script]
    root = Path(__file__).parents[3]
    subprocess.run(command, check=True, cwd=root, env={**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}"})


async def test_how_long_it_takes(box: Box, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed, not judged: times depend on the box."""
    made, removed, taps = [], [], []
    for _ in range(10):
        start = time.perf_counter()
        world = await box.world(ROUTING)
        made.append(time.perf_counter() - start)
        start = time.perf_counter()
        os.close(world.open_tap("web-01", 0))
        taps.append(time.perf_counter() - start)
        start = time.perf_counter()
        await world.remove()
        removed.append(time.perf_counter() - start)
    with capsys.disabled():
        parts = (("create", made), ("tap", taps), ("remove", removed))
        print("\nworld of 3 networks, median ms:", *(f"{name} {median(values) * 1000:.1f}" for name, values in parts))
    assert traces(box) == []
