"""`labyard lint` and `labyard schema`: for authors, without a server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from labyard.cli.arguments import Format
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, UsageError
from labyard.cli.listen import data_folder
from labyard.cli.talk import Output, console, out_json, printable, say
from labyard.errors import LabyardError, Problem
from labyard.images.aliases import Aliases
from labyard.images.kernels import VERSIONS
from labyard.images.store import ImageStore
from labyard.resources import resource
from labyard.spec.document import Place
from labyard.spec.lint import drive_sources
from labyard.spec.manifest import Known, check

app = typer.Typer(rich_markup_mode=None)
_LIMIT = 1 << 20  # bytes of a manifest
_NAMES = frozenset({".yaml", ".yml"})


@app.command("lint", epilog=examples("labyard lint catalog/", "labyard lint lab.yaml -o json"))
def lint(
    paths: Annotated[list[Path], typer.Argument(help="Manifests, or folders of them.", metavar="PATH...")],
    output: Format = Output.TABLE,
    online: Annotated[bool, typer.Option("--online", help="Also ask registries whether the images exist.")] = False,
) -> None:
    """Check manifests: every problem as file:line:column. The exit status is 1 when there is an error."""
    files = [file for path in paths for file in manifests(path)]
    images = _images()
    known = Known(sources=images.names(), kernels=VERSIONS, users=images.users)
    problems = [problem for file in files for problem in check_file(file, known)]
    if online:
        problems += asyncio.run(missing_images(files, images))
    tell(problems, len(files), output)


def tell(problems: Sequence[Problem], files: int, output: Output) -> None:
    """Every problem, and a count of them. Leaves with status 1 when there is an error."""
    errors = sum(not problem.warning for problem in problems)
    if output is Output.JSON:
        out_json([asdict(problem) for problem in problems])
    else:
        show(problems)
    say(f"{files} checked: {count(problems)}")
    if errors:
        raise typer.Exit(ExitCode.FAILED)


def show(problems: Sequence[Problem], *, stderr: bool = False) -> None:
    """A line each."""
    printer = console(stderr=stderr)
    for problem in problems:
        printer.print(_styled(problem))


def count(problems: Sequence[Problem]) -> str:
    errors = sum(not problem.warning for problem in problems)
    return f"{_plural(errors, 'error')}, {_plural(len(problems) - errors, 'warning')}"


def _plural(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def manifests(path: Path) -> Iterator[Path]:
    """The file itself, or every YAML file below a folder that says it is a playground. Raises UsageError."""
    if path.is_dir():
        found = (file for file in sorted(path.rglob("*")) if file.suffix in _NAMES and file.is_file())
        yield from (file for file in found if _is_playground(file))
    elif path.exists():
        yield path
    else:
        raise UsageError(f"there is no {path}")


def _is_playground(file: Path) -> bool:
    """In folders lie other files too; one that is named outright is always checked."""
    return any(line.split("#")[0].strip().replace('"', "") == "kind: playground" for line in _read(file).splitlines())


def check_file(file: Path, known: Known) -> tuple[Problem, ...]:
    """`known`: what manifests may name here."""
    try:
        text = _read(file)
    except (OSError, ValueError) as error:
        message = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return (Problem(file=str(file), line=1, column=1, message=f"cannot be read: {message}"),)
    return check(text, file=str(file), known=known, files=lambda name: _beside(file, name))


async def missing_images(files: Sequence[Path], images: ImageStore) -> list[Problem]:
    """Images of these manifests that cannot be had; each is asked for once. Manifests with errors are passed over."""
    problems: list[Problem] = []
    asked: dict[str, str | None] = {}
    for file in files:
        for source, place in _sources(file):
            if source not in asked:
                asked[source] = await images.check(source)
            if (why := asked[source]) is not None:
                words = f"no image `{source}`: {why.removeprefix(f'{source}: ')}"
                problems.append(Problem(file=str(file), line=place.line, column=place.column, message=words))
    return problems


def _sources(file: Path) -> tuple[tuple[str, Place], ...]:
    try:
        return drive_sources(_read(file), file=str(file), files=lambda name: _beside(file, name))
    except (LabyardError, OSError, ValueError):
        return ()


def _images() -> ImageStore:
    """The names of this box, as its server knows them; those that were imported only where we may read."""
    data = data_folder(None)
    recipes = resource("images")
    own = [data / "aliases.yaml"] if os.access(data / "aliases.yaml", os.R_OK) else []
    return ImageStore(data / "images", recipes=recipes, aliases=Aliases.read(recipes / "aliases.yaml", *own))


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(_LIMIT + 1)
    if len(content) > _LIMIT:
        raise ValueError("it is larger than a manifest may be (1 MiB)")
    return content.decode(errors="replace")


def _beside(manifest: Path, name: str) -> bytes:
    """A file in the manifest's own folder. Raises ValueError for one outside."""
    folder = manifest.parent.resolve()
    file = (folder / name).resolve()
    if not file.is_relative_to(folder):
        raise ValueError("it lies outside the manifest's folder")
    with file.open("rb") as opened:
        return opened.read(_LIMIT + 1)


def _styled(problem: Problem) -> Text:
    kind, style = ("warning", "yellow") if problem.warning else ("error", "red")
    text = Text(printable(f"{problem.file}:{problem.line}:{problem.column}: "), style="bold")
    text.append(kind, style=style).append(": ").append(printable(problem.message), style="default")
    if problem.hint:
        text.append(printable(f" ({problem.hint})"), style="dim")
    return text
