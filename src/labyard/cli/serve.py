"""`labyard serve` and `down`: the server of this box."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Annotated

import typer

from labyard.assembly import ending, serving
from labyard.assembly.notify import is_managed
from labyard.assembly.settings import Settings, read_settings
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode
from labyard.cli.listen import Data, Listen, checked, data_folder
from labyard.cli.logs import configure_logs
from labyard.cli.talk import out, say
from labyard.errors import ForbiddenError

app = typer.Typer(rich_markup_mode=None)


def need_root(verb: str) -> None:
    if os.geteuid() != 0:
        raise ForbiddenError(
            f"`labyard {verb}` makes networks and machines, which needs root", hint=f"sudo labyard {verb}"
        )


def serve_until_told(settings: Settings) -> None:
    """Serve in the foreground. The link goes to stdout, the rest is talk."""

    def ready(link: str) -> None:
        if is_managed():  # others may read its journal
            say("Labyard is ready. `labyard signin-link` lets a browser in.")
            return
        say("Labyard is ready. Open this link, once:")
        out(link)
        say("Ctrl-C ends the server; plays live on. `labyard down` ends all.")

    configure_logs(sys.stderr, as_json=settings.configuration.log_format == "json")
    try:
        asyncio.run(serving.serve(settings, on_ready=ready))
    except KeyboardInterrupt:
        say("The server has ended; plays live on.")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    say("The server has ended; plays live on.")


@app.command("serve", epilog=examples("labyard serve", "labyard serve --listen 0.0.0.0:8800 --data /srv/labyard"))
def serve(
    listen: Listen = None,
    data: Data = None,
    log_format: Annotated[
        str | None, typer.Option("--log-format", help="What the log's lines are; text unless set.", metavar="text|json")
    ] = None,
) -> None:
    """Serve on this box, in the foreground; for a service manager. `labyard up` looks first and installs what lacks."""
    need_root("serve")
    serve_until_told(read_settings(data_folder(data), listen=checked(listen), log_format=log_format))


@app.command("down", epilog=examples("labyard down"))
def down(data: Data = None) -> None:
    """End all plays of this box's data folder, and its server."""
    need_root("down")
    folder = data_folder(data)
    if not folder.is_dir():
        say(f"Nothing is there to end: no {folder}.")
        return
    configure_logs(sys.stderr, least=logging.ERROR)  # what a server would warn of does not matter to who ends it
    ended = asyncio.run(ending.down(read_settings(folder)))
    plays = "1 play" if ended.plays == 1 else f"{ended.plays} plays"
    say(f"Ended {plays} and the server." if ended.server else f"Ended {plays}; no server ran.")
