"""`labyard progress`: where you stand."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from tzlocal import get_localzone_name

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.talk import Output, out, out_json, out_table

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "progress",
    epilog=examples("labyard progress", "labyard progress --zone Asia/Kathmandu", "labyard progress -o json"),
)
def progress(
    zone: Annotated[
        str | None,
        typer.Option("--zone", help="The time zone days are counted in; this computer's by default.", metavar="ZONE"),
    ] = None,
    output: Format = Output.TABLE,
) -> None:
    """Show your days, what you have solved of what there is, courses on the way, and what was last."""

    async def work(api: Api) -> None:
        told = await api.get("/api/progress", zone=zone or _here())
        if output is Output.JSON:
            out_json(told)
        else:
            _show(told)

    run(work)


def _here() -> str:
    try:
        return get_localzone_name() or "UTC"
    except (LookupError, ValueError):  # what TZ says is no zone
        return "UTC"


def _show(told: dict[str, Any]) -> None:
    current, longest, active = (told.get(key) for key in ("streak", "longestStreak", "activeDays"))
    out(f"{_days(current)} in a row, {longest} at most; {_days(len(active or ()))} in all ({told.get('zone')})")
    out("")
    rows = [(_kind(each), f"{each.get('solved')} of {each.get('total')}") for each in told.get("solved") or ()]
    out_table(("SOLVED", "HOW MANY"), rows)
    if courses := told.get("courses"):
        out("")
        rows = [(str(each.get("title")), f"{each.get('done')} of {each.get('total')}") for each in courses]
        out_table(("ON THE WAY", "DONE"), rows)
    if recent := told.get("recent"):
        out("")
        out_table(
            ("LAST", "WHAT", "WHEN"), [(str(each["title"]), str(each["did"]), str(each["at"])[:16]) for each in recent]
        )


def _days(count: object) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _kind(each: dict[str, Any]) -> str:
    return ", ".join(part for part in (f"{each.get('kind')}s", str(each.get("difficulty") or "")) if part)
