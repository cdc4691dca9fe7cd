"""What a world will be: case folders (`play.json` in; `nft.rules`, `steps.json` out) and properties of any play."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.errors import CapacityError, NetworkError
from labyard.network.plan import (
    LONGEST_LINK_NAME,
    UPLINK,
    UPLINK_RANGE,
    UplinkSlot,
    WorldPlan,
    plan_world,
    uplink_slot,
    world_name,
)
from labyard.network.rules import host_rules, world_rules
from labyard.network.steps import AddAddress, AddRoute, LoadRules, MakeBridge, MakeNamespace, MakeUplink, Sysctl, Up
from labyard.network.uplink import first_free
from labyard.play.plan import DrivePlan, InterfacePlan, MachinePlan, NetworkPlan, PlayPlan, UserPlan

if TYPE_CHECKING:
    from tests.unit.network.conftest import Expect

CASES = Path(__file__).parent / "cases"
MARK = "0123456789abcdef" * 2
PLAY = "00112233445566778899aabb"


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def test_case(case: str, expect: Expect) -> None:
    given_case = json.loads((CASES / case / "play.json").read_text())
    index = given_case["uplink"]
    plan = plan_world(
        data_mark=MARK,
        play_id=PLAY,
        play=PlayPlan.model_validate(given_case["play"]),
        uplink=None if index is None else uplink_slot(MARK, index, UPLINK_RANGE),
    )
    expect(CASES / case / "nft.rules", plan.rules)
    steps = "".join(json.dumps(step.model_dump(mode="json")) + "\n" for step in plan.steps)
    expect(CASES / case / "steps.json", steps)


def test_host_rules(expect: Expect) -> None:
    expect(CASES / "host.rules", host_rules("ly012345-", UPLINK_RANGE))


@st.composite
def plays(draw: st.DrawFn) -> PlayPlan:
    """Up to six networks that do not overlap, up to sixteen machines with up to four interfaces."""
    count = draw(st.integers(1, 6))
    networks = [
        NetworkPlan(
            name=f"net-{place}",
            subnet=IPv4Network(f"172.20.{place}.0/24"),
            gateway=IPv4Address(f"172.20.{place}.{draw(st.integers(1, 3))}"),
            private=draw(st.booleans()),
        )
        for place in range(count)
    ]
    machines = [
        MachinePlan(
            name=f"machine-{place:02}",
            kernel="6.1",
            users=(UserPlan(name="root"),),
            drives=(DrivePlan(mount="/"),),
            interfaces=tuple(
                InterfacePlan(
                    network=network.name,
                    address=IPv4Interface((network.subnet[10 + place], 24)),
                    mac=f"52:54:00:00:{place:02x}:{index:02x}",
                )
                for index, network in enumerate(draw(st.lists(st.sampled_from(networks), min_size=1, max_size=4)))
            ),
        )
        for place in range(draw(st.integers(1, 16)))
    ]
    return PlayPlan(playground="p", title="p", networks=tuple(networks), machines=tuple(machines))


slots = st.one_of(st.none(), st.integers(0, 32767).map(lambda index: uplink_slot(MARK, index, UPLINK_RANGE)))


def _plan(play: PlayPlan, uplink: UplinkSlot | None, play_id: str = PLAY, mark: str = MARK) -> WorldPlan:
    return plan_world(data_mark=mark, play_id=play_id, play=play, uplink=uplink)


@given(plays(), slots)
def test_names_are_short_and_unique(play: PlayPlan, uplink: UplinkSlot | None) -> None:
    plan = _plan(play, uplink)
    names = [bridge.name for bridge in plan.bridges] + [tap.name for tap in plan.taps] + [UPLINK]
    assert len(set(names)) == len(names)
    assert all(len(name) <= LONGEST_LINK_NAME for name in names)
    assert uplink is None or len(uplink.link) <= LONGEST_LINK_NAME
    assert len(plan.taps) == sum(len(machine.interfaces) for machine in play.machines)


@given(plays(), slots, slots)
def test_machines_cannot_tell_instances_apart(play: PlayPlan, one: UplinkSlot | None, other: UplinkSlot | None) -> None:
    """A fork of a play finds the same MACs, addresses, taps and names."""
    first, second = _plan(play, one), _plan(play, other, play_id="f" * 24, mark="f" * 32)
    assert (first.bridges, first.taps, first.names) == (second.bridges, second.taps, second.names)
    assert len({bridge.mac for bridge in first.bridges}) == len(first.bridges)
    assert all(bridge.mac.startswith("0a:") for bridge in first.bridges)


@given(plays(), slots)
def test_private_networks_have_no_address_and_no_way(play: PlayPlan, uplink: UplinkSlot | None) -> None:
    plan = _plan(play, uplink)
    private = [bridge for bridge in plan.bridges if bridge.address is None]
    assert {bridge.network for bridge in private} == {network.name for network in play.networks if network.private}
    addressed = {step.link for step in plan.steps if isinstance(step, AddAddress)}
    for bridge in private:
        assert bridge.name not in addressed
        assert str(bridge.subnet) not in plan.rules
        named = [line for line in plan.rules.splitlines() if f'"{bridge.name}"' in line]
        assert [line.strip() for line in named] == [f'iifname "{bridge.name}" oifname "{bridge.name}" accept']


@given(plays(), slots)
def test_steps_come_in_order(play: PlayPlan, uplink: UplinkSlot | None) -> None:
    """The namespace first; rules before any link is up; a link before it is used; the way out last."""
    steps = _plan(play, uplink).steps
    assert isinstance(steps[0], MakeNamespace)
    made, ruled, up = {"lo"}, False, set()
    for step in steps:
        match step:
            case LoadRules():
                ruled = True
            case MakeBridge(link=link):
                made.add(link)
            case MakeUplink(link=link, peer=peer):
                made |= {link, peer}
            case AddAddress(link=link):
                assert link in made
            case Up(link=link):
                assert ruled
                assert link in made
                up.add(link)
            case Sysctl(key=key) if uplink is not None and uplink.link in key:
                assert uplink.link in made
            case AddRoute():
                assert {UPLINK, uplink.link if uplink else ""} <= up
    assert up == made
    assert isinstance(steps[-1], AddRoute) == (uplink is not None)


@given(plays())
def test_without_an_uplink_nothing_is_forwarded(play: PlayPlan) -> None:
    plan = _plan(play, None)
    assert "masquerade" not in plan.rules
    assert "jump leave" not in plan.rules
    assert not any(isinstance(step, Sysctl) and step.key.endswith("ip_forward") for step in plan.steps)


def test_rules_are_the_same_whatever_the_order_of_bridges() -> None:
    one = IPv4Interface("10.0.0.1/24")
    forward = world_rules(doors={"br0": one}, private=("br1", "br2"), uplink="uplink")
    assert forward == world_rules(doors={"br0": one}, private=("br2", "br1"), uplink="uplink")


def test_names_resolve_bare_and_by_network() -> None:
    case = json.loads((CASES / "public-and-private" / "play.json").read_text())
    names = _plan(PlayPlan.model_validate(case["play"]), None).names
    assert names["web-01"] == (IPv4Address("172.16.0.2"), IPv4Address("10.0.0.2"))
    assert names["web-01.backend"] == (IPv4Address("10.0.0.2"),)
    assert names["db-01.backend"] == names["db-01"] == (IPv4Address("10.0.0.3"),)
    assert "db-01.frontend" not in names


def test_an_unknown_interface_is_an_error() -> None:
    case = json.loads((CASES / "one-machine" / "play.json").read_text())
    plan = _plan(PlayPlan.model_validate(case["play"]), None)
    assert plan.tap("machine-01", 0).name == "tap0-0"
    with pytest.raises(NetworkError, match="no interface 1"):
        plan.tap("machine-01", 1)


def test_an_uplink_within_a_network_of_the_play_is_an_error() -> None:
    network = NetworkPlan(name="n", subnet=IPv4Network("100.127.0.0/24"), gateway=IPv4Address("100.127.0.1"))
    play = PlayPlan(playground="p", title="p", networks=(network,), machines=())
    with pytest.raises(NetworkError, match="within a network of the play"):
        _plan(play, uplink_slot(MARK, 3, UPLINK_RANGE))


def test_worlds_of_other_data_folders_have_other_names() -> None:
    assert world_name("a" * 32, PLAY) == f"labyard-aaaaaa-{PLAY}"
    assert world_name("b" * 32, PLAY) != world_name("a" * 32, PLAY)


SMALL = IPv4Network("100.127.0.0/27")
within_small = st.builds(
    lambda start, width: IPv4Network((int(SMALL.network_address) + start, 32 - width), strict=False),
    st.integers(-8, 40),
    st.integers(0, 4),
)


@given(st.lists(within_small, max_size=12), st.lists(within_small, max_size=3), st.sets(st.integers(0, 15), max_size=5))
def test_the_first_free_pair_is_free_and_the_first(
    taken: list[IPv4Network], avoid: list[IPv4Network], used: set[int]
) -> None:
    names = {uplink_slot(MARK, index, SMALL).link for index in used}
    every = [uplink_slot(MARK, index, SMALL) for index in range(16)]
    free = [
        slot
        for slot in every
        if slot.link not in names and not any(slot.network.overlaps(wall) for wall in [*taken, *avoid])
    ]
    if free:
        assert first_free(MARK, SMALL, taken=taken, avoid=avoid, names=names) == free[0]
    else:
        with pytest.raises(CapacityError, match="all uplink addresses"):
            first_free(MARK, SMALL, taken=taken, avoid=avoid, names=names)


def test_routes_as_wide_as_the_range_do_not_matter() -> None:
    """A VPN that owns all of 100.64.0.0/10, or half of all addresses."""
    wide = [IPv4Network("100.64.0.0/10"), IPv4Network("0.0.0.0/1"), SMALL]
    assert first_free(MARK, SMALL, taken=wide, avoid=(), names=()) == uplink_slot(MARK, 0, SMALL)


def test_a_slot_past_the_end_is_an_error() -> None:
    with pytest.raises(IndexError):
        uplink_slot(MARK, 16, SMALL)
    last = uplink_slot(MARK, 15, SMALL)
    assert (str(last.host), str(last.world)) == ("100.127.0.30/31", "100.127.0.31/31")
