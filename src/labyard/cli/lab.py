"""What bots ask of a server, by HTTP and WebSocket like everybody else."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed

from labyard.bots.lab import (
    AwayError,
    Lesson,
    MachineSight,
    Playground,
    PlaySight,
    Ran,
    Room,
    Solution,
    Standing,
    TaskSight,
)
from labyard.cli.client import Api
from labyard.cli.exits import RemoteError, UnreachableError
from labyard.cli.plays import PlayView, parse_play
from labyard.cli.stream import Ending, Output, send_eof
from labyard.errors import NotFoundError

_FORBIDDEN, _NOT_BUILT = 403, 501
_KINDS = (("challenge", "challenges"), ("tutorial", "tutorials"))
_PLURALS = {"challenge": "challenges", "tutorial": "tutorials", "course": "courses"}
_SIZE = re.compile(r"(\d{1,12})\s*([KMGT])?i?B?")
_UNITS = {None: 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_MACHINE_MEMORY = 1 << 30  # bytes of a machine whose playground does not say


class HttpLab:
    """`bots.lab.Lab` over the CLI's own client."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def playgrounds(self) -> list[Playground]:
        return [_playground(item) for item in await self._get("/api/playgrounds")]

    async def lessons(self) -> list[Lesson]:
        """Those with a play, and those that cannot be read. A server that knows no lessons of a kind has none."""
        found = [
            _lesson(kind, str(item.get("name")), item) for kind, plural in _KINDS for item in await self._listed(plural)
        ]
        told = [lesson for lesson in found if lesson.playground or lesson.problem]
        for course in await self._listed("courses"):
            told += await self._of_course(str(course.get("name")))
        return told

    async def _listed(self, plural: str) -> list[dict[str, Any]]:
        try:
            answer = await self._get(f"/api/{plural}")
        except RemoteError as error:
            if error.status == _NOT_BUILT:
                return []
            raise
        return [item for item in answer if isinstance(item, dict)]

    async def _of_course(self, name: str) -> list[Lesson]:
        course = await self._get(f"/api/courses/{quote(name, safe='')}")
        told = []
        for module in course.get("modules") or ():
            for lesson in module.get("lessons") or ():
                if lesson.get("playground"):
                    place = lesson.get("path") or "/".join(
                        str(part["name"]) for part in (module, lesson) if part.get("name")
                    )
                    told.append(_lesson("course", f"{name}/{place}", {"needs": course.get("needs"), **lesson}))
        return told

    async def solutions(self, lesson: Lesson) -> list[Solution]:
        name, _, path = lesson.name.partition("/")
        query = {"path": path} if path else {}
        route = f"/api/{_PLURALS[lesson.kind]}/{quote(name, safe='')}/solutions"
        with _away():
            answer = await self._api.get(route, **query)
        return [
            Solution(name=str(item.get("name") or "solution"), script=str(item["script"]))
            for item in answer
            if isinstance(item, dict) and item.get("script") is not None
        ]

    async def prepare(self, playground: str) -> None:
        with _away():
            async for _ in self._api.lines(f"/api/playgrounds/{quote(playground, safe='')}/prepare", json={}):
                pass

    async def start(self, kind: str, name: str, *, cold: bool, title: str) -> str:
        what = {"playground": name} if kind == "playground" else {"lesson": f"{kind}/{name}", "bot": True}
        request = {**what, "cold": cold, "title": title, "safetyDisclaimerConsent": True}
        with _away(begun=True):
            play = parse_play(await self._api.post("/api/plays", request))
        return play.id

    async def play(self, play_id: str) -> PlaySight:
        return _sight(parse_play(await self._get(f"/api/plays/{play_id}")))

    async def plays(self) -> list[PlaySight]:
        """Everybody's, where whoever plays a round may see them."""
        with _away():
            try:
                plays = await self._api.plays(everybody=True)
            except RemoteError as error:
                if error.status != _FORBIDDEN:
                    raise
                plays = await self._api.plays()
        return [_sight(play) for play in plays if play.state != "DESTROYED"]

    async def tasks(self, play_id: str) -> list[TaskSight]:
        return [_task(item) for item in await self._get(f"/api/plays/{play_id}/tasks")]

    async def exec(
        self,
        play_id: str,
        machine: str,
        argv: Sequence[str],
        *,
        user: str | None,
        timeout: float,
        take: Callable[[bytes], None],
    ) -> Ran:
        request = {"op": "exec", "argv": list(argv), "user": user, "timeout": timeout}

        async def sink(_descriptor: int, data: bytes) -> None:
            take(data)

        begun = False
        try:
            async with self._api.socket(f"/api/plays/{play_id}/machines/{quote(machine)}/exec") as connection:
                begun = True
                with contextlib.suppress(ConnectionClosed):  # refused already: why comes with what is read
                    await connection.send(json.dumps(request))
                    await send_eof(connection)
                return _ran(await Output(connection, channels=True, sink=sink).run())
        except UnreachableError as error:
            raise AwayError(error.message, hint=error.hint, begun=begun) from error
        except (RemoteError, NotFoundError) as error:
            return Ran(error=error.message, begun=begun)

    async def diary(self, play_id: str) -> dict[str, Any]:
        """The play as the server tells of it, with its states' times, and how its machines were started."""
        play = await self._get(f"/api/plays/{play_id}")
        debug = await self._get(f"/api/plays/{play_id}/debug")
        return {"play": play, "debug": debug}

    async def console(self, play_id: str, machine: str) -> str:
        return str(await self._get(f"/api/plays/{play_id}/machines/{quote(machine)}/console") or "")

    async def destroy(self, play_id: str) -> None:
        with _away(), contextlib.suppress(NotFoundError):
            await self._api.post(f"/api/plays/{play_id}/actions", {"action": "destroy"})

    async def room(self) -> Room:
        told = await self._get("/api/capacity")
        return Room(
            cpus=int(told.get("cpus") or 1),
            memory=int(told.get("memory") or 0),
            memory_used=int(told.get("memory_used") or 0),
            emulated=told.get("accelerator") != "kvm",
        )

    async def _get(self, path: str) -> Any:
        with _away():
            return await self._api.get(path)


@contextmanager
def _away(*, begun: bool = False) -> Iterator[None]:
    """A server that does not answer, in the bots' words."""
    try:
        yield
    except UnreachableError as error:
        raise AwayError(error.message, hint=error.hint, begun=begun) from error


def _playground(item: dict[str, Any]) -> Playground:
    machines = [machine for machine in item.get("machines") or () if isinstance(machine, dict)]
    return Playground(
        name=str(item.get("name")),
        title=str(item.get("title") or ""),
        internet=item.get("needs") == "internet",
        problem=_problem(item),
        memory=sum(_memory(machine) for machine in machines) or _MACHINE_MEMORY,
    )


def _memory(machine: dict[str, Any]) -> int:
    """Bytes, as `resources.ramSize` says them (`512MiB`, `1G`)."""
    found = _SIZE.fullmatch(str((machine.get("resources") or {}).get("ramSize") or ""))
    return int(found[1]) * _UNITS[found[2]] if found else _MACHINE_MEMORY


def _lesson(kind: str, name: str, item: dict[str, Any]) -> Lesson:
    ground = item.get("playground")
    solutions = item.get("solutions")
    return Lesson(
        kind=kind,
        name=name,
        title=str(item.get("title") or ""),
        internet=item.get("needs") == "internet",
        problem=_problem(item),
        playground=str(ground.get("name") or "") if isinstance(ground, dict) else str(ground or ""),
        solvable=solutions is None or bool(solutions),
    )


def _problem(item: dict[str, Any]) -> str:
    """Why it cannot be played; warnings do not keep it from that."""
    told = (str(problem) for problem in item.get("problems") or ())
    errors = [problem for problem in told if ": warning: " not in problem]
    return f"cannot be read: {errors[0]}" if errors else ""


def _sight(play: PlayView) -> PlaySight:
    return PlaySight(
        id=play.id,
        standing=Standing(play.verdict().value),
        state=play.state,
        title=play.title,
        message=play.message or play.reason,
        machines=tuple(
            MachineSight(name=machine.name, ready=machine.ready, changed_at=machine.since, words=machine.words)
            for machine in play.machines
        ),
    )


def _task(item: dict[str, Any]) -> TaskSight:
    code = item.get("exitCode")
    return TaskSight(
        name=str(item.get("name")),
        machine=str(item.get("machine") or ""),
        init=bool(item.get("init")),
        helper=bool(item.get("helper")),
        status=int(item.get("status") or 0),
        runs=int(item.get("runs") or 0),
        exit_code=code if isinstance(code, int) else None,
        needs=tuple(str(name) for name in item.get("needs") or ()),
        stdout=str(item.get("stdout") or ""),
        stderr=str(item.get("stderr") or ""),
    )


def _ran(ending: Ending) -> Ran:
    """A refusal comes with a code of the server's, a program that broke off with words alone."""
    if ending.exit_code is not None:
        return Ran(exit_code=ending.exit_code, timed_out=ending.timed_out)
    if ending.timed_out:
        return Ran(timed_out=True)
    return Ran(error=ending.error or "", begun=ending.code not in _REFUSALS)


_REFUSALS = frozenset({"guest", "conflict", "too-many"})
"""What a server says of a machine that does not take programs just now, as while it is taken up again."""
