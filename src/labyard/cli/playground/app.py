"""The group: which verb is where."""

from __future__ import annotations

import typer

from labyard.cli.playground import end, listing, start

app = typer.Typer(
    name="playground",
    help="Start, watch and end plays of a playground.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for module in (start, listing, end):
    app.add_typer(module.app)
