"""`labyard challenge`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from labyard.cli.arguments import Format, Quiet
from labyard.cli.client import Api, run
from labyard.cli.durations import parse_duration
from labyard.cli.examples import examples
from labyard.cli.lessons import playing
from labyard.cli.lessons.arguments import Categories, Difficulties, Name, Search, Tags, filters, plain_name
from labyard.cli.lessons.verbs import Verb, add_start, add_stop
from labyard.cli.talk import Output, out, out_json, out_table

app = typer.Typer(rich_markup_mode=None)
challenge = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="Challenges: something is broken, and checks see you mend it."
)
app.add_typer(challenge, name="challenge")

_COLUMNS = ("name", "title", "difficulty", "categories", "status")


class Status(StrEnum):
    TODO = "todo"
    ATTEMPTED = "attempted"
    SOLVED = "solved"


@challenge.command(
    "catalog",
    epilog=examples(
        "labyard challenge catalog",
        "labyard challenge catalog --category linux --difficulty easy --status todo",
        'labyard challenge catalog --search "crash loop"',
    ),
)
def catalog(
    search: Search = "",
    categories: Categories = None,
    tags: Tags = None,
    difficulties: Difficulties = None,
    statuses: Annotated[list[Status] | None, typer.Option("--status", help="Only these; repeatable.")] = None,
    output: Format = Output.TABLE,
) -> None:
    """List the challenges there are, and how far you are with each."""

    async def work(api: Api) -> None:
        query = filters(search=search, categories=categories, tags=tags, difficulties=difficulties, statuses=statuses)
        playing.show_catalog(await api.find("/api/challenges", query), output, _COLUMNS)

    run(work)


@challenge.command("list", epilog=examples("labyard challenge list", "labyard challenge list -q"))
def list_running(quiet: Quiet = False, output: Format = Output.TABLE) -> None:
    """List challenges of which a play runs."""

    async def work(api: Api) -> None:
        plays = [play for play in await api.plays() if play.active and play.raw.get("challengeName")]
        found: list[dict[str, Any]] = [
            await api.get(playing.path_of("challenges", name))
            for name in dict.fromkeys(str(play.raw["challengeName"]) for play in plays)
        ]
        if output is Output.JSON:
            out_json(found)
        elif quiet:
            for play in plays:
                out(play.id)
        else:
            status = {str(each.get("name")): str(each.get("status")) for each in found}
            rows = [(name := str(play.raw["challengeName"]), play.id, play.state, status[name]) for play in plays]
            out_table(("NAME", "PLAY", "STATE", "STATUS"), rows)

    run(work)


add_start(
    challenge,
    "challenges",
    Verb(
        help="Start a challenge, or go on with the play of it that runs, and return when it is ready.\n\n"
        "Prints the play's id. `labyard challenge wait` returns when it is solved.",
        examples=(
            "labyard challenge start crashing-container",
            "ID=$(labyard challenge start -q crashing-container)",
            "labyard challenge start --ssh crashing-container",
        ),
    ),
)
add_stop(
    challenge,
    "challenges",
    Verb(
        help="End the play of a challenge. Returns when it has ended; what you have solved stays solved.",
        examples=("labyard challenge stop crashing-container",),
    ),
)


@challenge.command(
    "wait",
    epilog=examples(
        "labyard challenge wait crashing-container",
        "labyard challenge wait crashing-container --timeout 0 && echo solved",
    ),
)
def wait(
    name: Name,
    timeout: Annotated[str, typer.Option("--timeout", help="Wait no longer than this; 0 waits for ever.")] = "5m",
) -> None:
    """Wait until the server says that a challenge is solved. The exit status is 1 when it is not, or has failed."""
    limit, plain = parse_duration(timeout), plain_name(name)
    run(lambda api: playing.solved(api, "challenges", plain, limit=limit))
