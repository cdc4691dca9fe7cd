"""`labyard course`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from labyard.cli.arguments import Format, MachineOption, UserOption
from labyard.cli.client import Api, run
from labyard.cli.examples import examples
from labyard.cli.exits import ExitCode, UsageError
from labyard.cli.lessons import playing
from labyard.cli.lessons.arguments import (
    Categories,
    Consent,
    Inputs,
    KeepAlive,
    Manner,
    Name,
    NoOpen,
    QuietId,
    Search,
    SkipWait,
    Ssh,
    Tags,
    filters,
    plain_name,
)
from labyard.cli.lessons.tutorial import Status
from labyard.cli.playground.end import ended
from labyard.cli.playground.start import parameters
from labyard.cli.plays import PlayView
from labyard.cli.ssh import refuse_no_terminal
from labyard.cli.talk import Output, out, out_json, out_table, printable, say
from labyard.errors import ConflictError, NotFoundError

app = typer.Typer(rich_markup_mode=None)
course = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Courses: lessons in an order.")
app.add_typer(course, name="course")

_Lesson = Annotated[str, typer.Argument(help="The lesson's name.", metavar="LESSON")]
_Module = Annotated[
    str | None, typer.Option("--module", help="Its module, where two lessons have the same name.", metavar="MODULE")
]


@course.command("catalog", epilog=examples("labyard course catalog", "labyard course catalog linux-basics"))
def catalog(
    name: Annotated[str | None, typer.Argument(help="A course, to list its lessons.", metavar="NAME")] = None,
    search: Search = "",
    categories: Categories = None,
    tags: Tags = None,
    statuses: Annotated[list[Status] | None, typer.Option("--status", help="Only these; repeatable.")] = None,
    output: Format = Output.TABLE,
) -> None:
    """List the courses there are, or the lessons of one and which of them are complete."""

    async def work(api: Api) -> None:
        if name is None:
            query = filters(search=search, categories=categories, tags=tags, statuses=statuses)
            found = await api.find("/api/courses", query)
            playing.show_catalog(found, output, ("name", "title", "categories", "status", "progress"))
            return
        told = await api.get(playing.path_of("courses", plain_name(name)))
        if output is Output.JSON:
            out_json(told)
        else:
            out_table(("MODULE", "LESSON", "TITLE", "PLAYED", "COMPLETE"), _rows(told))

    run(work)


def _rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            str(module.get("name") or ""),
            str(lesson.get("name")),
            str(lesson.get("title") or ""),
            "yes" if lesson.get("playground") else "",
            "yes" if _learning(told, module, lesson).get("completed") else "",
        )
        for module in told.get("modules") or ()
        for lesson in module.get("lessons") or ()
    ]


@course.command(
    "start",
    epilog=examples(
        "labyard course start linux-basics users", "labyard course start linux-basics users --module first"
    ),
)
def start(
    name: Name,
    lesson: _Lesson,
    module: _Module = None,
    inputs: Inputs = None,
    ssh: Ssh = False,
    machine: MachineOption = None,
    user: UserOption = None,
    keep_alive: KeepAlive = False,
    skip_wait_init: SkipWait = False,
    quiet: QuietId = False,
    no_open: NoOpen = False,
    consent: Consent = False,
) -> None:
    """Start the play of a lesson, or go on with the one that runs, and return when it is ready. Prints its id."""
    path = playing.path_of("courses", plain_name(name))
    manner = Manner(ssh=ssh, skip_wait=skip_wait_init, keep_alive=keep_alive, quiet=quiet, machine=machine, user=user)
    if ssh:
        refuse_no_terminal()
    more = {"initConditions": parameters(inputs)} if inputs else {}

    async def work(api: Api) -> int:
        told = await api.get(path)
        inside, found = pick_lesson(told, lesson, module)
        if not found.get("playground"):
            raise ConflictError(f"{lesson} is only read: it has no playground")
        running = await _running(api, told, inside, found)

        async def begin() -> PlayView:
            after = await api.patch(f"{path}/learning", _wish(inside, found, started=True, **more), patience=120)
            play = await _running(api, after, inside, found)
            if play is None:
                raise ConflictError("the server has started no play of it")
            return play

        async def end() -> None:
            await api.patch(f"{path}/learning", _wish(inside, found, started=False))

        return await playing.play_it(api, running, begin(), end, manner)

    run(work)


@course.command("stop", epilog=examples("labyard course stop linux-basics users"))
def stop(name: Name, lesson: _Lesson, module: _Module = None) -> None:
    """End the play of a lesson. Returns when it has ended."""
    path = playing.path_of("courses", plain_name(name))

    async def work(api: Api) -> int:
        told = await api.get(path)
        inside, found = pick_lesson(told, lesson, module)
        play = await _running(api, told, inside, found)
        if play is None:
            say(printable(f"Nothing to stop: no play of {lesson} runs."))
            return ExitCode.OK
        await api.patch(f"{path}/learning", _wish(inside, found, started=False))
        await ended(api, play)
        out(play.id)
        return ExitCode.OK

    run(work)


def pick_lesson(told: dict[str, Any], lesson: str, module: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Its module and itself, by name or slug. Raises NotFoundError, and UsageError when there are several."""
    found = [
        (inside, each)
        for inside in told.get("modules") or ()
        if module in (None, inside.get("name"), inside.get("slug"))
        for each in inside.get("lessons") or ()
        if lesson in (each.get("name"), each.get("slug"), each.get("path"))
    ]
    if not found:
        raise NotFoundError(f"there is no lesson {lesson!r}", hint="`labyard course catalog NAME` lists them")
    if len(found) > 1:
        names = ", ".join(str(inside.get("name")) for inside, _ in found)
        raise UsageError(f"several modules have a lesson {lesson!r}: {names}", hint="say which with --module")
    return found[0]


def _learning(told: dict[str, Any], module: dict[str, Any], lesson: dict[str, Any]) -> dict[str, Any]:
    modules = (told.get("learning") or {}).get("modules") or {}
    lessons = (modules.get(module.get("name")) or {}).get("lessons") or {}
    return lessons.get(lesson.get("name")) or {}


async def _running(api: Api, told: dict[str, Any], module: dict[str, Any], lesson: dict[str, Any]) -> PlayView | None:
    play_id = str(_learning(told, module, lesson).get("play") or "")
    play = await api.play(play_id) if play_id else None
    return play if play is not None and play.active else None


def _wish(module: dict[str, Any], lesson: dict[str, Any], *, started: bool, **more: object) -> dict[str, Any]:
    lessons = {str(lesson.get("name")): {"started": started}}
    modules = {str(module.get("name") or ""): {"lessons": lessons}}
    return {"safetyDisclaimerConsent": True, "modules": modules, **more}
