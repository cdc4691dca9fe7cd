"""Arguments and options that verbs about lessons share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from labyard.cli.exits import UsageError

Name = Annotated[str, typer.Argument(help="Its name in the catalog, or the address of its page.", metavar="NAME")]
Categories = Annotated[
    list[str] | None, typer.Option("--category", help="Only of this category; repeatable.", metavar="WORD")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only with this tag; repeatable.", metavar="WORD")]
Search = Annotated[str, typer.Option("--search", help="Only where these words are; the best first.", metavar="WORDS")]
Inputs = Annotated[list[str] | None, typer.Option("-i", "--input", help="key=value for a start parameter; repeatable.")]
Cold = Annotated[bool, typer.Option("--cold", help="Boot, though there may be a snapshot to go on from.")]
Ssh = Annotated[bool, typer.Option("--ssh/--no-ssh", help="Open a terminal in it when it is ready.")]
SkipWait = Annotated[bool, typer.Option("--skip-wait-init", help="Return at once, before it is ready.")]
QuietId = Annotated[bool, typer.Option("-q", "--quiet", help="Print the play's id alone.")]
KeepAlive = Annotated[
    bool,
    typer.Option(
        "--keep-alive", help="With --ssh: the play goes on when the shell ends. When it is left, it does in any case."
    ),
]
# labctl's; here no page opens by itself, and there is nobody to consent to.
NoOpen = Annotated[bool, typer.Option("--no-open", hidden=True)]
Consent = Annotated[bool, typer.Option("--safety-disclaimer-consent", hidden=True)]


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


Difficulties = Annotated[list[Difficulty] | None, typer.Option("--difficulty", help="Only so hard; repeatable.")]


def filters(
    *,
    search: str = "",
    categories: Sequence[str] | None = None,
    tags: Sequence[str] | None = None,
    difficulties: Sequence[str] | None = None,
    statuses: Sequence[str] | None = None,
) -> dict[str, list[str]]:
    """What a catalog is asked for."""
    return {
        "q": [search] if search else [],
        "category": list(categories or ()),
        "tag": list(tags or ()),
        "difficulty": list(difficulties or ()),
        "status": list(statuses or ()),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How a start is to go on."""

    ssh: bool
    skip_wait: bool
    keep_alive: bool
    quiet: bool
    machine: str | None = None
    user: str | None = None


def plain_name(name: str) -> str:
    """Of the address of a page, too. Raises UsageError."""
    plain = name.split("?", 1)[0].rstrip("/").rpartition("/")[2] if "://" in name else name
    if not plain or "/" in plain or plain in (".", ".."):
        raise UsageError(f"{name!r} is no lesson's name")
    return plain
