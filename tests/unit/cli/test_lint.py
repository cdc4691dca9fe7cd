"""`labyard lint` and `labyard schema`."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Cli

GOOD = """kind: playground
name: one
title: One machine
playground:
  networks:
    - name: local
      subnet: 172.16.0.0/24
  machines:
    - name: node-01
      network:
        interfaces:
          - network: local
      users:
        - name: root
          default: true
      drives:
        - source: debian-12
          mount: /
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "labs" / "deep").mkdir(parents=True)
    (tmp_path / "labs" / "good.yaml").write_text(GOOD)
    (tmp_path / "labs" / "deep" / "bad.yml").write_text(GOOD.replace("machines:", "machnes:"))
    (tmp_path / "labs" / "other.yaml").write_text("kind: something else\n")
    return tmp_path / "labs"


def test_a_good_manifest(cli: Cli, folder: Path) -> None:
    done = cli("lint", str(folder / "good.yaml"))
    assert (done.returncode, b"error:" in done.stdout) == (0, False), done.stdout


def test_a_folder_is_searched_for_manifests(cli: Cli, folder: Path) -> None:
    done = cli("lint", str(folder))
    assert done.returncode == 1
    assert re.search(rf"^{folder}/deep/bad.yml:\d+:\d+: error: .*machnes.*machines", done.stdout.decode(), re.M)
    assert b"\x1b" not in done.stdout
    assert done.stderr.startswith(b"2 checked: ")


def test_json_has_the_place(cli: Cli, folder: Path) -> None:
    problems = json.loads(cli("lint", "-o", "json", str(folder)).stdout)
    assert problems[0]["file"].endswith("bad.yml")
    assert set(problems[0]) == {"file", "line", "column", "message", "hint", "warning"}
    assert problems[0]["line"] >= 4


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"kind: [", b"a: &a [*a, *a]\n", b"x" * (2 << 20), b""])
def test_rubbish_is_a_problem_never_a_crash(cli: Cli, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "rubbish.yaml"
    file.write_bytes(content)
    done = cli("lint", str(file))
    assert done.returncode == 1
    assert done.stdout.startswith(f"{file}:".encode())


def test_no_such_file_is_a_wrong_command_line(cli: Cli) -> None:
    assert cli("lint", "/nonexistent.yaml").returncode == 2


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_are_for_terminals_whose_owner_likes_them(
    cli: Cli, folder: Path, no_color: str, coloured: bool
) -> None:
    cli.environment |= {"TERM": "xterm-256color", "NO_COLOR": no_color}
    primary, secondary = pty.openpty()
    with cli.start("lint", str(folder / "deep" / "bad.yml"), stdout=secondary) as process:
        process.communicate(timeout=30)
    os.close(secondary)
    printed = os.read(primary, 65536)
    os.close(primary)
    assert (b"\x1b[" in printed) is coloured


def test_the_schema_is_json_schema(cli: Cli) -> None:
    schema = json.loads(cli("schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["type"] == "object" or "$ref" in schema


LAB = """kind: playground
name: lab
title: A lab of one
playground:
  networks: [{{name: local, subnet: 172.16.0.0/24}}]
  machines:
    - name: node-01
      kernel: "{kernel}"
      users: [{{name: root}}]
      drives: [{{source: {source}, mount: /}}]
      network: {{interfaces: [{{network: local}}]}}
"""


@pytest.mark.parametrize(
    ("source", "kernel", "says"),
    [
        ("debian-21", "6.1", b"there is no source `debian-21` on this box (did you mean `debian-12`?)"),
        ("debian-12", "6.2", b"there is no kernel `6.2` (did you mean `6.12`?)"),
        ("debian-12", "gentoo", b"there is no kernel `gentoo` (there is `6.1`, `6.12`, `host`)"),
    ],
)
def test_what_this_box_has_not(lonely: Cli, tmp_path: Path, source: str, kernel: str, says: bytes) -> None:
    lonely.environment["COLUMNS"] = "300"
    (tmp_path / "lab.yaml").write_text(LAB.format(source=source, kernel=kernel))
    done = lonely("lint", str(tmp_path / "lab.yaml"))
    assert done.returncode == 1
    assert says in done.stdout


def test_names_that_stand_for_an_image(lonely: Cli, tmp_path: Path) -> None:
    (tmp_path / "aliases.yaml").write_text("ours: debian-12\n")
    for source in ("debian", "ubuntu-24-04", "ours", "oci://127.0.0.1:1/x:y"):
        (tmp_path / "lab.yaml").write_text(LAB.format(source=source, kernel="6.1"))
        done = lonely("lint", str(tmp_path / "lab.yaml"))
        assert done.returncode == 0, done.stdout


def test_online_asks_the_registry(lonely: Cli, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(LAB.format(source="oci://127.0.0.1:1/x:y", kernel="6.1"))
    done = lonely("lint", "--online", str(tmp_path / "lab.yaml"))
    assert done.returncode == 1
    assert b"no image `oci://127.0.0.1:1/x:y`" in done.stdout


def test_online_names_the_line_of_every_drive(lonely: Cli, tmp_path: Path) -> None:
    here = "oci://127.0.0.1:1/x:y"
    drives = f"drives:\n        - {{source: {here}, mount: /}}\n        - {{mount: /b, source: {here}}}\n"
    start = "startupFiles: [{path: /etc/motd, source: motd}]\n      "
    text = LAB.format(source=here, kernel="6.1").replace("drives: [{source: " + here + ", mount: /}]\n", start + drives)
    (tmp_path / "motd").write_text("read by lint")
    (tmp_path / "lab.yaml").write_text(text)
    problems = json.loads(lonely("lint", "--online", "-o", "json", str(tmp_path / "lab.yaml")).stdout)
    assert [(problem["line"], problem["column"]) for problem in problems] == [(12, 20), (13, 31)]


def have_image(data: Path, source: str, *users: str) -> None:
    """As the store keeps one (see its docstring)."""
    digest = "sha256:" + "0" * 64
    disk = data / "images" / "disks" / digest.replace(":", "-")
    disk.mkdir(parents=True)
    (disk / "disk.ext4").touch()
    image = {"digest": digest, "contents": {"users": users}, "created_at": "2026-01-02T03:04:05Z"}
    (disk / "image.json").write_text(json.dumps(image))
    pointer = data / "images" / "sources" / f"{source}-{hashlib.sha256(source.encode()).hexdigest()[:16]}.json"
    pointer.parent.mkdir()
    pointer.write_text(json.dumps({"source": source, "digest": digest}))


def test_users_that_an_image_lacks(lonely: Cli, tmp_path: Path) -> None:
    """Known once the image is here, whatever name it goes by."""
    lab = tmp_path / "lab.yaml"
    lab.write_text(LAB.format(source="debian", kernel="6.1").replace("{name: root}", "{name: laborant}, {name: ann}"))
    assert lonely("lint", str(lab)).stdout == b""
    have_image(tmp_path, "debian-12", "root", "laborant")
    lonely.environment["COLUMNS"] = "300"
    done = lonely("lint", str(lab))
    assert done.stdout.decode() == f"{lab}:9:40: warning: `debian` has no user `ann`: it will be created\n"
    assert done.returncode == 0
