"""/api/author, /api/content, and what makes and removes pieces: the author's loop. Shapes are labctl's."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request

from labyard.content.library import PLURALS
from labyard.control.refusals import BadRequestError
from labyard.errors import ForbiddenError
from labyard.server import lesson_shapes as shapes
from labyard.server.arriving import announced, arriving
from labyard.server.asker import Given, Writer
from labyard.server.bodies import NewPiece, PieceFileName, PieceName, PieceText, documented, given
from labyard.server.guard import FILE_PATH, MARKDOWN_PATH
from labyard.server.lessons import Plural
from labyard.server.places import asked_root, page_root
from labyard.server.problems import problems_json

router = APIRouter(tags=["authoring"])

UPLOAD_LIFE = timedelta(minutes=15)
_WRITTEN_ELSEWHERE = ("vendors", "blog-posts")
"""Kinds that labctl lists, and that nobody can write here."""
_KINDS = {**{kind: plural for plural, kind in PLURALS.items()}, **{plural: plural for plural in PLURALS}}
_DONE = {"status": "ok"}


@router.get("/api/author")
async def author(_person: Writer) -> Any:
    """Whose pieces these are: the box's owner."""
    return shapes.AUTHOR


@router.get("/api/author/{plural}")
async def own_pieces(request: Request, plural: str, person: Writer, services: Given) -> Any:
    """What they can push to. Ours: previews are among them, by their `origin`."""
    if plural in _WRITTEN_ELSEWHERE:
        return []
    entries = await services.authoring.own(plural)
    theirs = await services.permissions.writers(person, plural, [entry.name for entry in entries])
    page = page_root(request)
    return [shapes.piece(entry, shapes.Access(), page=page) for entry in entries if entry.name in theirs]


async def create_piece(
    request: Request, plural: Plural, person: Writer, services: Given, body: Annotated[NewPiece, given(NewPiece)]
) -> Any:
    """A new piece with what an author begins with: theirs alone, until they say otherwise. 409 for a name that is
    taken, or that ships."""
    await services.authoring.create(plural, body.name, empty=body.empty, preview=body.preview)
    if not body.preview:
        await services.permissions.claim(person, plural, body.name)
    page = page_root(request)
    if body.empty:
        return {"kind": PLURALS[plural], "name": body.name, "title": "", "pageUrl": f"{page}/{plural}/{body.name}"}
    entry = await asyncio.to_thread(services.lessons.library.entry, plural, body.name)
    return shapes.piece(entry, shapes.Access(), page=page)


async def remove_piece(plural: Plural, name: str, person: Writer, services: Given) -> Any:
    """Plays of it go on, and progress stays; `ended`: they end with it, as it was a preview."""
    await services.permissions.writer(person, plural, name)
    removed = await services.authoring.remove(person.id, plural, name)
    await services.permissions.forget(plural, name)
    return {**_DONE, "plays": [view.row.id for view in removed.plays], "ended": removed.ended}


@router.get("/api/content/files")
async def list_files(kind: str, name: str, person: Writer, services: Given) -> Any:
    """Paths, of any piece that they may write, or that ships."""
    await services.permissions.writer(person, _plural(kind), name)
    return [file.path for file in await services.authoring.files(_plural(kind), name)]


@router.get("/api/content/v2/files")
async def list_digests(kind: str, name: str, person: Writer, services: Given) -> Any:
    """Paths, and the MD5 of what is in them."""
    await services.permissions.writer(person, _plural(kind), name)
    told = await services.authoring.digests(_plural(kind), name)
    return [{"path": path, "digest": digest} for path, digest in told]


@router.put(MARKDOWN_PATH, openapi_extra=documented(PieceText))
async def put_markdown(person: Writer, services: Given, body: Annotated[PieceText, given(PieceText)]) -> Any:
    """Kept whatever lint finds in it; ours: `problems`."""
    await services.permissions.writer(person, _plural(body.kind), body.name)
    found = await services.authoring.put_text(_plural(body.kind), body.name, body.file, body.content)
    return {**_DONE, "problems": problems_json(found)}


@router.put("/api/content/files", openapi_extra=documented(PieceFileName))
async def begin_upload(
    request: Request, person: Writer, services: Given, body: Annotated[PieceFileName, given(PieceFileName)]
) -> Any:
    """Where to PUT the file's bytes, within a quarter of an hour. The address carries its own permission."""
    plural = _plural(body.kind)
    await services.permissions.writer(person, plural, body.name)
    await services.authoring.check_file(plural, body.name, body.file)
    about = _about(plural, body.name, body.file)
    ticket = services.access.ticket(about, UPLOAD_LIFE).removeprefix(f"{about}.")
    query = urlencode({"kind": plural, "name": body.name, "file": body.file, "ticket": ticket}, quote_via=quote)
    return {"uploadUrl": f"{asked_root(request)}{FILE_PATH}?{query}"}


@router.put(FILE_PATH)
async def upload(request: Request, kind: str, name: str, file: str, ticket: str, services: Given) -> Any:
    """The bytes of a file, with `Content-Length`. Who has the address may; it is good for this file alone."""
    plural = _plural(kind)
    about = _about(plural, name, file)
    if not services.access.check_ticket(f"{about}.{ticket}", about):
        raise ForbiddenError("this upload address is too old, or of another file", hint="ask for a fresh one")
    size = announced(request)
    async with services.authoring.receiving(plural, name, file, size) as incoming:
        async for piece in arriving(request):
            await asyncio.to_thread(incoming.write, piece)
            if incoming.size > size:
                break  # more than was announced: what came is dropped
    return _DONE


@router.delete("/api/content/files")
async def delete_file(kind: str, name: str, file: str, person: Writer, services: Given) -> Any:
    await services.permissions.writer(person, _plural(kind), name)
    await services.authoring.delete(_plural(kind), name, file)
    return _DONE


@router.put("/api/content/previews", openapi_extra=documented(PieceName))
async def renew_preview(_person: Writer, services: Given, body: Annotated[PieceName, given(PieceName)]) -> Any:
    """Its author still looks at it. `expiresIn`: milliseconds until it is removed, unless somebody asks again."""
    return {"expiresIn": int(await services.authoring.renew(_plural(body.kind), body.name) * 1000)}


def _plural(kind: str) -> str:
    """labctl says `challenge`, addresses say `challenges`."""
    if kind not in _KINDS:
        raise BadRequestError(f"there is no content of the kind {kind[:64]!r}", hint=", ".join(PLURALS.values()))
    return _KINDS[kind]


def _about(plural: str, name: str, file: str) -> str:
    """What a ticket is for. No name holds a slash, so no two files have the same."""
    return f"upload {plural}/{name}/{file}"


for _each in PLURALS:
    router.add_api_route(f"/api/{_each}", create_piece, methods=["POST"], openapi_extra=documented(NewPiece))
    router.add_api_route(f"/api/{_each}/{{name}}", remove_piece, methods=["DELETE"])
