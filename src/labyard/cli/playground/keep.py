"""Verbs that keep plays for longer: persist, save; and remove, for a playground that was saved."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from labyard.cli.arguments import PlayId
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.patience import LONG, patiently
from labyard.cli.talk import out, say

app = typer.Typer(rich_markup_mode=None)


@app.command("persist", epilog=examples("labyard playground persist 65f1"))
def persist(play: PlayId) -> None:
    """Keep a play until it is destroyed by hand: neither its time nor its age will end it."""

    async def work(api: Api) -> None:
        found = await api.act(await api.play(play), "make_persistent")
        out(found.id)

    run(work)


@app.command(
    "save",
    epilog=examples("labyard playground save 65f1 --as my-lab", "labyard playground start my-lab"),
)
def save(
    play: PlayId,
    name: Annotated[str, typer.Option("--as", help="The playground's name.", metavar="NAME", show_default=False)],
) -> None:
    """Make a running or stopped play, as it is now, a playground of your own; the play goes on as it was.

    Every play of that playground goes on from this moment. It outlives the play it was made from.
    """

    async def work(api: Api) -> None:
        found = await api.play(play)
        async with patiently(f"Saving play {found.id} as {name} ..."):
            await api.act(found, "save", name=name, patience=LONG)
        out(name)
        say(f"Start it with: labyard playground start {name}")

    run(work)


@app.command("remove", epilog=examples("labyard playground remove my-lab"))
def remove(name: Annotated[str, typer.Argument(help="A playground that was saved.", metavar="NAME")]) -> None:
    """Remove a playground that `save` made, and what it goes on from. Its plays go on."""

    async def work(api: Api) -> None:
        await api.delete(f"/api/playgrounds/{quote(name, safe='')}")
        out(name)

    run(work)
