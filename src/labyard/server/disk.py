"""/api/disk: what everything costs, and whether it is whole."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from labyard.server import shapes
from labyard.server.asker import Given, Operator

router = APIRouter(prefix="/api/disk", tags=["disk"])


@router.get("")
async def disk_use(_person: Operator, services: Given) -> Any:
    """What each play, snapshot, image and kernel costs, in bytes: `own` is freed when it goes, `shared` is not.

    `note` says what people call it, where a host knows ids alone: a play's title, a saved playground's name.
    """
    called = {view.row.id: view.row.title for view in await services.plays.list(None)}
    for entry in services.catalog.entries():
        if entry.manifest is not None and (snapshot := entry.manifest.playground.snapshot) is not None:
            called[snapshot] = f"playground {entry.name}"
    return [shapes.disk_use(each, called.get(each.name, "")) for each in await services.host.disk_use()]


@router.post("/scrub")
async def scrub(_person: Operator, services: Given) -> Any:
    """Read every snapshot whole. `damaged`: a line for each that is not what it was, and was set aside."""
    return {"damaged": await services.host.scrub()}
