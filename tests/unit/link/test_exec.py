"""Programs through the real examiner."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from tests.unit.link.talk import ask, gone, listen, shell, until

from labyard.errors import GuestError
from labyard.machine.link import GuestLink, RefusedError
from labyard.play.streams import Exec, Result


async def test_outputs_apart_and_exit_code(link: GuestLink) -> None:
    said = await shell(link, "echo out; echo err >&2; exit 3")
    assert said == (b"out\n", b"err\n", Result(exit_code=3))


async def test_ended_by_a_signal(link: GuestLink) -> None:
    assert (await shell(link, "kill -TERM $$")).result.exit_code == 128 + 15


async def test_input_and_its_end(link: GuestLink) -> None:
    data = os.urandom(3 << 20)  # twelve times the credit, each way
    stream = await link.open(Exec(argv=("cat",)))

    async def feed() -> None:
        await stream.send(data)
        await stream.send_eof()

    feeding = asyncio.create_task(feed())
    said = await listen(stream)
    await feeding
    assert said.stdout == data
    assert said.result.exit_code == 0


async def test_environment_and_folder(link: GuestLink, tmp_path: Path) -> None:
    said = await shell(link, "pwd; echo $A", env={"A": "b c"}, cwd=str(tmp_path))
    assert said.stdout.decode().split("\n")[:2] == [str(tmp_path), "b c"]


async def test_a_tty_has_a_size(link: GuestLink) -> None:
    stream = await link.open(
        Exec(argv=("sh", "-c", "stty size; read x; stty size; exit 4"), tty=True, cols=101, rows=33)
    )
    await until(stream, b"33 101")
    await stream.resize(50, 20)
    await stream.send(b"\n")
    said = await listen(stream)
    assert b"20 50" in said.stdout
    assert said.result.exit_code == 4


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (Exec(argv=("no-such-program",)), "no-program"),
        (Exec(argv=("/no/such/program",)), "no-program"),
        (Exec(argv=("/etc/passwd",)), "not-started"),
        (Exec(argv=("true",), user="no-such-user"), "no-user"),
        (Exec(argv=("true",), cwd="/no/such/folder"), "no-folder"),
        (Exec(argv=()), "bad-request"),
    ],
)
async def test_refused(link: GuestLink, request_: Exec, reason: str) -> None:
    with pytest.raises(RefusedError) as raised:
        await link.open(request_)
    assert raised.value.reason == reason


async def test_time_is_up_for_the_whole_session(link: GuestLink, tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/child; echo started; wait"
    said = await shell(link, script, timeout=0.5)
    assert said.stdout == b"started\n"
    assert said.result == Result(exit_code=128 + 9, timed_out=True)
    await gone(int((tmp_path / "child").read_text()))


async def test_closing_hangs_up(link: GuestLink, tmp_path: Path) -> None:
    stream = await link.open(
        Exec(argv=("sh", "-c", f"trap 'echo hup > {tmp_path}/said; exit' HUP; echo $$; while :; do sleep 0.05; done"))
    )
    pid = int(await until(stream, b"\n"))
    await stream.close()
    await stream.close()
    await gone(pid)
    assert (tmp_path / "said").read_text() == "hup\n"
    with pytest.raises(GuestError):
        await stream.send(b"too late")


async def test_who_ignores_the_hangup_is_killed(link: GuestLink) -> None:
    stream = await link.open(Exec(argv=("sh", "-c", "trap '' HUP; echo $$; while :; do sleep 0.05; done")))
    pid = int(await until(stream, b"\n"))
    await stream.close()
    await gone(pid)


async def test_a_child_that_keeps_the_pipe_is_not_waited_for(link: GuestLink) -> None:
    stream = await link.open(Exec(argv=("sh", "-c", "sleep 600 & echo $!")))
    said = await listen(stream)
    assert said.result.exit_code == 0
    os.kill(int(said.stdout), 9)


async def test_nothing_is_lost_when_a_program_ends_before_it_was_read(link: GuestLink) -> None:
    stream = await link.open(Exec(argv=("sh", "-c", "head -c 900000 /dev/zero; echo end >&2")))
    await link.call("ping")  # the program has long filled credit and pipe
    said = await listen(stream)
    assert len(said.stdout) == 900000
    assert said.stderr == b"end\n"


async def test_many_at_once(link: GuestLink) -> None:
    async def one(number: int) -> int:
        return int((await ask(link, Exec(argv=("echo", str(number))))).stdout)

    assert await asyncio.gather(*(one(number) for number in range(40))) == list(range(40))
