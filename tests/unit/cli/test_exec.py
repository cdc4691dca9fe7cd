"""`labyard exec`: a program there, as if it were here."""

from __future__ import annotations

import hashlib
import os
import pty
import signal
from typing import TYPE_CHECKING

import pytest

from labyard.play.streams import Exec

if TYPE_CHECKING:
    from .conftest import Cli, FakeServer

ID = "0123456789abcdef01234567"
OTHER = "0123ffffffffffffffffffff"


@pytest.fixture(autouse=True)
def _running(server: FakeServer) -> None:
    server.add_play(ID)


def test_the_programs_status_is_ours(cli: Cli) -> None:
    assert cli.run("exec", ID, "--", "sh", "-c", "exit 7").returncode == 7


def test_a_program_ended_by_a_signal_has_128_and_its_number(cli: Cli) -> None:
    assert cli.run("exec", ID, "--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM


def test_stdout_and_stderr_stay_apart(cli: Cli) -> None:
    done = cli.run("exec", ID, "--", "sh", "-c", "printf out; printf err >&2")
    assert (done.stdout, done.stderr) == (b"out", b"err")


def test_stdin_is_piped_through_to_its_end(cli: Cli) -> None:
    data = os.urandom(3 << 20)
    done = cli.run("exec", ID, "--", "sha256sum", stdin=data)
    assert done.stdout.split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_much_output_arrives_whole_and_never_outruns_us(cli: Cli, server: FakeServer) -> None:
    done = cli.run("exec", ID, "--", "head", "-c", "4000000", "/dev/zero")
    assert done.stdout == bytes(4_000_000)
    assert 0 < server.most_unacknowledged <= 256 << 10


def test_a_program_that_reads_nothing_ends_though_stdin_stays_open(cli: Cli) -> None:
    with cli.start("exec", ID, "--", "true") as process:
        assert process.wait(timeout=30) == 0


def test_without_stdin_a_loop_keeps_its_lines(cli: Cli) -> None:
    assert cli.run("exec", ID, "-n", "--", "cat", stdin=b"next line\n").stdout == b""


def test_ctrl_c_ends_it_there_and_here(cli: Cli, server: FakeServer) -> None:
    with cli.start("exec", ID, "--", "sh", "-c", "echo up; exec sleep 600") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    server.wait_until(lambda: server.programs == 0)


def test_nobody_reading_ends_it_quietly(cli: Cli) -> None:
    with cli.start("exec", ID, "--", "yes") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 141


def test_what_is_asked_is_what_the_contract_says(cli: Cli, server: FakeServer) -> None:
    command = ("-m", "node-02", "-u", "root", "-e", "A=b=c", "-w", "/srv", "--timeout", "1m30s", "--", "true", "-x")
    assert cli.run("exec", ID, *command).returncode == 0
    asked = dict(server.execs[0])
    assert asked.pop("machine") == "node-02"
    expected = Exec(argv=("true", "-x"), user="root", env={"A": "b=c"}, cwd="/srv", timeout=90)
    assert Exec.model_validate(asked, strict=False) == expected
    assert set(asked) <= set(Exec.model_fields)


def test_the_first_machine_is_the_default(cli: Cli, server: FakeServer) -> None:
    cli.run("exec", ID, "--", "true")
    assert server.execs[0]["machine"] == "node-01"


def test_a_terminal_has_our_size_and_name_and_is_given_back(cli: Cli, server: FakeServer) -> None:
    primary, secondary = pty.openpty()
    os.set_blocking(primary, True)
    process = cli.start("exec", ID, "-t", "--", "true", stdin=secondary)
    assert process.wait(timeout=30) == 0
    asked = server.execs[0]
    assert asked["tty"] is True
    assert asked["env"]["TERM"]
    assert asked["cols"] > 0
    for descriptor in (primary, secondary):
        os.close(descriptor)
    process.communicate()


@pytest.mark.parametrize(
    ("ending", "status", "says"),
    [
        ({"result": {"exit_code": None, "error": "no such user: bob"}}, 1, b"no such user: bob"),
        ({"error": {"code": "no-program", "message": "no such program: vi"}}, 127, b"no such program: vi"),
        ({"error": {"code": "not-started", "message": "exec format error"}}, 126, b"exec format error"),
        ({"result": {"exit_code": 137, "timed_out": True}}, 124, b"--timeout"),
        (None, 1, b"broke off"),
    ],
)
def test_no_status_of_its_own_is_said(
    cli: Cli, server: FakeServer, ending: dict[str, object] | None, status: int, says: bytes
) -> None:
    server.canned_endings.append(ending)
    done = cli.run("exec", ID, "--", "true")
    assert says in done.stderr
    assert done.returncode == (4 if ending is None else status)


def test_a_prefix_is_enough(cli: Cli) -> None:
    assert cli.run("exec", "0123", "--", "true").returncode == 0


def test_a_prefix_of_two_needs_more(cli: Cli, server: FakeServer) -> None:
    server.add_play(OTHER)
    done = cli.run("exec", "0123", "--", "true")
    assert done.returncode == 2
    assert ID.encode() in done.stderr
    assert OTHER.encode() in done.stderr


def test_of_two_the_active_one_is_meant(cli: Cli, server: FakeServer) -> None:
    server.add_play(OTHER, state="DESTROYED")
    assert cli.run("exec", "0123", "--", "true").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("exec", "ffff", "--", "true"), 3, b"playground list"),
        (("exec", ID, "-m", "node-09", "--", "true"), 3, b"node-01, node-02"),
        (("exec", ID), 2, b"CMD"),
        (("exec", ID, "-e", "novalue", "--", "true"), 2, b"KEY=VALUE"),
        (("exec", ID, "--timeout", "soon", "--", "true"), 2, b"1h30m"),
    ],
)
def test_what_cannot_be_is_said(cli: Cli, arguments: tuple[str, ...], status: int, says: bytes) -> None:
    done = cli(*arguments)
    assert done.returncode == status
    assert says in done.stderr
    assert done.stdout == b""


def test_a_missing_server_says_how_to_start_it(lonely: Cli) -> None:
    done = lonely("exec", ID, "--", "true")
    assert done.returncode == 4
    assert b"labyard up" in done.stderr
