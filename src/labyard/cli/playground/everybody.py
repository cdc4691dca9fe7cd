"""Everybody's plays as a table, for those who operate the server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from labyard.cli.client import Api
from labyard.cli.durations import since
from labyard.cli.stock import show_size
from labyard.cli.talk import Output, out, out_json, out_table, say

_HEADER = ("ID", "USER", "PLAYGROUND", "STATE", "AGE", "MEMORY", "DISK", "TITLE")


async def list_everybodys(api: Api, *, ended: bool, quiet: bool, output: Output) -> None:
    """`ended`: also those that were destroyed. RemoteError for who may not see them."""
    told = await api.get("/api/admin/plays", ended=str(ended).lower())
    plays = told["plays"]
    if quiet:
        for play in plays:
            out(str(play["id"]))
    elif output is Output.JSON:
        out_json(plays)
    else:
        now = datetime.now(UTC)
        out_table(_HEADER, [_row(play, now) for play in plays])
    if told.get("cut"):
        say(f"These are the newest {len(plays)}; there are more.")


def _row(play: dict[str, Any], now: datetime) -> tuple[str, ...]:
    user = str(play.get("handle") or "") or "(gone)"
    return (
        str(play["id"]),
        f"{user} (bot)" if play.get("bot") else user,
        str(play.get("playground")),
        str(play.get("state")),
        since(str(play.get("createdAt")), now),
        show_size(int(play["memory"])) if play.get("memory") else "",
        show_size(int(play["disk"])) if play.get("disk") else "",
        str(play.get("title") or ""),
    )
