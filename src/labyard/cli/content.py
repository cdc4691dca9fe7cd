"""`labyard content`: challenges, tutorials, courses and paths, for their authors. Without a server."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from labyard.cli.arguments import Format
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.lint import tell
from labyard.cli.talk import Output, out, say
from labyard.content.folder import Folder
from labyard.content.lint import lint as check
from labyard.content.render import read_lesson
from labyard.content.render import render as rendered
from labyard.content.standalone import standalone
from labyard.errors import Problem
from labyard.resources import resource

app = typer.Typer(rich_markup_mode=None)
content = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Write lessons: Markdown beside a play.")
app.add_typer(content, name="content")


@content.command("lint", epilog=examples("labyard content lint .", "labyard content lint challenges/ -o json"))
def lint(
    paths: Annotated[list[Path], typer.Argument(help="Folders of content, or Markdown files.", metavar="PATH...")],
    output: Format = Output.TABLE,
) -> None:
    """Check lessons: every problem as file:line:column. The exit status is 1 when there is an error."""
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
        problems += check(folder)
    tell(problems, count, output)


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
    lesson = read_lesson(text, file=str(file))
    place = target.parent if target is not None else Path()
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
