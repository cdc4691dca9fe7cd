"""`labyard content`: challenges, tutorials, courses and paths, for their authors. Without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labyard.cli.arguments import Format
from labyard.cli.examples import examples
from labyard.cli.exits import UsageError
from labyard.cli.lint import tell
from labyard.cli.talk import Output
from labyard.content.folder import Folder
from labyard.content.lint import lint as check
from labyard.errors import Problem

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
