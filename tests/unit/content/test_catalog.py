"""The lessons that ship: well written, whole, and enough of each area. That bots solve them is proven elsewhere."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from labyard.content.folder import Folder
from labyard.content.lint import lint

CATALOG = Path(__file__).parents[3] / "catalog"
HEADS = {path: next(yaml.safe_load_all(path.read_text())) for path in sorted(CATALOG.rglob("index.md"))}
PLAYED = [path for path, head in HEADS.items() if head.get("tasks")]
AREAS = {
    "networking": {
        *("static-routes", "a-way-out", "one-open-port", "names-that-do-not-resolve", "bridge-and-vlans"),
        "wireguard-between-sites",
    },
    "storage": {
        *("mount-for-good", "grow-a-volume", "mirror-with-a-dead-disk", "swap-in-two-tiers"),
        *("where-did-the-space-go", "a-quota-for-the-guest", "a-shared-folder"),
    },
    "containers": {
        *("run-and-inspect", "why-did-it-crash", "image-from-scratch", "two-containers-one-network"),
        "container-by-hand",
    },
    "linux": {"service-that-survives", "socket-activation", "processes-and-signals", "permissions"},
    "kernel": {"user-namespaces"},
    "kubernetes": {"first-deployment"},
}
TUTORIALS = {
    *("the-way-of-a-packet", "disks-from-the-bottom-up", "first-steps-with-docker", "jobs-for-systemd"),
    "namespaces-step-by-step",
}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {path.parent.name: head for path, head in HEADS.items() if head["kind"] == kind}


def named(path: Path) -> str:
    return str(path.parent.relative_to(CATALOG))


def scripts() -> list[tuple[str, str]]:
    found = [(named(path / "x") + "/" + path.name, path.read_text()) for path in sorted(CATALOG.rglob(".solution*.sh"))]
    for path in PLAYED:
        for name, task in HEADS[path]["tasks"].items():
            for key in ("run", "hintcheck", "failcheck"):
                if key in task:
                    found.append((f"{named(path)}:{name}.{key}", re.sub(r"x\(.*?\)", '"$x"', task[key])))
    return found


def test_nothing_is_wrong_with_any_of_it() -> None:
    assert [str(problem) for problem in lint(Folder(CATALOG))] == []


def test_there_is_enough_of_each_area() -> None:
    least = {"networking": 5, "storage": 5, "containers": 4, "linux": 3, "kernel": 1, "kubernetes": 1}
    assert {area for area, number in least.items() if len(AREAS[area]) < number} == set()
    assert set(of_kind("challenge")) == set().union(*AREAS.values())
    assert set(of_kind("tutorial")) == TUTORIALS
    assert set(of_kind("course")) == {"linux-foundations"}
    assert set(of_kind("roadmap")) == {"docker"}
    assert len(of_kind("skill-path")) >= 1


def test_the_course_is_made_of_three_modules_with_lessons() -> None:
    course = CATALOG / "courses" / "linux-foundations"
    modules = sorted(course.glob("*/0.index.md"))
    assert len(modules) == 3
    for module in modules:
        assert 1 <= len(list(module.parent.glob("*/index.md"))) <= 2


@pytest.mark.parametrize("path", PLAYED, ids=named)
def test_a_lesson_is_whole(path: Path) -> None:
    folder, head = path.parent, HEADS[path]
    assert (folder / "solution.md").is_file()
    script = (folder / ".solution.sh").read_text()
    assert not script.startswith("#!")
    assert "::hint-box" in path.read_text()
    playground = CATALOG / "playgrounds" / head["playground"]["name"] / "manifest.yaml"
    manifest = yaml.safe_load(playground.read_text())
    machines = {
        machine["name"]: {user["name"] for user in machine["users"]} for machine in manifest["playground"]["machines"]
    }
    for user, machine in re.findall(r"^# session: (?:(\S+)@)?(\S+)", script, re.MULTILINE):
        assert (user or "root") in machines[machine]
    for task in head["tasks"].values():
        assert task.get("machine", next(iter(machines))) in machines
        assert "machine" in task or len(machines) == 1
    assert manifest.get("needs") == head.get("needs")


@pytest.mark.parametrize("path", PLAYED, ids=named)
def test_every_check_can_run_from_the_start_and_be_tried_alone(path: Path) -> None:
    """A bot sees every regular task fail before it solves anything, so none waits for another one."""
    tasks = HEADS[path]["tasks"]
    for name, task in tasks.items():
        assert all(tasks[need].get("init") for need in task.get("needs", ())), name
        if not task.get("init") and not task.get("helper"):
            assert task.get("hintcheck"), f"{name} says nothing to a learner who is stuck"


@pytest.mark.parametrize("path", [path for path in PLAYED if HEADS[path]["kind"] == "challenge"], ids=named)
def test_a_challenge_helps_by_degrees(path: Path) -> None:
    assert 2 <= path.read_text().count("::hint-box") <= 4


@pytest.mark.parametrize(("name", "script"), scripts(), ids=[name for name, _ in scripts()])
def test_bash_can_read_it(name: str, script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, f"{name}: {done.stderr}"
    assert done.stderr == ""
