"""`labyard token`: tokens of one's own."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.talk import Output, out, out_json, out_table, say

app = typer.Typer(
    name="token",
    help="Tokens of your own, for programs and other computers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list", epilog=examples("labyard token list", "labyard token list -o json"))
def list_tokens(output: Format = Output.TABLE) -> None:
    """List your tokens. Their secrets are not kept."""

    async def work(api: Api) -> None:
        tokens = await api.get("/api/tokens")
        if output is Output.JSON:
            out_json(tokens)
            return
        rows = [
            (token["id"], token["name"], " ".join(token["scope"]) or "everything", token["expiresAt"][:10] or "never")
            for token in tokens
        ]
        out_table(("ID", "NAME", "GOOD FOR", "ENDS"), rows)

    run(work)


@app.command(
    "create",
    epilog=examples(
        "labyard token create laptop",
        "labyard token create ci --scope playground:write --scope learning:read --days 90",
        "export LABYARD_TOKEN=$(labyard token create laptop)",
    ),
)
def create(
    name: Annotated[str, typer.Argument(help="What it is for.", metavar="NAME")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it is good for: {account,learning,playground,author}:{read,write}, metrics:read. All that you may."
        ),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="When it ends. Never.")] = None,
) -> None:
    """Make a token and print it, this once."""

    async def work(api: Api) -> None:
        made = await api.post("/api/oauth/tokens", {"name": name, "scope": scope or [], "expiresInDays": days})
        say(f"Use it as LABYARD_TOKEN. It is not shown again; `labyard token remove {made['id']}` ends it.")
        out(str(made["accessToken"]))

    run(work)


@app.command("remove", epilog=examples("labyard token remove 65f0..."))
def remove(token: Annotated[str, typer.Argument(help="As `token list` shows it.", metavar="ID")]) -> None:
    """End a token."""

    async def work(api: Api) -> None:
        await api.delete(f"/api/tokens/{quote(token, safe='')}")

    run(work)
