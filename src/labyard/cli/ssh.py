"""`labyard ssh`: an interactive terminal of a machine, which outlives the connection."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable
from typing import Annotated
from urllib.parse import quote, urlencode

import typer
from websockets.asyncio.client import ClientConnection

from labyard.cli import tty
from labyard.cli.arguments import MachineOption, PlayId, UserOption
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.plays import PlayView
from labyard.cli.stream import Ending, Input, Output, pump, send_resize
from labyard.cli.talk import printable, say

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "ssh",
    epilog=examples(
        "labyard ssh 65f1", "labyard ssh 65f1 -m node-02 -u root", "labyard ssh 65f1 --terminal ssh-3f2a1c"
    ),
)
def ssh(
    play: PlayId,
    machine: MachineOption = None,
    user: UserOption = None,
    terminal: Annotated[
        str | None, typer.Option("--terminal", help="Come back to a terminal that was left, by its name.")
    ] = None,
) -> None:
    """Open a terminal in a machine. Enter ~ . leaves it running; its shell's exit ends it."""

    async def work(api: Api) -> int:
        return status_of(await attach(api, await api.play(play), machine=machine, user=user, terminal=terminal))

    refuse_no_terminal()
    run(work)


def refuse_no_terminal() -> None:
    """UsageError where nobody can type."""
    if not os.isatty(0):
        raise UsageError("stdin is no terminal", hint="for scripts there is `labyard exec ID -- CMD...`")


async def attach(
    api: Api, found: PlayView, *, machine: str | None, user: str | None, terminal: str | None = None
) -> Ending:
    """A terminal in one of its machines, until it is left or its shell ends."""
    name = terminal or f"ssh-{secrets.token_hex(3)}"
    host = found.machine(machine)
    cols, rows = tty.size()
    query = {"cols": str(cols), "rows": str(rows), **({"user": user} if user else {})}
    path = f"/api/plays/{found.id}/machines/{quote(host)}/terminals/{quote(name)}?{urlencode(query)}"
    async with api.socket(path) as connection:
        say(f"On {host}. Enter ~ . leaves it running.")
        ending = await _attached(connection)
    if ending.left:
        say(f"\nLeft running. Back: labyard ssh {found.id[:8]} -m {host} --terminal {name}")
    elif ending.error is not None:
        say("labyard: " + printable(ending.error))
    return ending


def status_of(ending: Ending) -> int:
    """A verb's exit status after it."""
    return 0 if ending.left else ending.status() & 0xFF


async def _attached(connection: ClientConnection) -> Ending:
    """Keys there, output here, until its shell ends or the user leaves."""
    loop = asyncio.get_running_loop()
    left = asyncio.Event()
    resizes: set[asyncio.Task[None]] = set()

    def tell_size() -> None:
        task = asyncio.create_task(send_resize(connection, *tty.size()))
        resizes.add(task)
        task.add_done_callback(resizes.discard)

    source = Input(loop)
    keys = Escape(left.set)
    with tty.raw(), tty.on_resize(tell_size, loop.add_signal_handler):
        source.start()
        typing = asyncio.create_task(pump(connection, source, keys.feed))
        output = asyncio.create_task(Output(connection, channels=False).run())
        leaving = asyncio.create_task(left.wait())
        try:
            await asyncio.wait((output, leaving), return_when=asyncio.FIRST_COMPLETED)
            return output.result() if output.done() else Ending(left=True)
        finally:
            for task in (typing, output, leaving):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(typing, output, leaving, return_exceptions=True)


class Escape:
    """`~.` at the beginning of a line leaves, `~~` is one `~`: as in OpenSSH, so that fingers know it."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._line_begins = True
        self._held = False

    def feed(self, data: bytes) -> bytes:
        """What of the keys goes to the machine."""
        passed = bytearray()
        for key in data:
            char = bytes((key,))
            if self._held:
                self._held = False
                if char == b".":
                    self._leave()
                    return bytes(passed)
                passed += b"~" if char == b"~" else b"~" + char
            elif self._line_begins and char == b"~":
                self._held = True
                continue
            else:
                passed += char
            self._line_begins = char in (b"\r", b"\n")
        return bytes(passed)
