"""What holds for every manifest, also for those nobody would write."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import yaml
from hypothesis import event, given
from hypothesis import strategies as st

from labyard.errors import SpecError
from labyard.play.plan import PlayPlan
from labyard.spec.limits import DEFAULT, Limits
from labyard.spec.manifest import check, parse_manifest
from labyard.spec.model import Machine
from labyard.spec.resolve import resolve
from labyard.spec.shares import share_out
from labyard.spec.sizes import GIB, MIB, format_size

EVERYTHING = (Path(__file__).parent / "cases" / "everything" / "manifest.yaml").read_text()

GOOD: dict[str, Any] = yaml.load(EVERYTHING, yaml.CSafeLoader)

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def dump(tree: Any) -> str:
    return str(yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False))


def refuses_or_resolves(text: str) -> None:
    """Nothing but SpecError comes out, and `check` agrees with `parse_manifest`."""
    problems = check(text)
    errors = [problem for problem in problems if not problem.warning]
    try:
        manifest = parse_manifest(text)
    except SpecError as error:
        assert errors == list(error.problems)
        assert errors
        return
    assert not errors
    try:
        resolve(manifest)
    except SpecError as error:
        assert {problem.file for problem in error.problems} <= {"parameters", "limits"}


@given(TREES)
def test_any_tree(tree: Any) -> None:
    refuses_or_resolves(dump(tree))


@given(st.data())
def test_a_manifest_with_parts_replaced(data: st.DataObject) -> None:
    """Somewhere in a good manifest, put something else."""
    tree = copy.deepcopy(GOOD)
    places = list(containers(tree))
    for _ in range(data.draw(st.integers(1, 4))):
        part, key = data.draw(st.sampled_from(places))
        if isinstance(part, dict) and key in part:
            if data.draw(st.booleans()):
                part[key] = data.draw(TREES)
            else:
                part[data.draw(st.text(max_size=6))] = part.pop(key)
        elif isinstance(part, list) and part:
            part[int(key) % len(part)] = data.draw(TREES)
    refuses_or_resolves(dump(tree))


def containers(tree: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(value, dict | list):
            yield from containers(value)


@given(st.integers(0, 2**32))
def test_a_manifest_with_letters_changed(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    letters = list(EVERYTHING)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(letters))
        letters[at] = dice.choice(
            [letters[dice.randrange(len(letters))], "", "\n", "{", "*", "&a ", ": ", "- ", "\t", "\x00"]
        )
    refuses_or_resolves("".join(letters))


def interface(network: int, wish: int | None) -> dict[str, Any]:
    return {"network": f"net-{network}", "address": None if wish is None else f"10.{network}.0.{wish}"}


@st.composite
def labs(draw: st.DrawFn) -> dict[str, Any]:
    """Playgrounds whose networks, interfaces and wishes are drawn; some of the wishes cannot be had."""
    count = draw(st.integers(1, 3))
    networks = [
        {
            "name": f"net-{i}",
            "subnet": f"10.{i}.0.0/{draw(st.sampled_from([24, 28, 29]))}",
            "private": draw(st.booleans()),
        }
        for i in range(count)
    ]
    interfaces = st.builds(interface, st.integers(0, count - 1), st.none() | st.integers(0, 40))
    for i, network in enumerate(networks):
        gateway = draw(st.none() | st.integers(1, 14))
        if gateway is not None:
            network["gateway"] = f"10.{i}.0.{gateway}"
    machines = [
        {
            "name": f"m{m}",
            "users": [{"name": "root"}],
            "drives": [{"source": "debian-12", "mount": "/"}],
            "network": {"interfaces": draw(st.lists(interfaces, min_size=1, max_size=3))},
        }
        for m in range(draw(st.integers(1, 4)))
    ]
    return {
        "kind": "playground",
        "name": "lab",
        "title": "A lab",
        "playground": {"networks": networks, "machines": machines},
    }


@given(labs())
def test_nobody_shares_an_address(lab: dict[str, Any]) -> None:
    try:
        manifest = parse_manifest(dump(lab))
    except SpecError:
        event("refused")
        return
    event("resolved")
    plan = resolve(manifest)
    assert plan == resolve(manifest)
    assert PlayPlan.model_validate_json(plan.model_dump_json()) == plan
    networks = {network.name: network for network in plan.networks}
    interfaces = [interface for machine in plan.machines for interface in machine.interfaces]
    macs = [interface.mac for interface in interfaces]
    assert len(set(macs)) == len(macs)
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs), "locally administered, not multicast"
    taken = [(interface.network, interface.address.ip) for interface in interfaces]
    taken += [(network.name, network.gateway) for network in plan.networks]
    assert len(set(taken)) == len(taken)
    for name, address in taken:
        subnet: IPv4Network = networks[name].subnet
        assert address in subnet
        assert address not in (subnet.network_address, subnet.broadcast_address)
    wanted = [i["address"] for m in lab["playground"]["machines"] for i in m["network"]["interfaces"]]
    assert all(want is None or str(got.address.ip) == want for want, got in zip(wanted, interfaces, strict=True)), (
        "explicit addresses are honoured"
    )


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(96, 65536)), min_size=1, max_size=16),
    st.integers(16, 64),
    st.integers(2, 64),  # sixteen machines of the least size fit
)
def test_shares_keep_the_caps(wishes: list[tuple[int, int]], cpus: int, gibibytes: int) -> None:
    limits = Limits(cpus_per_play=cpus, memory_per_play=gibibytes * GIB, cpus_per_machine=8)
    machines = [machine(i, cpu, size * MIB) for i, (cpu, size) in enumerate(wishes)]
    shares, notes = share_out(machines, limits)
    memory = [share.memory or limits.memory_assumed for share in shares]
    assert sum(share.cpus for share in shares) <= cpus
    assert sum(memory) <= gibibytes * GIB
    for share, (cpu, size) in zip(shares, wishes, strict=True):
        assert 1 <= share.cpus <= min(cpu, 8)
        assert share.memory is not None
        assert min(limits.memory_least, size * MIB) <= share.memory <= size * MIB
    changed = sum(share.cpus < cpu for share, (cpu, _) in zip(shares, wishes, strict=True))
    changed += sum((share.memory or 0) < size * MIB for share, (_, size) in zip(shares, wishes, strict=True))
    assert len(notes) == changed


def machine(index: int, cpus: int, memory: int) -> Machine:
    return Machine.model_validate(
        {
            "name": f"m{index}",
            "users": [{"name": "root"}],
            "drives": [{"source": "debian-12", "mount": "/"}],
            "network": {"interfaces": [{}]},
            "resources": {"cpuCount": cpus, "ramSize": format_size(memory)},
        }
    )


def test_shares_are_kept_when_there_is_room() -> None:
    shares, notes = share_out([machine(0, 2, GIB), machine(1, 4, 2 * GIB)], DEFAULT)
    assert [(share.cpus, share.memory) for share in shares] == [(2, GIB), (4, 2 * GIB)]
    assert not notes
