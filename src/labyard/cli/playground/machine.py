"""`playground machine`: one machine of a play."""

from __future__ import annotations

from urllib.parse import quote

import typer

from labyard.cli.arguments import MachineName, PlayId
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.talk import for_stdout, out, say

app = typer.Typer(name="machine", help="One machine of a play.", no_args_is_help=True, rich_markup_mode=None)


def _act(play: str, machine: str, verb: str, said: str) -> None:
    async def work(api: Api) -> None:
        found = await api.play(play)
        name = found.machine(machine)
        await api.act(found, f"machine.{verb}", machine=name)
        say(f"{name} {said}")

    run(work)


@app.command("reboot", epilog=examples("labyard playground machine reboot 65f1 node-02"))
def reboot(play: PlayId, machine: MachineName) -> None:
    """Reboot a machine as if from inside."""
    _act(play, machine, "reboot", "reboots.")


@app.command("stop", epilog=examples("labyard playground machine stop 65f1 node-02"))
def stop(play: PlayId, machine: MachineName) -> None:
    """Power a machine off; its disks are kept."""
    _act(play, machine, "stop", "is being powered off.")


@app.command("restart", epilog=examples("labyard playground machine restart 65f1 node-02"))
def restart(play: PlayId, machine: MachineName) -> None:
    """Start a machine again, whatever state it is in."""
    _act(play, machine, "restart", "is being started again.")


@app.command("console", epilog=examples("labyard playground machine console 65f1 node-02 | less"))
def console(play: PlayId, machine: MachineName) -> None:
    """Print the end of a machine's serial console: what it said while it booted."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        text = await api.get(f"/api/plays/{found.id}/machines/{quote(found.machine(machine))}/console")
        out(for_stdout(str(text or "")).rstrip("\n"))

    run(work)
