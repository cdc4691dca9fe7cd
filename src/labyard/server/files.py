"""/api/plays/{id}/machines/{m}/files: what an editor needs. Who may open a terminal there may ask, and as the same user."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.requests import HTTPConnection

from labyard.control.file_faults import ChangedError
from labyard.control.files import Content, Files, Place
from labyard.control.refusals import BadRequestError
from labyard.errors import LabyardError
from labyard.play import files
from labyard.server.arriving import announced, arriving
from labyard.server.asker import Asker, Given
from labyard.server.bodies import Move, NewFolder, SearchFiles, documented, given
from labyard.server.machines import check_terminal
from labyard.server.problems import shape
from labyard.server.streamed import Streamed

router = APIRouter(prefix="/api/plays/{play_id}/machines/{machine}/files", tags=["files"])

LARGEST: Final = 4 << 30
"""Bytes of one download."""
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_RANGE = re.compile(r"bytes=(?:([0-9]{1,15})-([0-9]{1,15})?|-([0-9]{1,15}))")
_TAG = re.compile(r'"([0-9A-Za-z-]{1,200})"')

Path = Annotated[str, Query(max_length=4096)]


async def _place(
    person: Asker, services: Given, play_id: str, machine: str, user: Annotated[str, Query(max_length=64)] = ""
) -> Place:
    await check_terminal(services, person, play_id, machine)
    if user and _USER.fullmatch(user) is None:
        raise BadRequestError("names of users are 1 to 64 of A-Z a-z 0-9 _ . -")
    return Place(play_id, machine, user or None)


async def files_of(connection: HTTPConnection) -> Files:
    found = connection.app.state.files
    assert isinstance(found, Files)  # noqa: S101 - put there by create_app
    return found


There = Annotated[Place, Depends(_place)]
Desk = Annotated[Files, Depends(files_of)]


@router.get("")
async def list_folder(
    place: There, desk: Desk, path: Path = "", offset: int = 0, limit: int = files.MOST_LISTED
) -> Any:
    """A part of a folder, folders first; without `path` of the user's home."""
    if offset < 0 or not 0 < limit <= files.MOST_LISTED:
        raise BadRequestError(f"`offset` begins with 0, `limit` is 1 to {files.MOST_LISTED}")
    return (await desk.list(place, _path(path), offset=offset, limit=limit)).model_dump(mode="json")


@router.get("/stat")
async def stat(place: There, desk: Desk, path: Path = "") -> Any:
    return (await desk.stat(place, _path(path))).model_dump(mode="json")


@router.get("/content")
async def read_file(request: Request, place: There, desk: Desk, path: Path = "", download: bool = False) -> Response:
    """The file, or the `Range` of it; `ETag` is what a `PUT` takes. Always bytes, never a page or picture of ours."""
    start, length, ranged = _range(request.headers.get("range"))
    async with AsyncExitStack() as stack:
        content = await stack.enter_async_context(desk.read(place, _path(path), start, length))
        head = content.head
        ranged = ranged and head.size > 0  # of nothing there is no part, and browsers complain of a 416
        headers = _headers(head, download)
        if ranged and head.body == 0:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{head.size}"})
        if ranged:
            headers["Content-Range"] = f"bytes {head.start}-{head.start + head.body - 1}/{head.size}"
        status = 206 if ranged else 200
        if head.body <= files.SLICE:
            return Response(await _whole(content), status, headers, "application/octet-stream")
        headers["Content-Length"] = str(head.body)
        kept = stack.pop_all()
        return Streamed(content.pieces, kept.aclose, status_code=status, headers=headers)


@router.put("/content")
async def write_file(request: Request, place: There, desk: Desk, path: Path) -> Response:
    """`If-Match: "VERSION"` replaces only what was seen, else 412; `*` whatever is there. `If-None-Match: *`: a new file."""
    saved = await desk.write(place, _path(path), _expected(request), announced(request), arriving(request))
    headers = {"ETag": f'"{saved.version}"'}
    return Response(saved.model_dump_json(), headers=headers, media_type="application/json")


@router.delete("")
async def remove(place: There, desk: Desk, path: Path, recursive: bool = False) -> Any:
    """`recursive`: a folder with all that is in it."""
    await desk.remove(place, _path(path), recursive=recursive)
    return {"status": "ok"}


@router.post("/folders", openapi_extra=documented(NewFolder))
async def make_folder(place: There, desk: Desk, body: Annotated[NewFolder, given(NewFolder)]) -> Any:
    await desk.make_folder(place, _path(body.path))
    return {"status": "ok"}


@router.post("/moves", openapi_extra=documented(Move))
async def move(place: There, desk: Desk, body: Annotated[Move, given(Move)]) -> Any:
    """Nothing is replaced: 409 when something is there."""
    await desk.move(place, _path(body.path), _path(body.to))
    return {"status": "ok"}


@router.post("/search", openapi_extra=documented(SearchFiles))
async def search(place: There, desk: Desk, body: Annotated[SearchFiles, given(SearchFiles)]) -> Response:
    """NDJSON: a line each, at last `{"done": true, ...}` or `{"error": ...}`. Whoever goes away ends it.

    A POST because it costs the machine something: it must come from our own page.
    """
    wish = files.Wish(path=_path(body.path), text=body.text, case=body.case, regex=body.regex)
    lines = _lines(desk, place, wish)
    return Streamed(lines, lines.aclose, media_type="application/x-ndjson")


async def _lines(desk: Files, place: Place, wish: files.Wish) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(desk.search(place, wish)) as found:
            async for each in found:
                yield each.model_dump_json().encode() + b"\n"
    except LabyardError as error:
        yield json.dumps(shape(error)).encode() + b"\n"


async def _whole(content: Content) -> bytes:
    return b"".join([piece async for piece in content.pieces])


def _headers(head: files.Head, download: bool) -> dict[str, str]:
    headers = {
        "ETag": f'"{head.version}"',
        "Accept-Ranges": "bytes",
        "Labyard-Size": str(head.size),
        "Labyard-Writable": "yes" if head.writable else "no",
    }
    if download:
        name = quote(head.path.rpartition("/")[2], safe="")
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return headers


def _path(path: str) -> str:
    if (path and not path.startswith("/")) or "\0" in path:
        raise BadRequestError("a path begins with /")
    return path


def _range(header: str | None) -> tuple[int, int, bool]:
    """Where to begin, how much, and whether only a part was asked for. What is no single range is not looked at."""
    match = _RANGE.fullmatch(header or "")
    if match is None:
        return 0, LARGEST, False
    first, last, behind = match.groups()
    if behind is not None:
        return -int(behind), int(behind), True
    if last is None:
        return int(first), LARGEST, True
    return int(first), min(LARGEST, max(0, int(last) - int(first) + 1)), True


def _expected(request: Request) -> str:
    match, none = request.headers.get("if-match"), request.headers.get("if-none-match")
    if none is not None and none.strip() == "*" and match is None:
        return files.NEW
    if match is not None and none is None:
        if match.strip() == "*":
            return files.ANY
        if tag := _TAG.fullmatch(match.strip()):
            return tag[1]
        raise ChangedError("`If-Match` is no version of this file", hint="read it again")
    raise BadRequestError("say what is replaced", hint='`If-Match: "VERSION"`, or `If-None-Match: *` for a new file')
