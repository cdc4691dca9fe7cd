"""The fake server's routes about moments of plays, preparing, and disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeServer


def ndjson(items: list[dict[str, Any]]) -> StreamingResponse:
    return StreamingResponse((json.dumps(item) + "\n" for item in items), media_type="application/x-ndjson")


def add_moments(app: FastAPI, fake: FakeServer) -> None:
    @app.get("/api/plays/{play_id}/snapshots")
    async def snapshots(play_id: str) -> Any:
        return fake.snapshots

    @app.post("/api/playgrounds/{name}/prepare")
    async def prepare(name: str, request: Request) -> Any:
        if name == "nope":
            raise HTTPException(404, detail={"code": "not-found", "message": "no playground 'nope'", "hint": None})
        fake.created.append({"name": name, **(await request.json())})
        return ndjson(fake.progress)

    @app.delete("/api/playgrounds/{name}")
    async def remove_playground(name: str) -> Any:
        return {"status": "ok"}

    @app.get("/api/disk")
    async def disk() -> Any:
        return [
            {"kind": "image", "name": "debian-12", "own": 3 << 20, "shared": 0, "note": ""},
            {"kind": "play", "name": "ab" * 12, "own": 1 << 30, "shared": 5 << 20, "note": "stopped"},
        ]

    @app.post("/api/disk/scrub")
    async def scrub() -> Any:
        return {"damaged": fake.damaged}
