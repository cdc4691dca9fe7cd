"""The verb that tells what happened to a play: diary."""

from __future__ import annotations

from typing import Any

import typer

from labyard.cli.arguments import Format, PlayId
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.plays import ID_LENGTH
from labyard.cli.talk import Output, out_json, out_table

app = typer.Typer(rich_markup_mode=None)


@app.command("diary", epilog=examples("labyard playground diary 65f1", "labyard playground diary 65f1 -o json"))
def diary(play: PlayId, output: Format = Output.TABLE) -> None:
    """Tell what happened to a play, oldest first: what was asked by whom, what it became, what went wrong.

    Of somebody else's play (whole id) for those who operate the server: `list --everybody` shows them.
    """

    async def work(api: Api) -> None:
        play_id = play if len(play) == ID_LENGTH and play.isalnum() else (await api.play(play)).id
        told = await api.get(f"/api/plays/{play_id}/diary")
        if output is Output.JSON:
            out_json(told)
        else:
            out_table(("WHEN", "WHO", "WHAT", "WHY"), [_row(entry) for entry in told])

    run(work)


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    asked = entry.get("kind") == "asked"
    what = f"{entry.get('detail')} {entry.get('what')}" if entry.get("kind") == "machine" else str(entry.get("what"))
    why = [entry.get("reason"), "" if entry.get("kind") == "machine" else entry.get("detail")]
    failed = "did not work: " if entry.get("kind") == "trouble" else ""
    return (
        str(entry.get("at"))[:19].replace("T", " "),
        (str(entry.get("who") or "") or "somebody who is gone") if asked else "",
        what,
        failed + ": ".join(str(part) for part in why if part),
    )
