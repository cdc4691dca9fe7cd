"""/api/plays"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from labyard.control.access import Person
from labyard.control.lesson_key import LessonKey
from labyard.control.permissions import PLAYGROUNDS
from labyard.control.planning import NewPlay
from labyard.control.plays import Plays
from labyard.control.refusals import BadRequestError
from labyard.control.roles import Right
from labyard.control.rows import PlayView
from labyard.control.rules import Permission
from labyard.errors import NotFoundError
from labyard.server import shapes
from labyard.server.asker import Asker, Given, check_right
from labyard.server.bodies import CreatePlay, PlayAction, TaskInput, documented, given
from labyard.server.places import page_root, socket_root
from labyard.server.services import Services

router = APIRouter(prefix="/api/plays", tags=["plays"])

CONNS_LIFE = timedelta(minutes=15)  # labctl dials for up to five
_CONSOLE = "console.log"

T = TypeVar("T")


def play_json(request: Request, view: PlayView) -> shapes.Json:
    return shapes.play(view, page=page_root(request))


@router.post("", openapi_extra=documented(CreatePlay))
async def create_play(
    request: Request, person: Asker, services: Given, body: Annotated[CreatePlay, given(CreatePlay)]
) -> Any:
    """Start a playground or a lesson. Answers at once; the play socket tells how it goes on.

    A manifest of one's own, and a bot's play, are for those who write.
    """
    if body.manifest is not None or body.bot:
        check_right(person, Right.WRITE)
    if body.lesson:
        await services.permissions.lesson(person, LessonKey.parse(body.lesson))
    elif body.playground and body.manifest is None:
        await services.permissions.playground(person, body.playground, Permission.START)
    new = NewPlay(
        playground=body.playground,
        manifest=body.manifest,
        manifest_name=body.manifestName[:255],
        title=body.title,
        overrides=body.overrides(),
        parameters=body.initConditions or {},
        lesson=body.lesson,
        cold=body.cold,
        bot=body.bot,
    )
    return play_json(request, await services.plays.create(person.id, new))


@router.get("")
async def list_plays(
    request: Request, person: Asker, services: Given, persistent: bool | None = None, everybody: bool = False
) -> Any:
    """Plays, newest first; destroyed ones for a week. `persistent=true`: those that are kept.

    Ours: `everybody=true`, not only one's own, for who operates the box.
    """
    if everybody:
        check_right(person, Right.OPERATE)
    views = await services.plays.list(None if everybody else person.id, persistent=persistent)
    return [play_json(request, view) for view in views]


@router.get("/{play_id}")
async def get_play(request: Request, play_id: str, person: Asker, services: Given) -> Any:
    return play_json(request, await services.plays.get(person.id, play_id))


@router.post("/{play_id}/actions", openapi_extra=documented(PlayAction))
async def act(
    request: Request, play_id: str, person: Asker, services: Given, body: Annotated[PlayAction, given(PlayAction)]
) -> Any:
    """stop, restart, destroy, set_title, set_max_play_time, make_persistent, machine.{reboot,stop,restart}.

    fork, which answers the new Play; snapshot, rewind and remove_snapshot with the snapshot's `name`; save with the
    `name` of the playground that it makes.
    And machine.console.{list,read}, which answer labctl's shapes; all others answer the Play.
    """
    if body.action.startswith("machine.console."):
        return await _console(play_id, person, services, body)
    return play_json(request, await _act(play_id, person, services, body))


_PLAIN: dict[str, Callable[[Plays, str, str], Awaitable[PlayView]]] = {
    "stop": Plays.stop,
    "restart": Plays.restart,
    "destroy": Plays.destroy,
    "make_persistent": Plays.make_persistent,
    "fork": Plays.fork,
}
_NAMED: dict[str, Callable[[Plays, str, str, str], Awaitable[PlayView]]] = {
    "snapshot": Plays.snapshot,
    "rewind": Plays.rewind,
    "remove_snapshot": Plays.remove_snapshot,
    "save": Plays.save,
}


async def _act(play_id: str, person: Person, services: Services, body: PlayAction) -> PlayView:
    plays = services.plays
    if (plain := _PLAIN.get(body.action)) is not None:
        return await plain(plays, person.id, play_id)
    if (named := _NAMED.get(body.action)) is not None:
        name = _needed(body.name, "name")
        if body.action == "save":
            check_right(person, Right.WRITE)
        view = await named(plays, person.id, play_id, name)
        if body.action == "save":
            await services.permissions.claim(person, PLAYGROUNDS, name)
        return view
    match body.action:
        case "set_title":
            return await plays.set_title(person.id, play_id, _needed(body.title, "title"))
        case "set_max_play_time":
            minutes = _needed(body.maxPlayTimeMinutes, "maxPlayTimeMinutes")
            return await plays.set_max_play_time(person.id, play_id, minutes)
        case "machine.reboot" | "machine.stop" | "machine.restart":
            machine = _needed(body.machine, "machine")
            return await plays.machine(person.id, play_id, machine, body.action.removeprefix("machine."))
        case _:
            raise BadRequestError(f"unknown action {body.action[:64]!r}", hint="stop, restart, destroy, fork, ...")


async def _console(play_id: str, person: Person, services: Services, body: PlayAction) -> Any:
    """One console per machine: its serial line, over all its boots."""
    view = await services.plays.get(person.id, play_id)
    machine = _needed(body.machine, "machine")
    if view.row.plan.machine(machine) is None:
        raise NotFoundError(f"this play has no machine {machine[:64]!r}")
    match body.action:
        case "machine.console.list":
            return {"consoles": [_CONSOLE]}
        case "machine.console.read":
            return {"content": await services.host.console(play_id, machine)}
        case _:
            raise BadRequestError(f"unknown action {body.action[:64]!r}")


def _needed(value: T | None, name: str) -> T:
    if value is None:
        raise BadRequestError(f"this action needs `{name}`")
    return value


@router.get("/{play_id}/snapshots")
async def list_snapshots(play_id: str, person: Asker, services: Given) -> Any:
    """Oldest first: name, when it was taken, and what it takes on disk, in bytes."""
    return [shapes.snapshot(each) for each in await services.plays.moments.list(person.id, play_id)]


@router.get("/{play_id}/tasks")
async def list_tasks(play_id: str, person: Asker, services: Given, machine: str | None = None) -> Any:
    """Of tasks of a lesson, scripts and what they print are for those who write it: `withheld` tells."""
    row = (await services.plays.get(person.id, play_id)).row
    open_to_them = True
    if row.plan.lesson:
        key = LessonKey.parse(row.plan.lesson)
        open_to_them = await services.permissions.sees_scripts(person, key.plural, key.name)
    return shapes.all_task_details(row, machine, scripts_of_lesson=open_to_them)


@router.get("/{play_id}/load")
async def load(play_id: str, person: Asker, services: Given) -> Any:
    """What each machine takes now. Two answers make a share: CPU seconds over seconds of `at`, of `cpus` processors."""
    return shapes.machine_loads(await services.loads.of(person.id, play_id))


@router.post("/{play_id}/tasks/{task}/input", openapi_extra=documented(TaskInput))
async def put_in(
    play_id: str, task: str, person: Asker, services: Given, body: Annotated[TaskInput, given(TaskInput)]
) -> Any:
    """What the learner puts in for a task: at most 16 KiB. Whether it is right its next run tells."""
    await services.plays.put_in(person.id, play_id, task, body.value)
    return {"status": "ok"}


@router.post("/{play_id}/conns")
async def open_conns(request: Request, play_id: str, person: Asker, services: Given) -> Any:
    """The play socket's address. It carries its own permission: labctl sends no credentials there."""
    await services.plays.get(person.id, play_id)
    ticket = services.access.ticket(play_id, CONNS_LIFE)
    return {"url": f"{socket_root(request)}/api/plays/{play_id}/conns/{ticket}"}


@router.get("/{play_id}/debug")
async def debug(play_id: str, person: Asker, services: Given) -> Any:
    view = await services.plays.get(person.id, play_id)
    return {
        "id": play_id,
        "state": view.row.state.value,
        "desired": view.row.desired.value,
        "message": shapes.message(view),
        "manifest": view.row.manifest_name,
        "machines": [machine.model_dump(mode="json") for machine in await services.host.debug(play_id)],
    }


@router.get("/{play_id}/machines/{machine}/console", response_class=PlainTextResponse)
async def console(play_id: str, machine: str, person: Asker, services: Given) -> PlainTextResponse:
    """The tail of its serial console."""
    await services.plays.get(person.id, play_id)
    return PlainTextResponse(await services.host.console(play_id, machine))
