"""`labyard image` and `labyard kernel`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Cli, FakeServer

STEPS = [
    {"subject": "debian-12", "step": "unpacking", "done": 5, "total": 100000},
    {"subject": "debian-12", "step": "unpacking", "done": 9, "total": 100000},
    {"subject": "debian-12", "step": "making the disk", "done": 0, "total": None},
]


@pytest.mark.parametrize(
    ("arguments", "asked", "printed"),
    [
        (("image", "pull", "debian-12"), {"source": "debian-12"}, b"debian-12\n"),
        (("kernel", "pull", "6.12"), {"version": "6.12"}, b"6.12\n"),
    ],
)
def test_pull_tells_each_step_once(
    cli: Cli, server: FakeServer, arguments: tuple[str, ...], asked: dict[str, str], printed: bytes
) -> None:
    server.progress = [*STEPS, {"finished": True}]
    done = cli(*arguments)
    assert (done.returncode, done.stdout) == (0, printed)
    assert done.stderr == b"debian-12 unpacking\ndebian-12 making the disk\n"
    assert server.created == [asked]


def test_an_error_on_the_way_is_the_end(cli: Cli, server: FakeServer) -> None:
    server.progress = [
        STEPS[0],
        {"error": {"code": "image", "message": "the digest does not match", "hint": "pull again"}},
    ]
    done = cli("image", "pull", "debian-12")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"the digest does not match\n  pull again\n" in done.stderr


def test_a_broken_off_answer_is_no_success(cli: Cli, server: FakeServer) -> None:
    server.progress = STEPS
    assert cli("image", "pull", "debian-12").returncode == 4


def test_import_sends_the_file_whole(cli: Cli, server: FakeServer, tmp_path: Path) -> None:
    archive = tmp_path / "app.tar"
    archive.write_bytes(bytes(range(256)) * 9000)
    server.progress = [{"finished": True}]
    assert cli("image", "import", str(archive)).stdout == b"app\n"
    assert server.uploads == [archive.read_bytes()]
    assert server.created == [{"name": "app"}]


def test_import_of_nothing_is_a_wrong_command_line(cli: Cli) -> None:
    assert cli("image", "import", "/nonexistent.tar").returncode == 2


def test_lists(cli: Cli) -> None:
    assert b"2.0 GiB" in cli("image", "list").stdout
    assert json.loads(cli("image", "list", "-o", "json").stdout)[0]["source"] == "debian-12"
    rows = cli("kernel", "list").stdout.decode().splitlines()
    assert rows[1].split() == ["6.1", "6.1.0-40-cloud-amd64", "1", "MiB"]
    assert rows[2].split() == ["6.12", "-", "-"]


def test_remove_and_gc(cli: Cli, server: FakeServer) -> None:
    assert cli("image", "remove", "oci://h/x:1").stdout == b"oci://h/x:1\n"
    assert "REMOVE oci://h/x:1" in server.requests
    assert b"3 MiB" in cli("image", "gc").stderr
