"""`labyard config`: the settings of this box's server."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from labyard.assembly import setting_texts
from labyard.assembly.configuration import SECRETS
from labyard.assembly.configured import read
from labyard.cli.arguments import Format
from labyard.cli.examples import examples
from labyard.cli.talk import Output, out, out_json, out_table, say

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "config",
    epilog=examples(
        "labyard config",
        "labyard config -o json | jq -r '.[] | select(.from != \"default\") | .name'",
        "labyard config --example | sudo tee /etc/labyard/labyard.toml",
    ),
)
def config(
    output: Format = Output.TABLE,
    example: Annotated[bool, typer.Option("--example", help="Print a settings file with every default.")] = False,
) -> None:
    """Show the settings in force on this box, and where each comes from. Secrets are never shown."""
    if example:
        out(setting_texts.example().rstrip("\n"))
        return
    configured = read()
    shown = list(setting_texts.shown(configured))
    if output is Output.JSON:
        out_json([{"name": each.name, "value": each.value, "from": each.origin} for each in shown])
        return
    rows = [(each.name, "" if each.value is None else json.dumps(each.value), each.origin) for each in shown]
    out_table(("NAME", "VALUE", "FROM"), rows)
    if not configured.file.exists():
        say(f"There is no {configured.file}; `labyard config --example` prints one.")
    elif configured.file.stat().st_mode & 0o044 and any(
        configured.origins.get(name) == str(configured.file) for name in SECRETS
    ):
        say(f"Others on this box can read the secrets in {configured.file}: chmod 600 {configured.file}")
