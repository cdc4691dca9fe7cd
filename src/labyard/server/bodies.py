"""What clients send. Lenient about keys we do not know (labctl sends some), strict about the types of those we do."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from labyard.control.refusals import BadRequestError
from labyard.server.arriving import arriving

_DEPTH_LIMIT = 64

BodyT = TypeVar("BodyT", bound="Body")


class Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class CreatePlay(Body):
    """labctl's CreatePlayRequest; ours: `manifest` (YAML), `manifestName` (for error places), `title`, `cold`.

    `lesson` instead of both: `challenge/NAME`, `tutorial/NAME`, `course/NAME/[MODULE/]LESSON`; `bot`: nobody's progress.
    """

    playground: str = ""
    lesson: str = ""
    manifest: str | None = None
    manifestName: str = "manifest.yaml"  # noqa: N815 - as on the wire
    title: str | None = None
    tabs: list[Any] | None = None
    networks: list[Any] | None = None
    machines: list[Any] | None = None
    initTasks: dict[str, Any] | None = None  # noqa: N815
    initConditions: dict[str, str] | None = None  # noqa: N815
    safetyDisclaimerConsent: bool = False  # noqa: N815
    cold: bool = False
    bot: bool = False

    def overrides(self) -> dict[str, Any]:
        names = ("tabs", "networks", "machines", "initTasks")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class PlayAction(Body):
    """`name`: of the snapshot, or of the playground that `save` makes."""

    action: str
    name: str | None = None
    machine: str | None = None
    title: str | None = None
    maxPlayTimeMinutes: int | None = None  # noqa: N815


class ChangeLesson(Body):
    """labctl's; ours: `initConditions`, `cold`."""

    started: bool | None = None
    completed: bool | None = None
    initConditions: dict[str, str] | None = None  # noqa: N815
    cold: bool = False


class ChangeCourseLesson(Body):
    started: bool | None = None
    completed: bool | None = None


class ChangeCourseModule(Body):
    lessons: dict[str, ChangeCourseLesson] = {}


class ChangeLearning(Body):
    """labctl's; ours: `completed` of a lesson, `initConditions`."""

    modules: dict[str, ChangeCourseModule] = {}
    initConditions: dict[str, str] | None = None  # noqa: N815


class GitPlace(Body):
    url: str


class StartFound(Body):
    initConditions: dict[str, str] | None = None  # noqa: N815


class TaskInput(Body):
    value: str


class NewPiece(Body):
    """Ours: `empty`, without what an author begins with; `preview`, for its author's eyes. labctl sends more."""

    name: str
    empty: bool = False
    preview: bool = False


class PieceName(Body):
    kind: str
    name: str


class PieceFileName(PieceName):
    file: str


class PieceText(PieceFileName):
    content: str


class ChangeRules(Body):
    """By permission, the words of who may."""

    canList: list[str] | None = None  # noqa: N815
    canRead: list[str] | None = None  # noqa: N815
    canStart: list[str] | None = None  # noqa: N815
    canReadSolution: list[str] | None = None  # noqa: N815


class NewPort(Body):
    """labctl's."""

    machine: str
    number: int
    access: str = "private"
    tls: bool = False
    hostRewrite: str | None = None  # noqa: N815
    pathRewrite: str | None = None  # noqa: N815


class NewFolder(Body):
    path: str


class Move(Body):
    path: str
    to: str


class SearchFiles(Body):
    """`path`: a file, or a folder all of whose files are looked through; without, the user's home."""

    path: str = ""
    text: str
    case: bool = False
    regex: bool = False


class NewToken(Body):
    """labctl's. Without `scope` it is good for all that one may; without `expiresInDays` it does not end."""

    name: str
    scope: list[str] = []
    expiresInDays: int | None = None  # noqa: N815


class EndPlays(Body):
    """`action`: stop or destroy. `plays`: their ids."""

    action: str
    plays: list[str]


class NewUser(Body):
    """`handle`: what they are called here; `name`: of the person, else the handle."""

    handle: str
    name: str = ""
    role: str = "learner"
    email: str = ""


class ChangeUser(Body):
    """`email` empty: none any more."""

    name: str | None = None
    role: str | None = None
    disabled: bool | None = None
    email: str | None = None


class SetPassword(Body):
    password: str


class ChangePassword(SetPassword):
    """`current` empty: there is none yet."""

    current: str = ""


class ChangeAddress(Body):
    """`current`: the password, of who has one."""

    email: str
    current: str = ""


class NewInvitation(Body):
    """`email` empty: for whoever has the link. `send`: it is written to the address."""

    role: str = "learner"
    email: str = ""
    uses: int = 1
    days: int = 7
    send: bool = False


class Prepare(Body):
    """The start parameters to prepare for; those left out have their defaults."""

    initConditions: dict[str, str] | None = None  # noqa: N815


class PullImage(Body):
    source: str


class PullKernel(Body):
    version: str


def body_of(model: type[BodyT]) -> Callable[[Request], Coroutine[Any, Any, BodyT]]:
    """A dependency that reads JSON whatever its Content-Type: labctl sends none."""

    async def read(request: Request) -> BodyT:
        try:
            body = b"".join([piece async for piece in arriving(request)])
            value = json.loads(body or b"{}")
            return model.model_validate(value)
        except (ValueError, RecursionError) as error:
            raise BadRequestError(f"the body is not what is expected here: {_why(error)}") from error

    return read


def documented(model: type[Body]) -> dict[str, Any]:
    """`openapi_extra` for a route that reads `model`."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()[:20])
    return "it is not JSON"


def given(model: type[BodyT]) -> Any:
    return Depends(body_of(model))
