"""`labyard content`: challenges, tutorials, courses and paths, for their authors. `lint` needs no server."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from labyard.cli.arguments import Format
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.lint import tell
from labyard.cli.listen import data_folder
from labyard.cli.talk import Output, out_json, out_table, printable, say
from labyard.content.folder import Folder
from labyard.content.ground import Grounds
from labyard.content.lint import lint as check
from labyard.control.catalog import Catalog
from labyard.control.manifests import Manifests
from labyard.errors import Problem
from labyard.resources import resource

_ABOVE = 3  # folders: of `challenges/NAME/index.md` the one that holds `challenges` and `playgrounds`

app = typer.Typer(rich_markup_mode=None)
content = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Write lessons: Markdown beside a play.")
app.add_typer(content, name="content")


@content.command("lint", epilog=examples("labyard content lint .", "labyard content lint challenges/ -o json"))
def lint(
    paths: Annotated[list[Path], typer.Argument(help="Folders of content, or Markdown files.", metavar="PATH...")],
    output: Format = Output.TABLE,
) -> None:
    """Check lessons: every problem as file:line:column. The exit status is 1 when there is an error.

    Playgrounds are those that ship, those of this box, and those in a folder `playgrounds` beside or above the lessons.
    """
    problems: list[Problem] = []
    count = 0
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}")
        folder = Folder(path)
        try:
            names = folder.names()
        except ValueError as error:
            raise UsageError(str(error)) from error
        if not names:
            raise UsageError(f"there is no content in {path}", hint="content begins with a file index.md")
        count += len(names)
        problems += check(folder, grounds=grounds_of(path))
    tell(problems, count, output)


def grounds_of(path: Path) -> Grounds:
    """The playgrounds that lessons at `path` may be played in."""
    top = path.resolve()
    near = [place / "playgrounds" for place in (top, *top.parents[:_ABOVE])]
    places = (*near, data_folder(None) / "playgrounds", resource("catalog") / "playgrounds")
    return Catalog([place for place in places if os.access(place, os.R_OK | os.X_OK)], Manifests()).grounds()


class Kind(StrEnum):
    CHALLENGE = "challenge"
    TUTORIAL = "tutorial"
    COURSE = "course"
    SKILL_PATH = "skill-path"
    ROADMAP = "roadmap"
    TRAINING = "training"


@content.command(
    "list", epilog=examples("labyard content list", "labyard content list --kind challenge -o json | jq '.[].problems'")
)
def list_content(
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only of this kind.")] = None,
    output: Format = Output.TABLE,
) -> None:
    """List the content a server has, of all kinds, and what is wrong with it. Lessons of courses are not looked into."""

    async def work(api: Api) -> None:
        found: list[dict[str, Any]] = []
        for wanted in [kind] if kind else Kind:
            listed = await api.get(f"/api/{wanted.value}s")
            found += [{**piece, "kind": wanted.value} for piece in listed]
        if output is Output.JSON:
            out_json(found)
            return
        rows = [
            (
                str(each["kind"]),
                str(each.get("name")),
                str(each.get("title") or ""),
                str(len(each.get("problems") or ())),
            )
            for each in found
        ]
        out_table(("KIND", "NAME", "TITLE", "PROBLEMS"), rows)
        for each in found:
            for problem in each.get("problems") or ():
                say(printable(str(problem)))

    run(work)
