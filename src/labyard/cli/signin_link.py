"""`labyard signin-link`."""

from __future__ import annotations

import typer

from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.talk import out

app = typer.Typer(rich_markup_mode=None)


@app.command("signin-link", epilog=examples("labyard signin-link"))
def signin_link() -> None:
    """Print a fresh link that signs one browser in, once."""

    async def work(api: Api) -> None:
        out(str((await api.post("/api/signin-links"))["url"]))

    run(work)
