from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labyard.errors import SpecError
from labyard.spec.limits import Limits
from labyard.spec.manifest import Manifest, parse_manifest
from labyard.spec.overrides import KEYS, apply_overrides, apply_use
from labyard.spec.resolve import resolve

CASES = Path(__file__).parent / "cases"
ROOT = Path(__file__).parents[3]
GOOD = [*sorted((ROOT / "catalog/playgrounds").glob("*/manifest.yaml")), CASES / "everything/manifest.yaml"]


def lan() -> Manifest:
    return parse_manifest((ROOT / "catalog/playgrounds/nat-gateway/manifest.yaml").read_text())


def complaints(overrides: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as caught:
        apply_overrides(lan(), overrides)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.parent.name)
def test_its_own_json_changes_nothing(path: Path) -> None:
    """labctl's `start --backend` reads a playground and sends its machines back."""
    manifest = parse_manifest(path.read_text())
    changed = apply_overrides(manifest, manifest.as_json())
    assert resolve(changed) == resolve(manifest)


def test_nothing_given_is_nothing_changed() -> None:
    manifest = lan()
    assert apply_overrides(manifest, {"machines": None, "networks": [], "initTasks": {}, "playground": "x"}) is manifest


def test_a_machine_keeps_what_it_does_not_give() -> None:
    machines = [
        {
            "name": "gateway-01",
            "users": [],
            "kernel": None,
            "resources": {"cpuCount": 1, "ramSize": ""},
            "noSSH": False,
        },
        {"name": "node-01", "kernel": {"source": "6.12"}},
    ]
    plan = resolve(apply_overrides(lan(), {"machines": machines}))
    gateway, node = plan.machines
    assert (gateway.cpus, gateway.memory, gateway.kernel) == (1, None, "6.1")
    assert gateway.default_user == "laborant"
    assert node.kernel == "6.12"
    assert len(plan.tasks) == 4


def test_what_belongs_to_a_machine_left_out_goes_with_it() -> None:
    plan = resolve(apply_overrides(lan(), {"machines": [{"name": "node-01"}]}))
    assert [machine.name for machine in plan.machines] == ["node-01"]
    assert [(task.name, task.needs) for task in plan.tasks] == [("init_route", ()), ("init_way_out", ("init_route",))]
    assert [tab.machine for tab in plan.tabs] == ["node-01"]


def test_tabs_networks_and_tasks_are_replaced() -> None:
    overrides = {
        "networks": [{"name": "local", "subnet": "10.7.0.0/24"}, {"name": "inside", "subnet": "10.8.0.0/24"}],
        "tabs": [{"kind": "http-port", "name": "App", "machine": "node-01", "number": 80}],
        "initTasks": {"only": {"name": "only", "init": True, "machine": "node-01", "user": "", "run": "true"}},
    }
    plan = resolve(apply_overrides(lan(), overrides))
    assert [str(network.subnet) for network in plan.networks] == ["10.7.0.0/24", "10.8.0.0/24"]
    assert [tab.id for tab in plan.tabs] == ["http-port-node-01"]
    assert [task.name for task in plan.tasks] == ["only"]


def test_everything_wrong_is_told_by_path() -> None:
    said = complaints(
        {
            "machines": [{"name": "gateway-01", "resources": {"cpuCount": 1.5}}, {"name": "nodee"}],
            "tabs": [{"machine": "nobody"}],
        }
    )
    assert said == [
        "request:1:1: playground.machines[0].resources.cpuCount: `1.5` is not a whole number",
        "request:1:1: playground.machines[1].users: `users` is missing (At least one)",
        "request:1:1: playground.machines[1].drives: `drives` is missing (At least the root drive)",
        "request:1:1: playground.machines[1].network: `network` is missing (How it is connected)",
        "request:1:1: playground.tabs[0].machine: there is no machine `nobody` (there is `gateway-01`)",
    ]


@pytest.mark.parametrize(
    "overrides",
    [
        {"machines": "all"},
        {"machines": [7]},
        {"machines": {"name": "x"}},
        {"tabs": [None]},
        {"networks": [[[[]]]]},
        {"initTasks": [1]},
        {"initTasks": {"x": None}},
        {"machines": [{"name": {"a": 1}}]},
        {"machines": ["x"] * 100_000},
        {"tabs": object()},
        {"networks": [{"name": "local", "subnet": 10}]},
        {"machines": [{"name": "node-01", "noSSH": "x" * 1000}]},
    ],
)
def test_nonsense_is_refused(overrides: dict[str, Any]) -> None:
    assert all(line.startswith("request:1:1: ") and len(line) < 500 for line in complaints(overrides))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["node-01", "local"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "machine", "drives", "network", "run", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_json_is_taken_or_refused(overrides: dict[str, Any]) -> None:
    try:
        resolve(apply_overrides(lan(), overrides))
    except SpecError as error:
        assert error.problems


def test_limits_hold_for_overrides_too() -> None:
    tabs = [{"machine": "node-01"}] * 3
    with pytest.raises(SpecError, match="3 tabs: at most 2"):
        apply_overrides(lan(), {"tabs": tabs}, limits=Limits(tabs=2))


def absent(name: str) -> bytes:
    raise FileNotFoundError(2, "No such file", name)


def used(use: dict[str, Any]) -> tuple[Manifest | None, list[tuple[Any, str]]]:
    manifest, findings = apply_use(lan(), use, files=absent)
    return manifest, [(finding.loc, finding.message) for finding in findings if not finding.warning]


def test_a_lesson_adds_files_and_start_parameters() -> None:
    manifest = parse_manifest(
        """
kind: playground
name: alone
title: A machine by itself
playground:
  machines:
    - name: only
      users: [{name: laborant}]
      drives: [{source: debian-12, mount: /}]
      network: {interfaces: [{}]}
  startupFiles: [{path: /etc/motd, source: motd}]
  initConditions: {values: [{key: a, default: x, options: [x, y]}, {key: b, default: b}]}
""",
        files=lambda name: b"theirs",
    )
    use = {
        "startupFiles": [{"path": "/etc/issue", "source": "__static__/issue"}],
        "initConditions": {
            "values": [{"key": "a", "default": "y", "options": ["x", "y"]}, {"key": "c", "default": "c"}]
        },
        "tabs": [{"name": "Shell"}],
        "registryAuth": "me:secret",
    }
    changed, findings = apply_use(manifest, use, files=lambda name: b"mine of " + name.encode())
    assert changed is not None and [each for each in findings if not each.warning] == []
    plan = resolve(changed)
    assert [(file.path, file.content) for file in plan.machines[0].startup_files] == [
        ("/etc/motd", "theirs"),
        ("/etc/issue", "mine of __static__/issue"),
    ]
    assert plan.parameters == {"a": "y", "b": "b", "c": "c"}
    assert [tab.name for tab in plan.tabs] == ["Shell"] and plan.registry_auth == "me:secret"


def test_what_a_lesson_gets_wrong_is_told_at_its_own_place() -> None:
    base: tuple[str | int, ...] = ("playground",)
    _, told = used({"startupFiles": [{"path": "/a", "content": "x"}, {"path": "no"}]})
    assert told[0][0][:3] == (*base, "startupFiles", 1)
    _, told = used({"startupFiles": [{"path": "/a", "source": "absent"}]})
    assert told[0][0] == (*base, "startupFiles", 0, "source")
    _, told = used({"initConditions": {"values": [{"key": "new", "default": "z", "options": ["x"]}]}})
    assert told[0][0] == (*base, "initConditions", "values", 0, "default")
    _, told = used({"machines": [{"name": "node-01", "kernel": "7"}, {"name": "other"}]})
    assert {loc[:3] for loc, _ in told} == {(*base, "machines", 1)}
    assert used({"name": "x"}) == (lan(), [])
