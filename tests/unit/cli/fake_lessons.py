"""The fake server's routes about lessons, and how much room it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, HTTPException

if TYPE_CHECKING:
    from tests.unit.cli.conftest import FakeServer


def add_lessons(app: FastAPI, fake: FakeServer) -> None:
    @app.get("/api/capacity")
    async def capacity() -> Any:
        return {"cpus": 2, "memory": 8 << 30, "memory_used": 1 << 30, "accelerator": "tcg", "plays": 0}

    for plural in ("challenges", "tutorials", "courses"):
        add_kind(app, fake, plural)


def add_kind(app: FastAPI, fake: FakeServer, plural: str) -> None:
    @app.get(f"/api/{plural}")
    async def listed() -> Any:
        if plural not in fake.lessons:
            raise HTTPException(501, detail={"code": "not-built", "message": "not built yet", "hint": None})
        return fake.lessons[plural]

    @app.get(f"/api/{plural}/{{name}}")
    async def one(name: str) -> Any:
        return next(item for item in fake.lessons[plural] if item["name"] == name)

    @app.get(f"/api/{plural}/{{name}}/solutions")
    async def solutions(name: str, path: str = "") -> Any:
        return fake.scripts["/".join(part for part in (plural, name, path) if part)]
