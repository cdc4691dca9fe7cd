"""`labyard exec`: a program in a machine, as if it were here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import Annotated, Any
from urllib.parse import quote

import typer
from websockets.exceptions import ConnectionClosed

from labyard.cli import tty
from labyard.cli.arguments import MachineOption, PlayId, UserOption
from labyard.cli.client import Api, run
from labyard.cli.durations import parse_duration
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, UsageError
from labyard.cli.stream import Ending, Input, Output, pump, send_eof, send_resize
from labyard.cli.talk import printable, say

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "exec",
    epilog=examples(
        "labyard exec 65f1 -- ip -brief address",
        "labyard exec 65f1 -m node-02 -u root -- systemctl restart nginx",
        "tar c site | labyard exec 65f1 -- tar x -C /srv",
        "labyard exec 65f1 -t -- top",
    ),
)
def execute(
    play: PlayId,
    command: Annotated[
        list[str], typer.Argument(help="The program and its arguments, after `--`.", metavar="-- CMD...")
    ],
    machine: MachineOption = None,
    user: UserOption = None,
    terminal: Annotated[bool, typer.Option("-t", "--tty", help="Give the program a terminal.")] = False,
    no_stdin: Annotated[
        bool, typer.Option("-n", "--no-stdin", help="Read nothing from stdin, for use in loops.")
    ] = False,
    env: Annotated[
        list[str] | None, typer.Option("-e", "--env", help="KEY=VALUE for its environment; repeatable.")
    ] = None,
    workdir: Annotated[str | None, typer.Option("-w", "--workdir", help="The folder it runs in.")] = None,
    timeout: Annotated[str | None, typer.Option("--timeout", help="End it after this time: 90s, 5m.")] = None,
) -> None:
    """Run a program in a machine: its exit status, stdin piped through, stdout and stderr apart."""
    request = _request(command, user=user, terminal=terminal, env=env or [], workdir=workdir, timeout=timeout)

    async def work(api: Api) -> int:
        found = await api.play(play)
        name = found.machine(machine)
        return await _converse(api, f"/api/plays/{found.id}/machines/{quote(name)}/exec", request, stdin=not no_stdin)

    run(work)


def _request(
    command: list[str], *, user: str | None, terminal: bool, env: list[str], workdir: str | None, timeout: str | None
) -> dict[str, Any]:
    """`play.streams.Exec` as JSON; absent keys mean its defaults."""
    request: dict[str, Any] = {"op": "exec", "argv": command, "tty": terminal, "env": _environment(env)}
    if terminal:
        request["cols"], request["rows"] = tty.size()
        request["env"].setdefault("TERM", os.environ.get("TERM") or "xterm-256color")
    if user is not None:
        request["user"] = user
    if workdir is not None:
        request["cwd"] = workdir
    if timeout is not None:
        request["timeout"] = parse_duration(timeout)
    return request


def _environment(pairs: list[str]) -> dict[str, str]:
    environment = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"-e {pair!r} is no KEY=VALUE")
        environment[key] = value
    return environment


async def _converse(api: Api, path: str, request: dict[str, Any], *, stdin: bool) -> int:
    async with api.socket(path) as connection:
        with contextlib.suppress(ConnectionClosed):  # refused already: why comes with what is read
            await connection.send(json.dumps(request))
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()

        def tell_size() -> None:
            tasks.add(asyncio.create_task(send_resize(connection, *tty.size())))

        if stdin:
            source = Input(loop)
            source.start()
            tasks.add(asyncio.create_task(pump(connection, source)))
        else:
            with contextlib.suppress(ConnectionClosed):
                await send_eof(connection)
        try:
            if not request["tty"]:
                return _tell(await Output(connection, channels=True).run())
            with tty.raw(), tty.on_resize(tell_size, loop.add_signal_handler):
                ending = await Output(connection, channels=True).run()
            return _tell(ending)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _tell(ending: Ending) -> int:
    if ending.timed_out:
        say("labyard: the program was ended: it ran longer than its --timeout")
    elif ending.exit_code is None:
        say("labyard: " + printable(ending.error or "the program ended without a status"))
    return ending.status() & 0xFF if ending.exit_code is not None else int(ending.status() or ExitCode.FAILED)
