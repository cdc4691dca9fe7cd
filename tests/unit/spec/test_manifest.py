from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest

from labyard.errors import SpecError
from labyard.spec.lint import has_errors, lint_text
from labyard.spec.manifest import Known, check, parse_manifest
from labyard.spec.resolve import resolve

ROOT = Path(__file__).parents[3]
CATALOG = sorted((ROOT / "catalog" / "playgrounds").glob("*/manifest.yaml"))
SHIPPED = [*CATALOG, ROOT / "tests" / "bench" / "five-machines.yaml"]
EVERYTHING = (Path(__file__).parent / "cases" / "everything" / "manifest.yaml").read_text()

ONE = """\
kind: playground
name: one
title: One machine
playground:
  machines:
    - name: a
      users: [{name: laborant}, {name: root}]
      kernel: "6.2"
      drives: [{source: debian-21, mount: /}, {source: busybox}]
      network: {interfaces: [{}]}
      startupFiles: [{path: /etc/x, source: __static__/x.txt}]
"""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_ships_is_clean(path: Path) -> None:
    known = Known(sources=["debian-12", "debian-12-docker", "busybox"], kernels=["6.1", "6.12", "host"])
    assert lint_text(path.read_text(), file=path.name, known=known) == ()
    manifest = parse_manifest(path.read_text())
    plan = resolve(manifest)
    assert plan.notes == ()
    assert manifest.access_control.can_start == ("anyone",)
    if path in CATALOG:
        assert manifest.name == path.parent.name
        assert manifest.markdown and manifest.description


@pytest.mark.parametrize("path", CATALOG, ids=lambda path: path.parent.name)
def test_its_scripts_are_bash(path: Path) -> None:
    for task in parse_manifest(path.read_text()).playground.init_tasks.values():
        subprocess.run(["bash", "-n"], input=task.run, text=True, check=True)


def test_the_catalog_is_whole() -> None:
    names = ["client-server", "debian", "docker", "four-hops", "kernels", "kubernetes", "mini-lan", "nat-gateway"]
    names += ["routing-lab", "storage-lab", "tiny", "two-sites"]
    assert [path.parent.name for path in CATALOG] == names


def test_what_a_box_has_not_is_told() -> None:
    known = Known(sources=["debian-12", "busybox"], kernels=["6.1", "6.12"], users={"debian-21": ["root", "admin"]}.get)
    said = [str(problem) for problem in check(ONE.replace("      startupFiles", "      # "), known=known)]
    assert said == [
        "manifest.yaml:7:22: warning: `debian-21` has no user `laborant`: it will be created",
        "manifest.yaml:8:15: there is no kernel `6.2` (did you mean `6.12`?)",
        "manifest.yaml:9:25: there is no source `debian-21` on this box (did you mean `debian-12`?)",
    ]


@pytest.mark.parametrize(("size", "complaints"), [("96MiB", []), ("64MiB", ["a machine needs at least 96MiB"])])
def test_memory_in_which_no_kernel_comes_up(size: str, complaints: list[str]) -> None:
    text = ONE[: ONE.index("      startupFiles")] + f"      resources: {{ramSize: {size}}}\n"
    assert [problem.message for problem in check(text)] == complaints


def test_a_file_beside_the_manifest_is_read() -> None:
    manifest = parse_manifest(ONE, files={"__static__/x.txt": b"hello\n"}.__getitem__)
    assert resolve(manifest).machines[0].startup_files[0].content == "hello\n"
    assert manifest.playground.machines[0].startup_files[0].source == "__static__/x.txt"


@pytest.mark.parametrize(
    ("source", "content", "complaint"),
    [
        ("__static__/gone.txt", None, "No such file or directory"),
        ("../../etc/passwd", b"", "not a file beside the manifest"),
        ("/etc/passwd", b"", "not a file beside the manifest"),
        ("__static__/x.bin", b"\xff\xfe", "binary startup files are not supported yet"),
        ("__static__/x.txt", b"x" * 300_000, "larger than 256 KiB"),
    ],
)
def test_a_file_that_cannot_be_read(source: str, content: bytes | None, complaint: str) -> None:
    def read(path: str) -> bytes:
        if content is None:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        return content

    problems = check(ONE.replace("__static__/x.txt", source), files=read)
    assert [problem.line for problem in problems] == [11]
    assert complaint in problems[0].message


def test_errors_carry_their_file() -> None:
    with pytest.raises(SpecError) as caught:
        parse_manifest("kind: playground", file="labs/broken.yaml")
    assert {problem.file for problem in caught.value.problems} == {"labs/broken.yaml"}
    assert has_errors(caught.value.problems)


def test_json_is_what_labctl_reads() -> None:
    """Names and types of the Playground object in labctl's `api` package; Go refuses a wrong type."""
    value = parse_manifest(EVERYTHING).as_json()
    machine = value["machines"][0]
    assert value["name"] == "everything-51c9d61a"
    assert "kind" not in value and "playground" not in value and "access" not in value
    assert machine["kernel"] == {"source": "6.12"}
    assert machine["drives"][1] == {
        "mount": "/data",
        "size": "1536MiB",
        "filesystem": "btrfs",
        "readOnly": True,
    }
    assert machine["resources"] == {"cpuCount": 2, "ramSize": "1GiB"}
    assert machine["startupFiles"] == [
        {
            "path": "/etc/one",
            "content": "one",
            "append": True,
            "owner": "laborant:users",
            "mode": "600",
            "extract": False,
        }
    ]
    assert machine["network"] == {
        "interfaces": [{"network": "lan", "address": "10.0.0.1"}, {"network": "inner", "address": "10.1.0.9/24"}]
    }
    assert value["machines"][1]["noSSH"] is True
    task = value["initTasks"]["runtime"]
    assert (task["name"], task["init"], task["timeout_seconds"], task["user"]) == ("runtime", True, 90, "laborant")
    assert task["conditions"] == [{"key": "Container runtime", "value": "containerd"}]
    assert value["initConditions"]["values"][2]["validationRegex"] == r"^\d+\.\d+$"
    assert value["tabs"][2]["hostRewrite"] == "app.test"
    assert value["portForwards"][0]["remotePort"] == 80
    assert value["registryAuth"] == "user:secret"
    assert value["accessControl"]["canStart"] == ["authenticated", "github:someone"]


def test_json_of_little_has_what_labctl_needs() -> None:
    value = parse_manifest((Path(__file__).parent / "cases/minimal/manifest.yaml").read_text()).as_json()
    assert value["networks"] == [{"name": "local", "subnet": "172.16.0.0/24", "private": False}]
    assert value["accessControl"] == {"canList": ["owner"], "canRead": ["owner"], "canStart": ["owner"]}
    assert (value["description"], value["base"], value["categories"], value["tabs"]) == ("", "", [], [])
    assert (value["initTasks"], value["initConditions"]) == ({}, {"values": []})


def test_a_flood_of_mistakes_is_told_in_part() -> None:
    """Thousands of broken parts, each of which would ask for the nearest of thousands of words."""
    keys = "".join(f"key{i}: 1\n" for i in range(5000))
    machines = "playground:\n  machines: [" + "x, " * 5000 + "y]\n"
    assert 100 < len(check(keys)) <= 300
    assert 100 < len(check("kind: playground\n" + machines)) <= 300
    tasks = "".join(f"    t{i}: {{machine: a, run: x, needs: [s{i}]}}\n" for i in range(3000))
    many = check((Path(__file__).parent / "cases/minimal/manifest.yaml").read_text() + "  initTasks:\n" + tasks)
    assert [problem.message for problem in many] == ["3000 init tasks: at most 256 are allowed here"]
