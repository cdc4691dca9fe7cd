"""The group: which verb is where."""

from __future__ import annotations

import typer

from labyard.cli.playground import catalog, diary, end, keep, listing, look, machine, moments, prepare, start, waiting

app = typer.Typer(
    name="playground",
    help="Start, watch and end plays of a playground.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
for part in (catalog, prepare, start, listing, diary, waiting, end, moments, keep, look, machine):
    app.add_typer(part.app)
