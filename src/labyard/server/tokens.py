"""Tokens of one's own: for programs, and for another computer's command line."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter

from labyard.server import shapes
from labyard.server.asker import Asker, Given
from labyard.server.bodies import NewToken, documented, given

router = APIRouter(prefix="/api", tags=["tokens"])

_MOST_DAYS = 1_000_000  # what a span of time can hold, and then some


@router.post("/oauth/tokens", openapi_extra=documented(NewToken))
async def new_token(person: Asker, services: Given, body: Annotated[NewToken, given(NewToken)]) -> Any:
    """labctl's OAuthToken. `accessToken` is told this once."""
    life = None if body.expiresInDays is None else timedelta(days=max(-1, min(body.expiresInDays, _MOST_DAYS)))
    row, secret = await services.access.new_token(person.id, body.name, scopes=body.scope, life=life)
    return {**shapes.token(row), "kind": "personal", "accessToken": secret}


@router.get("/tokens")
async def list_tokens(person: Asker, services: Given) -> Any:
    """Ours. Those that are good, oldest first; without their secrets."""
    return [shapes.token(row) for row in await services.access.tokens(person.id)]


@router.delete("/tokens/{token_id}")
async def remove_token(token_id: str, person: Asker, services: Given) -> Any:
    """Ours."""
    await services.access.remove_token(person.id, token_id)
    return {"status": "ok"}
