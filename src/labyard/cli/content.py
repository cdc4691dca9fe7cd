"""`labyard content`: challenges, tutorials, courses and paths, for their authors. `create`, `lint`, `render` need no server."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from labyard.cli.arguments import Format
from labyard.cli.authors import create, preview, pull, push, remove
from labyard.cli.authors.grounds import grounds_of
from labyard.cli.client import Api, run
from labyard.cli.content_kinds import Kind
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.lint import tell
from labyard.cli.talk import Output, out, out_json, out_table, printable, say
from labyard.content.document import read_document
from labyard.content.folder import Folder
from labyard.content.lint import lint as check
from labyard.content.render import render as rendered
from labyard.content.standalone import standalone
from labyard.errors import Problem, SpecError
from labyard.resources import resource
from labyard.spec.limits import DEFAULT

app = typer.Typer(rich_markup_mode=None)
content = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Write lessons: Markdown beside a play.")
app.add_typer(content, name="content")
for part in (create, preview, push, pull, remove):
    content.add_typer(part.app)


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


@content.command(
    "list",
    epilog=examples(
        "labyard content list",
        "labyard content list --mine",
        "labyard content list --kind challenge -o json | jq '.[].problems'",
    ),
)
def list_content(
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only of this kind.")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what can be pushed to; also previews.")] = False,
    output: Format = Output.TABLE,
) -> None:
    """List the content a server has, of all kinds, and what is wrong with it. Lessons of courses are not looked into."""

    async def work(api: Api) -> None:
        found: list[dict[str, Any]] = []
        for wanted in [kind] if kind else Kind:
            listed = await api.get(f"/api/author/{wanted.value}s" if mine else f"/api/{wanted.value}s")
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


_STYLES = ("tokens.css", "lesson.css")
_PARTS_DEEP = 3  # a lesson lies in its module, that in its course: they share a `__static__`


@content.command("render", epilog=examples("labyard content render index.md --out lesson.html"))
def render(
    file: Annotated[Path, typer.Argument(help="A Markdown file.", metavar="FILE")],
    target: Annotated[Path | None, typer.Option("--out", help="Where the page goes. Default: stdout.")] = None,
) -> None:
    """Show a lesson as a page of its own, without a server: HTML that runs no script. `lint` tells what is wrong with it."""
    if not file.is_file():
        raise UsageError(f"there is no file {file}", hint="a lesson is a Markdown file: index.md")
    try:
        text = Folder(file).text(file.name)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    place = target.parent if target is not None else Path()
    lesson = read_document(
        text, file=str(file), exists=lambda path: _address(file, place, path) is not None, limits=DEFAULT
    )
    if lesson.unreadable and not lesson.body.parts:
        raise SpecError(lesson.unreadable)
    page = rendered(lesson, files=partial(_address, file, place))
    styles = "".join(resource(f"web/src/styles/{name}").read_text() for name in _STYLES)
    html = standalone(lesson, page, styles=styles)
    if target is None:
        out(html.rstrip("\n"))
    else:
        target.write_text(html)
        say(f"{target}: open it in a browser")


def _address(file: Path, place: Path, path: str) -> str | None:
    """Of a file in `__static__` beside the lesson or beside what it is a part of, as seen from the folder `place`."""
    home = file.resolve().parent
    for folder in (home, *home.parents[:_PARTS_DEEP]):
        if Folder(folder).exists(path):
            return quote(os.path.relpath(folder / path, place.resolve()))
        if not any((folder.parent / name).is_file() for name in ("index.md", "0.index.md", "000.index.md")):
            break
    return None
