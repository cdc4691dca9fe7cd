"""Verbs about moments of a play: fork, snapshot, snapshots, rewind, remove-snapshot."""

from __future__ import annotations

from typing import Annotated

import typer

from labyard.cli.arguments import Format, PlayId
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.patience import LONG, patiently
from labyard.cli.playground.start import begin, report
from labyard.cli.stock import show_size
from labyard.cli.talk import Output, out, out_json, out_table, say
from labyard.cli.watch import until_ready

app = typer.Typer(rich_markup_mode=None)
_NewName = Annotated[
    str, typer.Option("--name", help="Its name: small letters, digits and `._-`.", metavar="NAME", show_default=False)
]
_SnapshotName = Annotated[str, typer.Argument(help="The snapshot's name.", metavar="NAME")]
_QuietId = Annotated[bool, typer.Option("-q", "--quiet", help="Print the play's id alone.")]


@app.command("fork", epilog=examples("labyard playground fork 65f1", "OTHER=$(labyard playground fork -q 65f1)"))
def fork(play: PlayId, quiet: _QuietId = False) -> None:
    """Make a second play of a running or stopped one, as it is now, and return when it is ready.

    Prints the new play's id. The first one goes on as it was. Ctrl-C ends the play that was being made.
    """

    async def work(api: Api) -> int:
        found = await api.play(play)
        return await begin(api, api.act(found, "fork"), quiet=quiet)

    run(work)


@app.command(
    "snapshot",
    epilog=examples(
        "labyard playground snapshot 65f1 --name before-upgrade", "labyard playground rewind 65f1 before-upgrade"
    ),
)
def snapshot(play: PlayId, name: _NewName) -> None:
    """Keep this moment of a running or stopped play under a name; it goes on as it was.

    Memory, disks and terminals of all its machines, at one instant.
    """

    async def work(api: Api) -> None:
        found = await api.play(play)
        async with patiently(f"Keeping this moment of play {found.id} ..."):
            await api.act(found, "snapshot", name=name, patience=LONG)
        out(name)

    run(work)


@app.command(
    "snapshots", epilog=examples("labyard playground snapshots 65f1", "labyard playground snapshots 65f1 -o json")
)
def snapshots(play: PlayId, output: Format = Output.TABLE) -> None:
    """List a play's snapshots, oldest first."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        kept = await api.get(f"/api/plays/{found.id}/snapshots")
        if output is Output.JSON:
            out_json(kept)
            return
        rows = [
            (str(each.get("name")), str(each.get("createdAt") or "")[:19], show_size(int(each.get("size") or 0)))
            for each in kept
        ]
        out_table(("NAME", "TAKEN", "SIZE"), rows)

    run(work)


@app.command("rewind", epilog=examples("labyard playground rewind 65f1 before-upgrade"))
def rewind(play: PlayId, name: _SnapshotName, quiet: _QuietId = False) -> None:
    """Make a play what it was when a snapshot was taken, let it go on from there, and return when it is ready.

    What came after is lost, unless a snapshot was taken of it. The snapshot stays.
    """

    async def work(api: Api) -> int:
        found = await api.play(play)
        async with patiently(f"Rewinding play {found.id} ..."):
            found = await api.act(found, "rewind", name=name, patience=LONG)
        return await report(api, await until_ready(api, found, quiet=quiet), quiet=quiet)

    run(work)


@app.command("remove-snapshot", epilog=examples("labyard playground remove-snapshot 65f1 before-upgrade"))
def remove_snapshot(play: PlayId, name: _SnapshotName) -> None:
    """Forget a snapshot of a play. The play stays as it is."""

    async def work(api: Api) -> None:
        found = await api.play(play)
        await api.act(found, "remove_snapshot", name=name, patience=LONG)
        say(f"Snapshot {name} of play {found.id} is gone.")

    run(work)
