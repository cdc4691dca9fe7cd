"""/api/images and /api/kernels. Long work answers line by line, as it goes."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from labyard.control.refusals import BadRequestError
from labyard.server.asker import Given, Operator, Writer
from labyard.server.bodies import PullImage, PullKernel, documented, given
from labyard.server.lines import told

router = APIRouter(prefix="/api", tags=["images"])

_NAME_LIMIT = 512


@router.get("/images")
async def list_images(_person: Writer, services: Given) -> Any:
    return [image.model_dump(mode="json") for image in await services.host.images()]


@router.post("/images/pull", openapi_extra=documented(PullImage))
async def pull_image(
    _person: Operator, services: Given, body: Annotated[PullImage, given(PullImage)]
) -> StreamingResponse:
    return told(services.host.pull_image(_name(body.source)))


@router.post("/images/import")
async def import_image(request: Request, _person: Operator, services: Given, name: str = "") -> StreamingResponse:
    """The body is an archive: an OCI layout or what `docker save` writes."""
    _name(name)
    path = await _upload(request, services.scratch)
    return told(services.host.import_image(str(path), name), leftover=path)


@router.delete("/images")
async def remove_image(_person: Operator, services: Given, source: str = "") -> Any:
    await services.host.remove_image(_name(source))
    return {"status": "ok"}


@router.post("/images/gc")
async def gc_images(_person: Operator, services: Given) -> Any:
    return {"freed": await services.host.gc_images()}


@router.get("/kernels")
async def list_kernels(_person: Writer, services: Given) -> Any:
    return [kernel.model_dump(mode="json") for kernel in await services.host.kernels()]


@router.post("/kernels/pull", openapi_extra=documented(PullKernel))
async def pull_kernel(
    _person: Operator, services: Given, body: Annotated[PullKernel, given(PullKernel)]
) -> StreamingResponse:
    return told(services.host.pull_kernel(_name(body.version)))


@router.delete("/kernels/{version}")
async def remove_kernel(version: str, _person: Operator, services: Given) -> Any:
    """409 while a play or a snapshot boots from it. It is fetched again when somebody needs it."""
    await services.host.remove_kernel(_name(version))
    return {"status": "ok"}


def _name(name: str) -> str:
    if not name or len(name) > _NAME_LIMIT or not name.isprintable():
        raise BadRequestError("which one?", hint=f"a name has 1 to {_NAME_LIMIT} printable characters")
    return name


async def _upload(request: Request, scratch: Path) -> Path:
    """The body as a file of ours. Nothing is left when it breaks off."""
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=scratch, prefix="upload-", delete=False) as file:
        path = Path(file.name)
        try:
            async for piece in request.stream():
                await asyncio.to_thread(file.write, piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return path
