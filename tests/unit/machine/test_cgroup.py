"""What is written for a machine's limits, in a folder that stands for the root of cgroup v2."""

from __future__ import annotations

from pathlib import Path

import pytest

from labyard.machine import cgroup
from labyard.machine.cgroup_plan import Write, group_of, play_of, steps
from labyard.machine.machine import line
from labyard.machine.plan import MIB, Accelerator, Limits, MachineSpec

SPEC = MachineSpec(
    mark="abc123",
    play="p1",
    name="node-01",
    accelerator=Accelerator.TCG,
    cpus=2,
    memory=512 * MIB,
    kernel=Path("/k"),
    initrd=Path("/i"),
    run_dir=Path("/r"),
    uid=510_000,
    limits=Limits(file_size=MIB, memory=256 * MIB, processes=300, cpus=1.5),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma misc\n")
    return tmp_path


def empty(folder: Path) -> None:
    """A group's files are the kernel's: they never keep its folder from being removed."""
    for file in [path for path in folder.rglob("*") if path.is_file()]:
        file.unlink()


def test_controllers_are_handed_down_and_then_limits_are_set() -> None:
    root = Path("/g")
    group = root / "labyard-abc123.slice/p1-node-01"
    assert steps(root, SPEC, ("pids", "cpu", "memory", "io")) == (
        Write(path=root / "cgroup.subtree_control", text="+cpu +memory +pids"),
        Write(path=group.parent / "cgroup.subtree_control", text="+cpu +memory +pids"),
        Write(path=group / "cpu.max", text="150000 100000"),
        Write(path=group / "memory.max", text=str(768 * MIB)),
        Write(path=group / "memory.oom.group", text="1"),
        Write(path=group / "pids.max", text="300"),
    )


def test_what_is_not_offered_is_left_out() -> None:
    written = steps(Path("/g"), SPEC, ("pids",))
    assert [step.path.name for step in written] == ["cgroup.subtree_control", "cgroup.subtree_control", "pids.max"]
    unbounded = SPEC.model_copy(update={"limits": Limits(file_size=MIB)})
    assert [step.path.name for step in steps(Path("/g"), unbounded, ("cpu",))][2:] == []


async def test_a_group_is_made_and_goes_with_its_slice(root: Path) -> None:
    other = SPEC.model_copy(update={"name": "node-02"})
    group, second = cgroup.make(SPEC, root), cgroup.make(other, root)
    assert group == root / "labyard-abc123.slice/p1-node-01" == cgroup.existing(SPEC, root)
    assert second is not None
    assert (group / "memory.max").read_text() == str(768 * MIB)
    assert (root / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert cgroup.make(SPEC, root) == group, "a leftover of its own is used again"
    empty(root)
    await cgroup.remove(SPEC, root)
    assert second.is_dir()
    assert cgroup.existing(SPEC, root) is None
    await cgroup.remove(other, root)
    await cgroup.remove(other, root)
    assert list(root.iterdir()) == []


def test_the_sweep_takes_what_no_play_owns(root: Path) -> None:
    for play in ("p1", "p2"):
        cgroup.make(SPEC.model_copy(update={"play": play}), root)
    cgroup.make(SPEC.model_copy(update={"mark": "ffffff"}), root)
    empty(root)
    cgroup.sweep("abc123", {"p2"}, root)
    assert sorted(str(path.relative_to(root)) for path in root.glob("*/*")) == [
        "labyard-abc123.slice/p2-node-01",
        "labyard-ffffff.slice/p1-node-01",
    ]
    cgroup.sweep("abc123", (), root)
    assert [path.name for path in root.iterdir()] == ["labyard-ffffff.slice"]
    assert play_of(Path("/g/65f1-my-node-01")) == "65f1"


@pytest.mark.parametrize("offered", [None, "", "cpuset io"])
def test_a_box_without_controllers_runs_machines_without(tmp_path: Path, offered: str | None) -> None:
    if offered is not None:
        (tmp_path / "cgroup.controllers").write_text(offered)
    assert cgroup.make(SPEC, tmp_path) is None
    assert not list(tmp_path.glob("labyard-*"))
    assert "cpu, memory, pids" in cgroup.lacking(tmp_path)


def test_a_kernel_that_refuses_leaves_nothing(root: Path) -> None:
    """A container's own root may list controllers and not let them be handed on."""
    (root / "cgroup.subtree_control").mkdir()
    assert cgroup.make(SPEC, root) is None
    assert not list(root.glob("labyard-*"))


def test_everything_offered_is_nothing_lacking(root: Path) -> None:
    assert cgroup.lacking(root) == ""
    (root / "cgroup.controllers").write_text("cpu pids")
    assert cgroup.lacking(root) == "not limited by cgroup v2 here: memory (this box does not offer the controllers)"


def test_the_line_joins_the_group(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(cgroup, "existing", lambda spec: group_of(root, spec))
    assert str(root / "labyard-abc123.slice/p1-node-01") in line(SPEC)
