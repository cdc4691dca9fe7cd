"""`labyard expose`: applications of machines, in a browser."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from labyard.cli.arguments import Format, PlayId
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.talk import Output, out, out_json, out_table, say

app = typer.Typer(
    name="expose",
    help="Show an application of a machine in a browser, at an address of its own.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Machine = Annotated[str | None, typer.Option("-m", "--machine", help="Which machine; the first.")]
Public = Annotated[bool, typer.Option("--public", help="For everybody who knows the address, not only for you.")]
_SCAN = 120.0  # seconds; each silent port takes ten of them


@app.command(
    "port",
    epilog=examples(
        "labyard expose port 65f1 8080",
        "labyard expose port 65f1 443 --https --public",
        "labyard expose port 65f1 --scanned",
    ),
)
def port(
    play: PlayId,
    number: Annotated[int | None, typer.Argument(help="The port's number.", metavar="PORT", min=1, max=65535)] = None,
    machine: Machine = None,
    public: Public = False,
    https: Annotated[bool, typer.Option("--https", help="The application speaks TLS.")] = False,
    host_rewrite: Annotated[
        str | None, typer.Option(help="The Host that the application is asked for.", metavar="HOST")
    ] = None,
    path_rewrite: Annotated[
        str | None, typer.Option(help="Put before every path that it is asked for.", metavar="PATH")
    ] = None,
    scanned: Annotated[bool, typer.Option("--scanned", help="Whatever speaks HTTP there now.")] = False,
    output: Format = Output.TABLE,
) -> None:
    """Expose a port, and print its address. Once more: in another way."""
    if (number is None) is not scanned:
        raise UsageError("give a port's number, or --scanned")
    wish = {"access": "public" if public else "private", "hostRewrite": host_rewrite, "pathRewrite": path_rewrite}

    async def work(api: Api) -> None:
        found = await api.play(play)
        path = f"/api/plays/{found.id}/ports"
        if scanned:
            wishes = [
                {"machine": each["machine"], "number": each["number"], "tls": each["protocol"] == "HTTPS"}
                for each in await _scan(api, found.id, None if machine is None else found.machine(machine))
                if each["protocol"] in ("HTTP", "HTTPS")
            ]
            if not wishes:
                say("Nothing speaks HTTP there. Is the program running, and does it listen at localhost or everywhere?")
        else:
            wishes = [{"machine": found.machine(machine), "number": number, "tls": https}]
        told = [await api.post(path, {**wish, **each}) for each in wishes]
        if output is Output.JSON:
            out_json(told if scanned else told[0])
            return
        for each in told:
            out(each["url"])

    run(work)


@app.command("scan", epilog=examples("labyard expose scan 65f1", "labyard expose scan 65f1 -m node-02 -o json"))
def scan(play: PlayId, machine: Machine = None, output: Format = Output.TABLE) -> None:
    """List what listens in a play's machines. Each port is asked whether it speaks HTTP."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        told = await _scan(api, found.id, None if machine is None else found.machine(machine))
        if output is Output.JSON:
            out_json(told)
            return
        out_table(
            ("MACHINE", "PORT", "SPEAKS", "WHERE"),
            [(each["machine"], str(each["number"]), each["protocol"], each.get("where", "localhost")) for each in told],
        )

    run(work)


@app.command("list", epilog=examples("labyard expose list 65f1", "labyard expose list 65f1 -o json"))
def list_ports(play: PlayId, output: Format = Output.TABLE) -> None:
    """List the ports of a play that can be opened: those that are exposed, and those of its tabs."""

    async def work(api: Api) -> None:
        told = await api.get(f"/api/plays/{(await api.play(play)).id}/ports")
        if output is Output.JSON:
            out_json(told)
            return
        rows = [(each["machine"], str(each["number"]), each["access"], each["url"]) for each in told]
        out_table(("MACHINE", "PORT", "FOR", "ADDRESS"), rows)

    run(work)


@app.command("remove", epilog=examples("labyard expose remove 65f1 8080", "labyard expose remove 65f1 8080 -m node-02"))
def remove(
    play: PlayId,
    number: Annotated[int, typer.Argument(help="The port's number.", metavar="PORT", min=1, max=65535)],
    machine: Machine = None,
) -> None:
    """Expose a port no more."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        name = found.machine(machine)
        path = f"/api/plays/{found.id}/ports"
        ids = [each["id"] for each in await api.get(path) if (each["machine"], each["number"]) == (name, number)]
        if not ids:
            raise UsageError(f"port {number} of {name} is not exposed", hint=f"labyard expose list {play}")
        await api.delete(f"{path}/{ids[0]}")
        say(f"Port {number} of {name} is exposed no more.")

    run(work)


async def _scan(api: Api, play: str, machine: str | None) -> list[dict[str, Any]]:
    say("Asking every port that listens …")
    query = "" if machine is None else f"?machine={machine}"
    told: list[dict[str, Any]] = await api.post(f"/api/plays/{play}/ports/scan{query}", patience=_SCAN)
    return told
