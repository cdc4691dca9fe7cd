"""`labyard bot`: prove playgrounds and lessons with their authors' own solutions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from labyard.bots.cases import Case, Stock, choose
from labyard.bots.lab import AwayError, Lab
from labyard.bots.limits import Limits, usual
from labyard.bots.pace import Pace
from labyard.bots.patient import PatientLab
from labyard.bots.plays import Ours
from labyard.bots.report_json import as_json
from labyard.bots.reports import write_with_history
from labyard.bots.results import Outcome, Round
from labyard.bots.round import Running, stock_of
from labyard.cli.arguments import Format
from labyard.cli.bot_progress import showing
from labyard.cli.client import Api, run
from labyard.cli.durations import parse_duration, show_duration
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, UnreachableError, UsageError
from labyard.cli.lab import HttpLab
from labyard.cli.talk import Output, out_json, out_table, printable, say

app = typer.Typer(
    name="bot",
    help="Prove playgrounds and lessons: bots start them and carry out their authors' solutions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MOST_REPEATS = 100
_MOST_AT_ONCE = 64

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Playgrounds and lessons, as NAME or KIND/NAME (challenge/nat).", metavar="[NAME...]"),
]
Internet = Annotated[bool, typer.Option("--internet", help="Also try what needs the internet.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What was typed. `parallel` None: as many as is polite. `work` None: the usual time, in seconds."""

    names: tuple[str, ...]
    internet: bool
    repeat: int
    parallel: int | None
    report: Path | None
    work: float | None
    output: Output


@app.command(
    "run",
    epilog=examples(
        "labyard bot run --all",
        "labyard bot run nat-gateway --repeat 5",
        "labyard bot run challenge/nat-gateway mini-lan --report out",
        "labyard bot run --all --parallel 2 --report out -o json > round.json",
    ),
)
def run_round(
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="All there is.")] = False,
    repeat: Annotated[int, typer.Option("--repeat", help="How often each is tried.", min=1, max=_MOST_REPEATS)] = 1,
    parallel: Annotated[
        str, typer.Option("--parallel", help="Plays at once: a number, or auto.", metavar="auto|N")
    ] = "auto",
    report: Annotated[
        Path | None, typer.Option("--report", help="A folder for reports and artifacts.", metavar="DIR")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be tried.")] = False,
    internet: Internet = False,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout",
            help="How long a solution may take once its play is ready: 90s, 5m. "
            "By default 5m, and 10m where machines are emulated.",
        ),
    ] = None,
    output: Format = Output.TABLE,
) -> None:
    """Try playgrounds and lessons, each in a fresh play, and say which are proven.

    A playground must start, cold and warm, and every machine must answer. A lesson is tried with each of its solutions: its
    checks must be red before, and green afterwards. The exit status is 1 when one is not so. Ctrl-C ends all plays of the
    bots. With `auto` people go first: one play at a time while others run, never more than fit this box.
    """
    if not names and not every:
        raise UsageError("what is to be tried?", hint="give names (`labyard bot list` shows them) or --all")
    asked = _Asked(
        names=tuple(names or ()),
        internet=internet,
        repeat=repeat,
        parallel=_parallel(parallel),
        report=report,
        work=None if timeout is None else _positive(timeout),
        output=output,
    )
    if dry_run:
        run(_asked_of_server(lambda lab: _show(lab, asked.names, internet=internet, output=output)))
    else:
        run(_asked_of_server(lambda lab: _play(lab, asked)))


@app.command("list", epilog=examples("labyard bot list", "labyard bot list nat-gateway -o json"))
def list_cases(names: Names = None, internet: Internet = False, output: Format = Output.TABLE) -> None:
    """List what `bot run` would try, and why something would not be."""
    run(_asked_of_server(lambda lab: _show(lab, tuple(names or ()), internet=internet, output=output)))


def _parallel(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_AT_ONCE:
        raise UsageError(f"--parallel {text!r} is neither auto nor a number from 1 to {_MOST_AT_ONCE}")
    return int(text)


def _positive(text: str) -> float:
    seconds = parse_duration(text)
    if seconds <= 0:
        raise UsageError("--timeout leaves no time", hint="write it as 90s or 5m")
    return seconds


def _asked_of_server(work: Callable[[Lab], Awaitable[int]]) -> Callable[[Api], Awaitable[int]]:
    async def asked(api: Api) -> int:
        lab = HttpLab(api)
        try:
            await lab.room()  # without patience: a server that is not there at all is said so at once
            return await work(PatientLab(lab))
        except AwayError as error:
            raise UnreachableError(error.message, hint=error.hint) from error

    return asked


async def _show(lab: Lab, names: tuple[str, ...], *, internet: bool, output: Output) -> int:
    stock = await stock_of(lab)
    cases = choose(stock, names, internet=internet)
    if output is Output.JSON:
        out_json([_case(case) for case in cases])
    else:
        out_table(("KIND", "NAME", "CASE", "NOTE"), [(each.kind, each.name, each.case, _note(each)) for each in cases])
    if not names:
        _tell_unproven(stock)
    return ExitCode.OK


def _case(case: Case) -> dict[str, str]:
    return {"kind": case.kind, "name": case.name, "case": case.case, "title": case.title, "note": _note(case)}


def _note(case: Case) -> str:
    return f"not run here: {case.skip}" if case.skip else case.problem


def _tell_unproven(stock: Stock) -> None:
    if stock.unproven:
        say(printable("Without a solution's script: " + ", ".join(lesson.name for lesson in stock.unproven)))


async def _play(lab: Lab, asked: _Asked) -> int:
    cases = choose(await stock_of(lab), asked.names, internet=asked.internet)
    limits = usual(emulated=(await lab.room()).emulated) if asked.work is None else Limits(work=asked.work)
    ours = Ours()
    with showing(sum(not case.skip for case in cases) * asked.repeat) as tell:
        running = Running(
            lab,
            cases,
            ours=ours,
            pace=Pace(lab, ours, asked.parallel),
            limits=limits,
            repeat=asked.repeat,
            folder=asked.report,
            tell=tell,
        )
        try:
            await running.run()
        except (AwayError, asyncio.CancelledError):
            _tell_left(ours)
            raise
        finally:
            if asked.report is not None:
                write_with_history(asked.report, running.result())
    return _tell_result(running.result(), asked)


def _tell_left(ours: Ours) -> None:
    left = ", ".join(ours)
    say(f"These plays could not be ended: {left}" if left else "All plays of the bots are ended.")


def _tell_result(played: Round, asked: _Asked) -> int:
    if asked.output is Output.JSON:
        out_json(as_json(played))
    else:
        out_table(("KIND", "NAME", "CASE", "RESULT", "PASSED", "TOOK", "WHY"), [_row(each) for each in played.outcomes])
    say(played.words or "Nothing was tried.")
    if asked.report is not None:
        say(f"The matrix: {asked.report / 'index.html'}")
    return ExitCode.FAILED if played.red else ExitCode.OK


def _row(outcome: Outcome) -> tuple[str, ...]:
    tried = f"{outcome.passed} of {len(outcome.tried)}" if outcome.tried else ""
    took = show_duration(outcome.seconds) if outcome.tried else ""
    return outcome.kind, outcome.name, outcome.case, outcome.result.value, tried, took, outcome.words
