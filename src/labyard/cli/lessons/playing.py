"""From a lesson to its play and back: what the verbs of all kinds do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import quote

from labyard.cli.client import Api
from labyard.cli.exits import ExitCode
from labyard.cli.lessons.arguments import Manner
from labyard.cli.playground.end import ended
from labyard.cli.playground.start import begin as begin_play
from labyard.cli.playground.start import report
from labyard.cli.plays import PlayView, parse_play
from labyard.cli.ssh import attach, refuse_no_terminal, status_of
from labyard.cli.talk import Output, out, out_json, out_table, printable, say
from labyard.cli.watch import until_ready
from labyard.errors import ConflictError


def path_of(plural: str, name: str) -> str:
    return f"/api/{plural}/{quote(name, safe='')}"


def show_catalog(lessons: list[dict[str, Any]], output: Output, columns: tuple[str, ...]) -> None:
    if output is Output.JSON:
        out_json(lessons)
        return
    rows = [tuple(_cell(lesson, column) for column in columns) for lesson in lessons]
    out_table(tuple(column.upper() for column in columns), rows)
    if broken := [str(lesson.get("name")) for lesson in lessons if lesson.get("problems")]:
        say(printable(f"With problems: {', '.join(broken)}. `labyard content list` shows them."))


def _cell(lesson: dict[str, Any], column: str) -> str:
    value = lesson.get(column)
    if isinstance(value, dict):
        return f"{value.get('done')} of {value.get('total')}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


async def start(api: Api, plural: str, name: str, body: dict[str, Any], manner: Manner) -> int:
    """Start a challenge or tutorial, or go on with its play."""
    if manner.ssh:
        refuse_no_terminal()
    path = path_of(plural, name)
    running = running_play(await api.get(path))

    async def end() -> None:
        await api.patch(path, {"started": False})

    return await play_it(api, running, _started(api, path, body), end, manner)


async def play_it(
    api: Api,
    running: PlayView | None,
    begin: Coroutine[Any, Any, PlayView],
    end: Callable[[], Awaitable[None]],
    manner: Manner,
) -> int:
    """Have it started, and wait until it is ready. What ran before is not ended by Ctrl-C; what was begun here is."""
    if manner.skip_wait:
        out((await begin).id)
        return ExitCode.OK
    made: list[PlayView] = []

    async def remembered() -> PlayView:
        made.append(await begin)
        return made[0]

    if running is None:
        code = await begin_play(api, remembered(), quiet=manner.quiet)
    else:
        code = await report(api, await until_ready(api, await remembered(), quiet=manner.quiet), quiet=manner.quiet)
    if code != ExitCode.OK or not manner.ssh:
        return code
    ending = await attach(api, made[0], machine=manner.machine, user=manner.user)
    if not manner.keep_alive and not ending.left:
        await end()
        say(f"Play {made[0].id} ends.")
    return status_of(ending)


def running_play(lesson: dict[str, Any]) -> PlayView | None:
    """The learner's play of it, None when there is none."""
    raw = lesson.get("play")
    play = parse_play(raw) if isinstance(raw, dict) else None
    return play if play is not None and play.active else None


async def _started(api: Api, path: str, body: dict[str, Any]) -> PlayView:
    told = await api.patch(path, {"started": True, "safetyDisclaimerConsent": True, **body}, patience=120)
    if not isinstance(told.get("play"), dict):
        raise ConflictError("the server has started no play of it", hint="`labyard playground list` shows what runs")
    return parse_play(told["play"])


async def stop(api: Api, plural: str, name: str) -> int:
    """End it and wait until it has; nothing to do is fine."""
    lesson = await api.get(path_of(plural, name))
    play = running_play(lesson)
    if play is None:
        say(f"Nothing to stop: no play of {printable(name)} runs.")
        return ExitCode.OK
    await api.patch(path_of(plural, name), {"started": False})
    await ended(api, play)
    out(play.id)
    return ExitCode.OK


async def solved(api: Api, plural: str, name: str, *, limit: float | None, every: float = 1.0) -> int:
    """Wait until the server says that it is, or that this attempt has failed."""
    try:
        async with asyncio.timeout(limit or None):
            while True:
                lesson = await api.get(path_of(plural, name))
                if lesson.get("completedAt"):
                    return ExitCode.OK
                play = running_play(lesson)
                if play is not None and (failed := [task.name for task in play.tasks if task.failed]):
                    say(printable(f"This attempt has failed: {', '.join(failed)}. Start it again."))
                    return ExitCode.FAILED
                await asyncio.sleep(every)
    except TimeoutError:
        say(printable(f"{name} is not solved yet."))
        return ExitCode.FAILED
