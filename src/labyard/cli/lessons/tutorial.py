"""`labyard tutorial`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.lessons import playing
from labyard.cli.lessons.arguments import Categories, Name, Search, Tags, filters, plain_name
from labyard.cli.lessons.verbs import Verb, add_start, add_stop
from labyard.cli.talk import Output, out

app = typer.Typer(rich_markup_mode=None)
tutorial = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Tutorials: to be read beside a play.")
app.add_typer(tutorial, name="tutorial")

_COLUMNS = ("name", "title", "categories", "status")


class Status(StrEnum):
    TODO = "todo"
    ATTEMPTED = "attempted"
    COMPLETED = "completed"


@tutorial.command(
    "catalog", epilog=examples("labyard tutorial catalog", "labyard tutorial catalog --status todo -o json")
)
def catalog(
    search: Search = "",
    categories: Categories = None,
    tags: Tags = None,
    statuses: Annotated[list[Status] | None, typer.Option("--status", help="Only these; repeatable.")] = None,
    output: Format = Output.TABLE,
) -> None:
    """List the tutorials there are, and how far you are with each."""

    async def work(api: Api) -> None:
        query = filters(search=search, categories=categories, tags=tags, statuses=statuses)
        playing.show_catalog(await api.find("/api/tutorials", query), output, _COLUMNS)

    run(work)


add_start(
    tutorial,
    "tutorials",
    Verb(
        help="Start the play of a tutorial, or go on with the one that runs, and return when it is ready. Prints its id.",
        examples=(
            "labyard tutorial start namespaces",
            "labyard tutorial start --ssh namespaces",
        ),
    ),
)
add_stop(
    tutorial,
    "tutorials",
    Verb(help="End the play of a tutorial. Returns when it has ended.", examples=("labyard tutorial stop namespaces",)),
)


@tutorial.command("complete", epilog=examples("labyard tutorial complete namespaces"))
def complete(name: Name) -> None:
    """Say that you are done with a tutorial."""
    plain = plain_name(name)

    async def work(api: Api) -> None:
        await api.patch(playing.path_of("tutorials", plain), {"completed": True})
        out(plain)

    run(work)
