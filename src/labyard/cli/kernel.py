"""`labyard kernel`: the kernels machines can boot."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.stock import show, show_size
from labyard.cli.talk import Output, out, out_json, out_table

app = typer.Typer(name="kernel", help="Kernels machines can boot.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list", epilog=examples("labyard kernel list"))
def list_kernels(output: Format = Output.TABLE) -> None:
    """List the kernels there are, and which of them are here already."""

    async def work(api: Api) -> None:
        kernels = await api.get("/api/kernels")
        if output is Output.JSON:
            out_json(kernels)
            return
        rows = [
            (
                str(kernel.get("version")),
                kernel.get("release") or "",
                show_size(kernel["size"]) if kernel.get("size") else "",
            )
            for kernel in kernels
        ]
        out_table(("VERSION", "RELEASE", "SIZE"), rows)

    run(work)


@app.command("pull", epilog=examples("labyard kernel pull 6.12"))
def pull(
    version: Annotated[str, typer.Argument(help="As `kernel list` shows it.", metavar="VERSION")],
) -> None:
    """Fetch a kernel now, so that no start has to wait for it."""

    async def work(api: Api) -> None:
        await show(api.lines("/api/kernels/pull", json={"version": version}))
        out(version)

    run(work)


@app.command("remove", epilog=examples("labyard kernel remove 6.12"))
def remove(
    version: Annotated[str, typer.Argument(help="As `kernel list` shows it.", metavar="VERSION")],
) -> None:
    """Remove a kernel that no play and no snapshot boots from. It is fetched again when one is needed."""

    async def work(api: Api) -> None:
        await api.delete(f"/api/kernels/{quote(version, safe='')}")
        out(version)

    run(work)
