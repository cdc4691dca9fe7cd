"""People with an account: let in, shut out, removed; and what each role may, route by route."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from tests.unit.server.conftest import House
from tests.unit.server.test_access import ORIGIN, PAGE, by_cookie

import labyard.server
from labyard.control.roles import Right, Role, may
from labyard.server import (
    account,
    admin,
    authoring,
    conns,
    content_files,
    disk,
    files,
    forgotten,
    images,
    invitations,
    joining,
    lessons,
    metrics,
    new_address,
    oidc_signin,
    playgrounds,
    plays,
    ports,
    progress,
    repositories,
    rules,
    search,
    signin,
    status,
    streams,
    tokens,
    users,
    web_pages,
)
from labyard.server.asker import asker

HOST = {"Host": "labyard.localhost:8800"}


@pytest.fixture
async def others(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """For whoever is not the owner."""
    async with httpx.AsyncClient(transport=house.http._transport, base_url=house.http.base_url) as http:
        yield http


async def token_of(house: House, handle: str, role: str = "learner") -> dict[str, str]:
    """The header by which somebody new asks."""
    row = await house.services.people.add(handle, "", role)
    _, secret = await house.services.access.new_token(row.id, "test")
    return {"Authorization": f"Bearer {secret}"}


async def cookie_of(house: House, handle: str) -> str:
    url = (await house.http.post(f"/api/users/{handle}/signin-links", headers=HOST)).json()["url"]
    answer = await house.http.get(url.removeprefix(ORIGIN), headers=PAGE)
    assert answer.status_code == 303
    house.http.cookies.clear()
    return answer.headers["set-cookie"].partition(";")[0]


async def test_from_an_account_to_plays_of_ones_own(house: House, others: httpx.AsyncClient) -> None:
    made = await house.http.post("/api/users", json={"handle": "ada", "name": "Ada L."})
    assert (made.json()["handle"], made.json()["role"], made.json()["disabled"]) == ("ada", "learner", False)
    ada = by_cookie(await cookie_of(house, "ada"))
    me = (await others.get("/api/auth/me", headers=ada)).json()
    assert (me["id"], me["handle"], me["role"], me["proof"]) == (made.json()["id"], "ada", "learner", "cookie")
    mine = (await others.post("/api/plays", json={"playground": "demo"}, headers={**ada, "Origin": ORIGIN})).json()
    theirs = (await house.http.post("/api/plays", json={"playground": "demo"})).json()
    assert [play["id"] for play in (await others.get("/api/plays", headers=ada)).json()] == [mine["id"]]
    for path in ("", "/tasks", "/load", "/snapshots", "/debug", "/machines/node-01/console"):
        answer = await others.get(f"/api/plays/{theirs['id']}{path}", headers=ada)
        assert answer.status_code == 404, path
    answer = await others.post(
        f"/api/plays/{theirs['id']}/actions", json={"action": "destroy"}, headers={**ada, "Origin": ORIGIN}
    )
    assert answer.status_code == 404


async def test_who_is_shut_out_is_out_at_once_and_what_is_theirs_stays(house: House, others: httpx.AsyncClient) -> None:
    by_token = await token_of(house, "ada")
    play = (await others.post("/api/plays", json={"playground": "demo"}, headers=by_token)).json()["id"]
    cookie = by_cookie(await cookie_of(house, "ada"))
    link = (await house.http.post("/api/users/ada/signin-links", headers=HOST)).json()["url"]
    assert (await house.http.patch("/api/users/ada", json={"disabled": True})).json()["disabled"] is True
    for headers in (by_token, cookie):
        assert (await others.get("/api/plays", headers=headers)).status_code == 401
    assert (await others.get(link.removeprefix(ORIGIN), headers=PAGE)).status_code == 403
    assert (await house.http.post("/api/users/ada/signin-links", headers=HOST)).status_code == 409
    await house.http.patch("/api/users/ada", json={"disabled": False})
    assert (await others.get("/api/plays", headers=by_token)).status_code == 401, "tokens are gone for good"
    again = by_cookie(await cookie_of(house, "ada"))
    assert [each["id"] for each in (await others.get("/api/plays", headers=again)).json()] == [play]


async def test_who_is_removed_leaves_nothing_to_who_gets_the_name(house: House, others: httpx.AsyncClient) -> None:
    ada = await token_of(house, "ada")
    await others.patch("/api/tutorials/reading", json={"completed": True}, headers=ada)
    await others.post("/api/plays", json={"playground": "demo"}, headers=ada)
    assert (await house.http.delete("/api/users/ada")).json() == {"status": "ok", "ended": 1}
    assert (await others.get("/api/plays", headers=ada)).status_code == 401
    assert (await house.http.get("/api/users")).json() == []
    other = await token_of(house, "ada")
    assert (await others.get("/api/plays", headers=other)).json() == []
    assert (await others.get("/api/progress", headers=other)).json()["activeDays"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"handle": "owner"}, 409),
        ({"handle": "Ada"}, 400),
        ({"handle": "-a"}, 400),
        ({"handle": ""}, 400),
        ({"handle": "a" * 33}, 400),
        ({"handle": "a/b"}, 400),
        ({"handle": "ada", "role": "king"}, 400),
        ({"handle": "ada", "name": "x" * 201}, 400),
        ({"handle": "ada", "name": "a\nb"}, 400),
        ({"handle": 7}, 400),
    ],
)
async def test_what_cannot_be_an_account(house: House, body: dict[str, Any], code: int) -> None:
    answer = await house.http.post("/api/users", json=body)
    assert answer.status_code == code and answer.json()["error"]["message"]
    assert (await house.http.get("/api/users")).json() == []


async def test_a_handle_is_given_once(house: House) -> None:
    assert (await house.http.post("/api/users", json={"handle": "ada"})).status_code == 200
    assert (await house.http.post("/api/users", json={"handle": "ada"})).status_code == 409
    for path in ("", "/signin-links"):
        answer = await house.http.request("POST" if path else "PATCH", f"/api/users/bob{path}", json={})
        assert answer.status_code == 404


ROUTERS = (
    account,
    admin,
    authoring,
    conns,
    content_files,
    disk,
    forgotten,
    files,
    images,
    invitations,
    joining,
    lessons,
    oidc_signin,
    metrics,
    new_address,
    playgrounds,
    plays,
    ports,
    rules,
    progress,
    repositories,
    search,
    signin,
    status,
    streams,
    tokens,
    users,
    web_pages,
)
OPEN = {
    "GET /healthz",
    *(
        f"{method} /{page}"
        for page in ("signin", "forgot", "password", "address", "join", "signup")
        for method in ("GET", "POST")
    ),
    "GET /signin/oidc",
    "GET /signin/oidc/callback",
    "PUT /api/content/upload",
    "GET /status",
    "GET /ports/enter",
}
"""Open to strangers, or carrying their own permission; the last two show a page that says how to sign in."""
WRITE = {
    "DELETE /api/playgrounds/{name}",
    "POST /api/playgrounds/{name}/prepare",
    "GET /api/images",
    "GET /api/kernels",
    "POST /api/git",
    "POST /api/git/{found_id}/plays",
    *(f"POST /api/{kind}" for kind in ("challenges", "tutorials", "courses", "skill-paths", "roadmaps", "trainings")),
    *(
        f"DELETE /api/{kind}/{{name}}"
        for kind in ("challenges", "tutorials", "courses", "skill-paths", "roadmaps", "trainings")
    ),
    *(f"{method} /api/content/files" for method in ("GET", "PUT", "DELETE")),
    "GET /api/author",
    "GET /api/author/{plural}",
    "GET /api/content/v2/files",
    "PUT /api/content/markdown",
    "PUT /api/content/previews",
    *(f"{method} /api/access/{{plural}}/{{name}}" for method in ("GET", "PATCH", "DELETE")),
}
OPERATE = {
    "POST /api/images/pull",
    "POST /api/images/import",
    "DELETE /api/images",
    "POST /api/images/gc",
    "POST /api/kernels/pull",
    "GET /api/disk",
    "POST /api/disk/scrub",
    "GET /api/users",
    "POST /api/users",
    "PATCH /api/users/{handle}",
    "DELETE /api/users/{handle}",
    "POST /api/users/{handle}/signin-links",
    "POST /api/users/{handle}/password",
    "POST /api/users/{handle}/password-links",
    "GET /api/invitations",
    "POST /api/invitations",
    "DELETE /api/invitations/{invitation_id}",
    "GET /api/host",
    "GET /api/admin/plays",
    "POST /api/admin/plays/end",
    "GET /metrics",
    "DELETE /api/kernels/{version}",
}
PLAY = {
    "GET /api/account",
    "POST /api/account/email",
    "POST /api/account/password",
    "POST /api/account/sign-out",
    "POST /api/oauth/tokens",
    "GET /api/tokens",
    "DELETE /api/tokens/{token_id}",
    "POST /api/auth/logout",
    "POST /api/signin-links",
    "GET /api/auth/me",
    "GET /api/capacity",
    "GET /api/playgrounds",
    "GET /api/playgrounds/{name}",
    "POST /api/plays",
    "GET /api/plays",
    "GET /api/plays/{play_id}",
    "POST /api/plays/{play_id}/actions",
    "GET /api/plays/{play_id}/snapshots",
    "GET /api/plays/{play_id}/tasks",
    "GET /api/plays/{play_id}/load",
    "POST /api/plays/{play_id}/tasks/{task}/input",
    "POST /api/plays/{play_id}/conns",
    "GET /api/plays/{play_id}/debug",
    "GET /api/plays/{play_id}/diary",
    "GET /api/plays/{play_id}/ports",
    "POST /api/plays/{play_id}/ports",
    "POST /api/plays/{play_id}/ports/scan",
    "DELETE /api/plays/{play_id}/ports/{port_id}",
    "GET /plays/{play_id}/web-pages/{tab_id}",
    "GET /api/plays/{play_id}/machines/{machine}/console",
    "GET /api/plays/{play_id}/machines/{machine}/files",
    "DELETE /api/plays/{play_id}/machines/{machine}/files",
    *(f"{method} /api/plays/{{play_id}}/machines/{{machine}}/files/content" for method in ("GET", "PUT")),
    "GET /api/plays/{play_id}/machines/{machine}/files/stat",
    *(f"POST /api/plays/{{play_id}}/machines/{{machine}}/files/{verb}" for verb in ("folders", "moves", "search")),
    "GET /api/progress",
    "GET /api/search",
    "PATCH /api/tutorials/{name}",
    "PATCH /api/challenges/{name}",
    "PATCH /api/courses/{name}/learning",
    *(
        f"GET /api/{kind}{rest}"
        for kind in ("challenges", "tutorials", "courses", "skill-paths", "roadmaps", "trainings")
        for rest in ("", "/{name}", "/{name}/page", "/{name}/solutions")
    ),
    "GET /content/files/{plural}/{name}/{path:path}",
}


def api_routes() -> list[APIRoute]:
    return [route for room in ROUTERS for route in room.router.routes if isinstance(route, APIRoute)]


def routes() -> set[str]:
    return {f"{method} {route.path}" for route in api_routes() for method in route.methods or ()}


def test_every_route_is_in_one_row() -> None:
    assert routes() == OPEN | PLAY | WRITE | OPERATE
    assert len(routes()) == len(OPEN) + len(PLAY) + len(WRITE) + len(OPERATE)


def test_no_room_is_forgotten() -> None:
    """Each module of the server that has a router is looked at, but for pages and what is not built."""
    folder = Path(labyard.server.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "router = APIRouter" in path.read_text()}
    assert modules - {"site", "unbuilt"} == {room.__name__.rpartition(".")[2] for room in ROUTERS}


def test_no_question_goes_through_a_thread_before_it_is_answered() -> None:
    """FastAPI sends every dependency that is not async to one; what many routes depend on is paid for at each request."""

    def below(dependant: Dependant) -> Iterator[Dependant]:
        for each in dependant.dependencies:
            yield from (each, *below(each))

    calls = {each.call for route in api_routes() for each in below(route.dependant) if each.call is not None}
    assert asker in calls
    assert [each for each in calls if not iscoroutinefunction(each)] == []


@pytest.mark.parametrize("role", [None, *Role])
async def test_every_role_at_every_route(house: House, others: httpx.AsyncClient, role: Role | None) -> None:
    """Whether it is let in; what it then gets (often that there is no such thing) is others' to test."""
    headers = {} if role is None else await token_of(house, "somebody", role)
    for right, row in ((Right.PLAY, PLAY), (Right.WRITE, WRITE), (Right.OPERATE, OPERATE)):
        for route in sorted(row - {"POST /api/auth/logout"}):
            answer = await ask(others, route, headers)
            if role is None:
                assert answer.status_code == 401, route
            elif may(role, right):
                assert answer.status_code not in (401, 403, 500), f"{role} at {route}: {answer.text}"
            else:
                assert answer.status_code == 403, f"{role} at {route}: {answer.text}"
                assert answer.json()["error"]["code"] == "forbidden"


async def ask(http: httpx.AsyncClient, route: str, headers: dict[str, str]) -> httpx.Response:
    method, _, path = route.partition(" ")
    for name, value in {
        "play_id": "0" * 24,
        "plural": "challenges",
        "name": "no-such-thing",
        "path:path": "x",
        "machine": "node-01",
        "task": "none",
        "handle": "nobody",
        "token_id": "none",
        "tab_id": "none",
        "port_id": "none",
        "invitation_id": "none",
        "version": "none",
        "found_id": "none",
    }.items():
        path = path.replace(f"{{{name}}}", value)
    query = {"kind": "challenge", "name": "no-such-thing", "file": "index.md", "source": "none"}
    return await http.request(method, path, params=query, json={}, headers=headers)


@pytest.mark.parametrize("role", list(Role))
async def test_what_is_not_in_the_catalog_is_for_those_who_write(
    house: House, others: httpx.AsyncClient, role: Role
) -> None:
    headers = await token_of(house, "somebody", role)
    for body in ({"manifest": "kind: nothing"}, {"playground": "demo", "bot": True}):
        code = (await others.post("/api/plays", json=body, headers=headers)).status_code
        assert (code == 403) is not may(role, Right.WRITE), body
    first, *_ = (await others.get("/api/challenges/two-nodes/solutions", headers=headers)).json()
    assert (first["script"] is not None) is may(role, Right.WRITE)
    everybody = await others.get("/api/plays", params={"everybody": True}, headers=headers)
    assert (everybody.status_code == 200) is may(role, Right.OPERATE)
    play = (await others.post("/api/plays", json={"playground": "demo"}, headers=headers)).json()["id"]
    saved = await others.post(f"/api/plays/{play}/actions", json={"action": "save", "name": "x"}, headers=headers)
    assert (saved.status_code == 403) is not may(role, Right.WRITE)
