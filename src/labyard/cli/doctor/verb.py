"""`labyard doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.text import Text

from labyard.assembly.settings import read_settings
from labyard.cli.arguments import Format
from labyard.cli.doctor.facts import look
from labyard.cli.doctor.judge import Check, Level, judge
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode
from labyard.cli.listen import Data, Listen, checked, data_folder
from labyard.cli.talk import Output, console, out_json

app = typer.Typer(rich_markup_mode=None)
_MARKS = {Level.OK: ("✓", "green"), Level.WARNING: ("!", "yellow"), Level.ERROR: ("✗", "red")}


@app.command(
    "doctor", epilog=examples("labyard doctor", "labyard doctor -o json | jq -r '.[] | select(.mend) | .mend'")
)
def doctor(
    output: Format = Output.TABLE,
    listen: Listen = None,
    data: Data = None,
) -> None:
    """Say what this box lacks to serve, with the line that mends it. The exit status is 1 when it cannot serve."""
    host, port = read_settings(data_folder(data), listen=checked(listen)).configuration.place
    checks = judge(look(data_folder(data), host, port))
    if output is Output.JSON:
        out_json([asdict(check) for check in checks])
    else:
        tell(checks)
    if any(check.level is Level.ERROR for check in checks):
        raise typer.Exit(ExitCode.FAILED)


def tell(checks: Sequence[Check], *, stderr: bool = False) -> None:
    printer = console(stderr=stderr)
    for check in checks:
        mark, style = _MARKS[check.level]
        line = (
            Text(f"{mark} ", style=style).append(f"{check.name}: ", style="bold").append(check.message, style="default")
        )
        printer.print(line)
        if check.mend:
            printer.print(Text(f"    {check.mend}", style="cyan"))
