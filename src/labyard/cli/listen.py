"""Where a server of this box listens and keeps its data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from labyard.cli.exits import UsageError
from labyard.cli.target import DEFAULT_DATA

DEFAULT_LISTEN = "127.0.0.1:8800"
Listen = Annotated[
    str | None, typer.Option("--listen", help=f"Where it listens; {DEFAULT_LISTEN} unless set.", metavar="HOST:PORT")
]
Data = Annotated[
    Path | None, typer.Option("--data", help="Its data folder; LABYARD_DATA or /var/lib/labyard.", metavar="DIR")
]


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `[::1]:PORT`, `:PORT` or `PORT`. Raises UsageError."""
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"{text!r} is no HOST:PORT", hint=f"write it as {DEFAULT_LISTEN}")
    return host, int(port)


def checked(listen: str | None) -> str | None:
    """The argument as it was given; UsageError when nobody can listen there."""
    if listen is not None:
        parse_listen(listen)
    return listen


def data_folder(given: Path | None) -> Path:
    return (given or Path(os.environ.get("LABYARD_DATA") or DEFAULT_DATA)).absolute()
