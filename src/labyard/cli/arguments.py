"""Arguments and options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

from labyard.cli.talk import Output

PlayId = Annotated[str, typer.Argument(help="The play's id, or its beginning.", metavar="ID")]
PlayIds = Annotated[list[str], typer.Argument(help="Ids of plays, or their beginnings.", metavar="ID...")]
MachineName = Annotated[str, typer.Argument(help="The machine's name.", metavar="MACHINE")]
MachineOption = Annotated[
    str | None, typer.Option("-m", "--machine", help="The machine; the first one by default.", metavar="MACHINE")
]
UserOption = Annotated[
    str | None, typer.Option("-u", "--user", help="The user; the machine's default user by default.", metavar="USER")
]
Format = Annotated[Output, typer.Option("-o", "--output", help="How to print it.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print ids alone.")]
