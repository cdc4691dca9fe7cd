"""Tokens of one's own, and what each scope is good for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.unit.server.conftest import House
from tests.unit.server.test_people import OPEN, ask, others, routes, token_of

from labyard.control.access import MOST_TOKENS
from labyard.control.scopes import Scope

__all__ = ["others"]  # a fixture

NO_SCOPE = {"POST /api/signin-links", "POST /api/oauth/tokens"}
"""What gives anybody more than the token has; users are not here either."""


async def made(house: House, **body: Any) -> dict[str, Any]:
    answer = await house.http.post("/api/oauth/tokens", json={"name": "test", **body})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_made_used_listed_and_ended(house: House, others: httpx.AsyncClient) -> None:
    token = await made(house, scope=["learning:read"], expiresInDays=30)
    assert token["scope"] == ["learning:read"] and token["expiresAt"] > token["createdAt"]
    mine = {"Authorization": f"Bearer {token['accessToken']}"}
    assert (await others.get("/api/progress", headers=mine)).status_code == 200
    told = (await house.http.get("/api/tokens")).json()
    assert [each["id"] for each in told] == [token["id"]] and token["accessToken"] not in str(told)
    ada = await token_of(house, "ada")
    assert (await others.delete(f"/api/tokens/{token['id']}", headers=ada)).status_code == 404, "it is not hers"
    assert (await house.http.delete(f"/api/tokens/{token['id']}")).status_code == 200
    assert (await others.get("/api/progress", headers=mine)).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "a\tb"},
        {"name": "x" * 201},
        {"name": "a", "scope": ["root"]},
        {"name": "a", "scope": "learning:read"},
        {"name": "a", "expiresInDays": 0},
        {"name": "a", "expiresInDays": -5},
        {"name": "a", "expiresInDays": 10**30},
    ],
)
async def test_what_cannot_be_a_token(house: House, body: dict[str, Any]) -> None:
    answer = await house.http.post("/api/oauth/tokens", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-request")


async def test_tokens_of_one_person_are_bounded(house: House) -> None:
    for _ in range(MOST_TOKENS):
        await made(house)
    answer = await house.http.post("/api/oauth/tokens", json={"name": "one more"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too-many")


def needs(route: str) -> str | None:
    """Which scope a route takes, said once more and otherwise than the program does."""
    method, _, path = route.partition(" ")
    first = path.removeprefix("/api/").split("/")[0]
    if path.startswith("/content/files"):
        return "learning:read"
    if path == "/metrics" or first == "host":
        return "metrics:read"
    if route in NO_SCOPE or path.startswith("/plays/") or first in ("users", "admin", "account", "invitations"):
        return None
    word = "read" if method == "GET" and "{machine}/files" not in path else "write"
    if first in ("plays", "playgrounds", "capacity", "git"):
        return f"playground:{word}"
    if first in ("auth", "tokens"):
        return f"account:{word}"
    if first in ("author", "content", "access", "images", "kernels", "disk") or method in ("POST", "DELETE"):
        return f"author:{word}"
    return f"learning:{word}"


@pytest.mark.parametrize("scope", list(Scope))
async def test_every_scope_at_every_route(house: House, others: httpx.AsyncClient, scope: Scope) -> None:
    token = await made(house, scope=[scope])
    headers = {"Authorization": f"Bearer {token['accessToken']}"}
    for route in sorted(routes() - OPEN - {"POST /api/auth/logout"}):
        wanted = needs(route)
        good = wanted in (scope, scope.replace(":write", ":read"))
        answer = await ask(others, route, headers)
        if good:
            assert answer.status_code not in (401, 403, 500), f"{scope} at {route}: {answer.text}"
        else:
            assert answer.status_code == 403 and "not good for that" in answer.text, (
                f"{scope} at {route}: {answer.text}"
            )
