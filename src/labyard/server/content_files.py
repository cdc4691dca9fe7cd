"""/content/files: what authors put into `__static__`, and to programs of theirs all the rest. Nothing in it can run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response

from labyard.content.library import Library
from labyard.control.access import Proof
from labyard.control.refusals import TooLargeError
from labyard.control.roles import Right, may
from labyard.server.asker import Asker, Given

router = APIRouter(tags=["lessons"])

LARGEST = 256 << 20  # bytes
_TYPES = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".yaml": "text/plain; charset=utf-8",
    ".yml": "text/plain; charset=utf-8",
}
_LOCKED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Opened by itself a picture or page of an author's runs nothing and is nobody: `sandbox` takes away our origin."""


@router.get("/content/files/{plural}/{name}/{path:path}")
async def content_file(request: Request, plural: str, name: str, path: str, person: Asker, services: Given) -> Response:
    """404 for what does not lie in a `__static__` of that content, unless its author's program asks (`content pull`)."""
    if person.proof is Proof.TOKEN and may(person.role, Right.WRITE):
        await services.permissions.writer(person, plural, name)
        file = await services.authoring.file(plural, name, path)
    else:
        await services.permissions.piece(person, plural, name)
        file = await asyncio.to_thread(_static, services.lessons.library, plural, name, path)
    state = file.stat()
    tag, size = f'"{state.st_mtime_ns:x}-{state.st_size:x}"', state.st_size
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Content-Security-Policy": _LOCKED}
    if tag in (each.strip() for each in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if size > LARGEST:
        raise TooLargeError(f"this file is larger than {LARGEST >> 20} MiB")
    kind = _TYPES.get(file.suffix.lower())
    arguments: dict[str, Any] = {} if kind else {"filename": file.name, "content_disposition_type": "attachment"}
    return FileResponse(file, headers=headers, media_type=kind or "application/octet-stream", **arguments)


def _static(library: Library, plural: str, name: str, path: str) -> Path:
    return library.static(library.entry(plural, name), path)
