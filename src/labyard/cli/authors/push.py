"""`content push`: a folder into a server's catalog."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from labyard.cli.arguments import Format
from labyard.cli.authors.ask import agreed
from labyard.cli.authors.linting import Linter, has_errors, unite
from labyard.cli.authors.live import Live
from labyard.cli.authors.local import LocalPiece, Look
from labyard.cli.authors.piece import Piece, piece_of
from labyard.cli.authors.plan import Plan, plan_of
from labyard.cli.authors.remote import RemotePiece, called_here
from labyard.cli.authors.sending import metered, send, tell_passed_over
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, UsageError
from labyard.cli.lint import count, show
from labyard.cli.talk import Output, out, out_json, printable, say
from labyard.errors import Problem

app = typer.Typer(rich_markup_mode=None)

As = Annotated[
    str | None,
    typer.Option("--as", help="What it is called there, where the folder does not say it.", metavar="KIND/NAME"),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What was typed. `only`: paths of the files to push, None: all."""

    folder: Path
    piece: Piece
    only: frozenset[str] | None
    force: bool
    yes: bool
    dry_run: bool
    watch: bool
    output: Output


@app.command(
    "push",
    epilog=examples(
        "labyard content push lost-route",
        "labyard content push . --as challenge/my-route",
        "labyard content push lost-route --dry-run",
        "labyard content push lost-route --yes --watch",
        "labyard content push lost-route --file index.md --file __static__/map.png",
    ),
)
def push(
    folder: Annotated[Path, typer.Argument(help="The piece's folder.", metavar="DIR")] = Path(),
    name: As = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--file", help="Only this file, by its path in DIR; repeatable. Nothing is removed.", metavar="PATH"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("-f", "--force", help="Push in spite of errors.")] = False,
    yes: Annotated[
        bool, typer.Option("-y", "--yes", help="Remove without asking what is on the server and not in DIR.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    watch: Annotated[bool, typer.Option("-w", "--watch", help="Push again at every change, until Ctrl-C.")] = False,
    output: Format = Output.TABLE,
) -> None:
    """Bring a piece of content into a server's catalog, or up to date there. Prints its page's address.

    Its kind is what `index.md` says, its name the folder's. It is checked first; what has errors stays here, unless --force.
    What is new or changed is sent, several files at a time. What is on the server and not in DIR any more is removed when
    you agree. Files that `.labctlignore` names stay here. Plays that run go on as they were started.
    """
    if watch and (dry_run or output is Output.JSON):
        raise UsageError("--watch goes on for ever: it cannot be a --dry-run, nor end as JSON")
    asked = _Asked(
        folder=folder,
        piece=piece_of(folder, name),
        only=None if not files else frozenset(_within(folder, file) for file in files),
        force=force,
        yes=yes,
        dry_run=dry_run,
        watch=watch,
        output=output,
    )
    run(lambda api: _push(api, asked))


def _within(folder: Path, file: str) -> str:
    path = Path(file)
    if not (folder / path).is_file():
        raise UsageError(f"there is no file {file} in {folder}", hint="paths are those in the piece's folder")
    if not path.is_absolute() and ".." not in path.parts:
        return path.as_posix()
    return (folder / path).resolve().relative_to(folder.resolve()).as_posix()


async def _push(api: Api, asked: _Asked) -> int:
    remote, local = RemotePiece(api, asked.piece), LocalPiece(asked.folder)
    await remote.refuse_shipped()
    linter = await Linter.over(api, asked.folder)
    look = await asyncio.to_thread(local.look)
    problems = await asyncio.to_thread(linter.problems, look)
    there = await remote.digests()
    plan = plan_of(await asyncio.to_thread(local.digests, look.files), there or {}, asked.only)
    _tell(asked, look, plan, problems)
    if has_errors(problems) and not asked.force:
        say(f"Not pushed: {count(problems)}. Mend them, or push all the same with --force.")
        return _end(asked, plan, problems, "", code=ExitCode.FAILED)
    if asked.dry_run:
        return _end(asked, plan, problems, await remote.page(), code=ExitCode.OK)
    remove = bool(plan.removed) and (asked.yes or agreed(_question(plan)))
    if there is None:
        await remote.create()
    with metered(len(plan.sent) + len(plan.removed) * remove) as done:
        told = await send(remote, plan, look, remove=remove, done=done)
    if beyond := _beyond(problems, called_here(told, asked.folder)):
        _show(asked, beyond)
    if plan.removed and not remove:
        say(
            printable(
                f"Kept on the server: {', '.join(plan.removed[:5])}{' and more' if len(plan.removed) > 5 else ''}"
            )
        )
        plan = Plan(new=plan.new, changed=plan.changed, removed=())
    code = _end(asked, plan, [*problems, *beyond], await remote.page(), code=ExitCode.OK)
    if there is None:
        say(f"It is yours alone. To show it to everybody: labyard access {asked.piece} --everybody")
    if asked.watch:
        say(f"Watching {asked.folder}; Ctrl-C ends that.")
        await Live(remote, local, linter, remove=asked.yes, force=asked.force, known=look).run()
    return code


def _tell(asked: _Asked, look: Look, plan: Plan, problems: list[Problem]) -> None:
    tell_passed_over(look.passed_over)
    _show(asked, problems)
    if asked.output is Output.TABLE:
        for line in plan.lines():
            say(printable(line))


def _show(asked: _Asked, problems: list[Problem]) -> None:
    if asked.output is Output.TABLE:
        show(problems, stderr=True)


def _question(plan: Plan) -> str:
    files = "this file" if len(plan.removed) == 1 else f"these {len(plan.removed)} files"
    return f"Remove {files} from the server: {', '.join(plan.removed[:5])}{', ...' if len(plan.removed) > 5 else ''}?"


def _beyond(here: list[Problem], there: list[Problem]) -> list[Problem]:
    """What only the server knows."""
    known = {(problem.file, problem.line, problem.message) for problem in here}
    return [each for each in unite(there, ()) if (each.file, each.line, each.message) not in known]


def _end(asked: _Asked, plan: Plan, problems: list[Problem], page: str, *, code: ExitCode) -> int:
    if asked.output is Output.JSON:
        told: dict[str, Any] = {"kind": asked.piece.kind, "name": asked.piece.name, "pageUrl": page}
        paths = {"new": list(plan.new), "changed": list(plan.changed), "removed": list(plan.removed)}
        out_json(
            {**told, "pushed": not code and not asked.dry_run, **paths, "problems": [asdict(each) for each in problems]}
        )
    elif not code:
        say(printable(f"{asked.piece}: {'would be ' if asked.dry_run and not plan.empty else ''}{plan.words()}"))
        if page:
            out(page)
    return code
