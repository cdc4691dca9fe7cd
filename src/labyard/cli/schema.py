"""`labyard schema`: what editors need to help an author."""

from __future__ import annotations

import typer

from labyard.cli.examples import examples
from labyard.cli.talk import out_json
from labyard.spec.schema import json_schema

app = typer.Typer(rich_markup_mode=None)


@app.command("schema", epilog=examples("labyard schema > playground.schema.json"))
def schema() -> None:
    """Print the JSON Schema of a playground's manifest."""
    out_json(json_schema())
