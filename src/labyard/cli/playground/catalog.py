"""Verbs about templates: catalog, manifest."""

from __future__ import annotations

from typing import Annotated, Any

import typer
import yaml

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.lessons.arguments import Categories, Search, filters
from labyard.cli.talk import Output, for_stdout, out, out_json, out_table

app = typer.Typer(rich_markup_mode=None)
_HEAD = ("name", "base", "title", "description", "cover", "categories", "markdown")
_BODY = ("networks", "machines", "tabs", "initTasks", "initConditions", "registryAuth", "portForwards", "accessControl")


@app.command("catalog", epilog=examples("labyard playground catalog", "labyard playground catalog --search router"))
def catalog(search: Search = "", categories: Categories = None, output: Format = Output.TABLE) -> None:
    """List the playgrounds that can be started."""

    async def work(api: Api) -> None:
        playgrounds = await api.find("/api/playgrounds", filters(search=search, categories=categories))
        if output is Output.JSON:
            out_json(playgrounds)
        else:
            rows = [tuple(str(item.get(key) or "") for key in ("name", "title", "description")) for item in playgrounds]
            out_table(("NAME", "TITLE", "DESCRIPTION"), rows)

    run(work)


@app.command("manifest", epilog=examples("labyard playground manifest mini-lan > my-lan.yaml"))
def manifest(
    name: Annotated[str, typer.Argument(help="A playground of the catalog.", metavar="NAME")],
    output: Annotated[Output, typer.Option("-o", "--output", help="table is YAML.", hidden=True)] = Output.TABLE,
) -> None:
    """Print a playground as a manifest, to begin one of your own."""

    async def work(api: Api) -> None:
        told = await api.get(f"/api/playgrounds/{name}", format="extended")
        if output is Output.JSON:
            out_json(told)
        else:
            out(for_stdout(as_manifest(told)).rstrip("\n"))

    run(work)


def as_manifest(told: dict[str, Any]) -> str:
    """labctl's shape: what describes it at the top, what it is made of below `playground`; empty fields left out."""
    head = {key: told[key] for key in _HEAD if told.get(key)}
    body = {key: told[key] for key in _BODY if told.get(key)}
    return yaml.dump({"kind": "playground", **head, "playground": body}, Dumper=_Dumper, sort_keys=False, width=120)


class _Dumper(yaml.SafeDumper):
    """Scripts stay readable: text of several lines as a block."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
